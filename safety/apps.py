"""The Django app configuration of `safety`."""

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """Registers `safety` with Django."""

    name = "safety"
    default_auto_field = "django.db.models.BigAutoField"
