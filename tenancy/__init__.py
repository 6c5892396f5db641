"""Whose is it? Organisations, members, API keys, row isolation, keyring."""
