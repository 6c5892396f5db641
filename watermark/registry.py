"""The markers that settings choose, one instance each per process."""

from __future__ import annotations

import functools
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from watermark.errors import MarkError
from watermark.ports import Watermarker


@functools.cache
def watermarkers() -> tuple[Watermarker, ...]:
    """Every marker of WATERMARKERS, in order; raises `MarkError` when there is none, `WeightsError` without weights."""
    if not settings.WATERMARKERS:
        raise MarkError("WATERMARKERS is empty, and nothing may be synthesised unmarked; name at least one marker.")
    return tuple(cast("Watermarker", import_string(path)()) for path in settings.WATERMARKERS)


def identities() -> dict[str, str]:
    """Name and SHA-256 of every marker, for the record of a clip."""
    return {marker.identity.name: marker.identity.sha256 for marker in watermarkers()}
