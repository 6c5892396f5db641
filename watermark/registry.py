"""The markers that settings choose, one instance each per process."""

from __future__ import annotations

import functools
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from watermark.errors import MarkError
from watermark.ports import Watermarker

KEYED = "watermark.backends.keyed.Keyed"


@functools.cache
def watermarkers() -> tuple[Watermarker, ...]:
    """Every marker of WATERMARKERS, in order; raises `MarkError` when there is none, `WeightsError` without weights."""
    if not settings.WATERMARKERS:
        raise MarkError("WATERMARKERS is empty, and nothing may be synthesised unmarked; name at least one marker.")
    return tuple(cast("Watermarker", import_string(path)()) for path in settings.WATERMARKERS)


@functools.cache
def other_markers() -> tuple[Watermarker, ...]:
    """Every marker of OTHER_MARKERS that is not in use itself: those marks are listened for, and never embedded."""
    paths = [path for path in settings.OTHER_MARKERS if path not in settings.WATERMARKERS]
    return tuple(cast("Watermarker", import_string(path)()) for path in paths)


def names_clips() -> bool:
    """Whether what leaves bears the keyed mark: the register, attribution and the soft binding of manifests need it."""
    return KEYED in settings.WATERMARKERS


def listening() -> tuple[Watermarker, ...]:
    """Every marker that a sound is asked about: those in use and the others; raises as `watermarkers`."""
    return (*watermarkers(), *other_markers())


def identities() -> dict[str, str]:
    """Name and SHA-256 of every marker, for the record of a clip."""
    return {marker.identity.name: marker.identity.sha256 for marker in watermarkers()}
