"""The forms that a clip is delivered in, and the media type of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Form = Literal["wav", "mp3", "flac", "m4a"]
FORMS: Final[tuple[Form, ...]] = ("wav", "mp3", "flac", "m4a")
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
}
