"""The Django app configuration of `safety`."""

from importlib import import_module

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """Registers `safety` with Django."""

    name = "safety"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("safety.spoofing.demonstration")  # registers the checks
