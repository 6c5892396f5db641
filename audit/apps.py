"""The Django app configuration of `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers `audit` with Django."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"
