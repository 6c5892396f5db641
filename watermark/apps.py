"""The Django app configuration of `watermark`."""

from importlib import import_module

from django.apps import AppConfig


class WatermarkConfig(AppConfig):
    """Registers `watermark` with Django."""

    name = "watermark"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("watermark.checks")  # registers the checks
