"""The Django app configuration of `governance`."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers `governance` with Django."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"
