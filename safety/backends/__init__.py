"""Implementations of the ports of `safety` (ears), chosen by dotted path in the settings."""
