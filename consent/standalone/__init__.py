"""What outsiders run: a verifier that knows nothing of the rest of this project, and is given away as one file."""
