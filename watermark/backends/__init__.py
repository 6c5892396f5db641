"""Implementations of the ports of `watermark` (marks), chosen by dotted path in the settings."""
