"""Reads scripts for signs of misuse: normalised views, intents, names of public figures, language."""
