"""How this lowest room tells the record of events what it did, without knowing who keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from tenancy.ports import EventRecorder


def record(event: str, *, refs: Mapping[str, UUID], data: Mapping[str, object] | None = None) -> None:
    """Writes one event in the caller's transaction; if it cannot be written, the act does not happen either."""
    recorder: EventRecorder = import_string(settings.EVENT_RECORDER)
    recorder(event, refs=refs, data=data)
