"""Management commands of `synth_adapter`."""
