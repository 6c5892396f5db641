"""The Django app configuration of `governance`."""

from django.apps import AppConfig

from governance.queue import app


class GovernanceConfig(AppConfig):
    """Registers `governance` with Django."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"
    queue = app  # whoever sends a task must know the broker, not only the worker
