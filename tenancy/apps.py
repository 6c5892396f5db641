"""The Django app configuration of `tenancy`."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    """Registers `tenancy` with Django."""

    name = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("tenancy.checks")  # registers the checks, which need the models loaded first
