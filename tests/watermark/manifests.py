"""Files and claims for the tests of provenance: a second of noise in every form, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import numpy as np

from synth_adapter.encoding import encode_flac, encode_m4a, encode_mp3, encode_wav
from synth_adapter.forms import Form
from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from watermark.duties import Sign
from watermark.provenance.claim import MARK_ALG, Claim

FORMS: Final[tuple[Form, ...]] = ("wav", "mp3", "flac", "m4a")
TAGS = {"title": "Clip", "comment": "Synthetic speech."}


def claim(
    clip_id: UUID | None = None,
    *,
    title: str = "Synthetic speech",
    mark_alg: str | None = MARK_ALG,
    disclosure: Sign = Sign.NONE,
) -> Claim:
    return Claim(
        clip_id=clip_id or new_id(),
        consent_receipt_sha256="5e" * 32,
        log_index=41,
        log_origin="vivavoce.invalid/log",
        mark_alg=mark_alg,
        made_at=datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        language="en-GB",
        title=title,
        disclosure=disclosure,
        disclosure_seconds=0.0 if disclosure is Sign.NONE else 1.5,
    )


def encoded(form: Form, *, seconds: float = 1.0, seed: int = 7) -> bytes:
    samples = np.random.default_rng(seed).normal(0.0, 0.1, int(24_000 * seconds)).astype(np.float32)
    waveform = Waveform(samples, 24_000)
    match form:
        case "wav":
            return encode_wav(waveform, tags=TAGS)
        case "flac":
            return encode_flac(waveform, tags=TAGS)
        case "mp3":
            return encode_mp3(waveform, kbit_per_s=64, tags=TAGS)
        case "m4a":
            return encode_m4a(waveform, kbit_per_s=64, tags=TAGS)
