"""Which key management is in use, and whether it answers."""

from __future__ import annotations

import time

from django.conf import settings
from django.utils.module_loading import import_string

from tenancy.errors import KeyringError
from tenancy.ports import KeyManagement

HEALTHY_SECONDS = 10
_healthy_until: dict[str, float] = {}


def key_management() -> KeyManagement:
    backend: KeyManagement = import_string(settings.KEY_MANAGEMENT)()
    return backend


def key_management_answers() -> bool:
    """Whether keys can be wrapped and unwrapped now; a yes is believed for ten seconds, a no is asked again."""
    path = settings.KEY_MANAGEMENT
    if time.monotonic() < _healthy_until.get(path, 0):
        return True
    try:
        key_management().health()
    except KeyringError:
        return False
    _healthy_until[path] = time.monotonic() + HEALTHY_SECONDS
    return True
