"""Presentation attack and synthetic speech: features, a small classifier of our own, and hard signs."""
