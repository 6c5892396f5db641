"""The Django app configuration of `watermark`."""

from django.apps import AppConfig


class WatermarkConfig(AppConfig):
    """Registers `watermark` with Django."""

    name = "watermark"
    default_auto_field = "django.db.models.BigAutoField"
