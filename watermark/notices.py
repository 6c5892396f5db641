"""Spoken notices that speech is synthetic, a sound file for each language: the operator's own, or the shipped one.

The shipped one says `disclosure.WORDS` in English, in a stock voice of Kokoro-82M (bf_emma), nobody's own.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from django.conf import settings

from synth_adapter.decoding import decode_whole
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from watermark.errors import DisclosureError

SHIPPED = Path(__file__).with_name("spoken")
SHORTEST, LONGEST = 1.0, 15.0
"""How long a notice may be, in seconds."""
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def there_is(language: str) -> bool:
    """Whether there is a notice in the primary language of a BCP 47 tag."""
    return _file(language) is not None


def notice(language: str) -> Waveform:
    """The notice in the primary language of a BCP 47 tag.

    Raises:
        DisclosureError: there is none, or its file holds no sound of 1 to 15 s.
    """
    file = _file(language)
    if file is None:
        raise DisclosureError(f"There is no spoken notice in the language {language}.")
    return _read(file)


def _file(language: str) -> Path | None:
    primary = language.partition("-")[0].lower()
    if not _LANGUAGE.fullmatch(primary):
        return None
    own = [settings.DISCLOSURE_NOTICES] if settings.DISCLOSURE_NOTICES else []
    found = (file for folder in (*own, SHIPPED) for file in sorted(folder.glob(f"{primary}.*")))
    return next(found, None)


@functools.cache
def _read(file: Path) -> Waveform:
    try:
        sound = decode_whole(file.read_bytes()).waveform
    except (OSError, AudioError) as error:
        raise DisclosureError(f"The spoken notice {file.name} cannot be read: {error}") from error
    if not SHORTEST <= sound.seconds <= LONGEST:
        raise DisclosureError(f"The spoken notice {file.name} lasts {sound.seconds:.1f} s, not 1 to 15.")
    return sound
