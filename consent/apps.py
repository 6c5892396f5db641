"""The Django app configuration of `consent`."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """Registers `consent` with Django."""

    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"
