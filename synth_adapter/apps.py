"""The Django app configuration of `synth_adapter`."""

from django.apps import AppConfig


class SynthAdapterConfig(AppConfig):
    """Registers `synth_adapter` with Django."""

    name = "synth_adapter"
    default_auto_field = "django.db.models.BigAutoField"
