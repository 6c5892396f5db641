"""The Django app configuration of `voices`."""

from django.apps import AppConfig


class VoicesConfig(AppConfig):
    """Registers `voices` with Django."""

    name = "voices"
    default_auto_field = "django.db.models.BigAutoField"
