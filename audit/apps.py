"""The Django app configuration of `audit`."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers `audit` with Django."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("audit.checks")  # registers the checks, which need the models loaded first
