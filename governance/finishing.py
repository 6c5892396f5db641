"""Finishes a sound for release: marks it, encodes and signs every form, and reads the marks from the final bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_flac, encode_m4a, encode_mp3, encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.forms import FORMS, Form
from synth_adapter.waveform import Waveform
from watermark import marking
from watermark.errors import MarkError
from watermark.ports import ClipMark, Reading
from watermark.provenance.signing import Signed
from watermark.secrets import MarkSecrets

MP3_KBIT_PER_S = 128
M4A_KBIT_PER_S = 96

Sign = Callable[[bytes, Form], Signed]
"""Puts into a file of that form the manifest that says where it comes from; its sound stays as it is."""
Timed = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, repr=False)
class Finished:
    """A sound that may be stored as a clip.

    Attributes:
        files: Every form, with its manifest in it: the final bytes.
        waveform: The marked sound.
        mark: What it was marked with.
        fingerprint: Of what it says, for the register.
        readings: What was read back from the final bytes of each form.
    """

    files: Mapping[Form, Signed]
    waveform: Waveform
    mark: ClipMark
    fingerprint: bytes
    readings: Mapping[Form, tuple[Reading, ...]]

    def readings_as_json(self) -> list[dict[str, Any]]:
        """For each marker its weakest reading, with the scores of all forms."""
        by_marker = zip(*self.readings.values(), strict=True)
        return [_weakest(dict(zip(self.readings, several, strict=True))) for several in by_marker]


def finish(
    sound: Waveform,
    *,
    clip_id: UUID,
    secrets: MarkSecrets,
    tags: Mapping[str, str],
    sign: Sign,
    timed: Timed,
) -> Finished:
    """Mark a sound and bring it into every form.

    Args:
        sound: What the engine made, examined.
        clip_id: The clip that it becomes.
        secrets: Of the organisation, in today's epoch.
        tags: Put into every file as text.
        sign: Called with the encoded bytes of each form, before they are read back.
        timed: Measures a step: `mark`, `encode`, `sign`, `read_back`.

    Raises:
        MarkError: The sound could not be marked, a form could not be signed, or does not give back every mark.
    """
    with timed("mark"):
        mark, fingerprint = marking.prepare(clip_id, sound, secrets)
        marked = marking.embed(sound, mark=mark)
    with timed("encode"):
        encoded = {form: _encode(marked, form, tags) for form in FORMS}
    with timed("sign"):
        files = {form: sign(audio, form) for form, audio in encoded.items()}
    with timed("read_back"):
        readings = dict(_read_back(files, marked, mark))
    return Finished(files=files, waveform=marked, mark=mark, fingerprint=fingerprint, readings=readings)


def _encode(waveform: Waveform, form: Form, tags: Mapping[str, str]) -> bytes:
    match form:
        case "wav":
            return encode_wav(waveform, tags=tags)
        case "mp3":
            return encode_mp3(waveform, kbit_per_s=MP3_KBIT_PER_S, tags=tags)
        case "flac":
            return encode_flac(waveform, tags=tags)
        case "m4a":
            return encode_m4a(waveform, kbit_per_s=M4A_KBIT_PER_S, tags=tags)


def _read_back(
    files: Mapping[Form, Signed], marked: Waveform, mark: ClipMark
) -> Iterator[tuple[Form, tuple[Reading, ...]]]:
    for form, signed in files.items():
        try:
            heard = decode(signed.audio).waveform
        except AudioError as error:
            raise MarkError(f"As {form} the clip cannot be decoded again: {error}") from error
        if (len(heard.samples), heard.rate) != (len(marked.samples), marked.rate):
            raise MarkError(f"As {form} the clip has another length or rate than it was marked with.")
        try:
            yield form, marking.verify(heard, mark=mark)
        except MarkError as error:
            raise MarkError(f"As {form}: {error}") from error


def _weakest(readings: Mapping[Form, Reading]) -> dict[str, Any]:
    weakest = min(readings.values(), key=lambda reading: reading.score)
    scores = {form: round(reading.score, 4) for form, reading in readings.items()}
    return {**asdict(weakest), "payload": weakest.payload.hex(), "scores": scores}
