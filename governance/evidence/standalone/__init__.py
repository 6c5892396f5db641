"""What a court's own expert runs: a verifier that knows nothing of the rest of this project and lies in each bundle."""
