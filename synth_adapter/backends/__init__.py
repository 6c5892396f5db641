"""Implementations of the ports of `synth_adapter` (engines), chosen by dotted path in the settings."""
