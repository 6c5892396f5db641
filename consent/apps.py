"""The Django app configuration of `consent`."""

from importlib import import_module

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """Registers `consent` with Django."""

    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("consent.checks")  # registers the checks
