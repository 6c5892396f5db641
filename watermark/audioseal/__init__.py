"""AudioSeal (arXiv 2401.17264): its networks, built here, filled from safetensors, and run piece by piece."""
