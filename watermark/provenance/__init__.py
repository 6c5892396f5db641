"""How does a file say so itself? C2PA manifests: made, signed, kept, read and trusted."""
