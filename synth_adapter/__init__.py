"""What is sound, and who can make it? Waveforms, engines, model weights."""
