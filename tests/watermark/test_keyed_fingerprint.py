"""What is said is known again after codecs, noise, speed and cuts, and something else is known to be something else."""

from __future__ import annotations

import numpy as np
import pytest

from bench.mark.attacks import attacked
from synth_adapter.waveform import Waveform
from tests.watermark.keyed_cast import ANNOUNCEMENT, RATE, STUDIO_KEYS, marked, speech
from watermark.keyed import fingerprint
from watermark.keyed.features import ROW_SECONDS
from watermark.keyed.grid import CHIP_SECONDS
from watermark.keyed.search import Alignment
from watermark.protocol import PROTOCOL

SEMITONE = 2 ** (1 / 12)
CUT = 1.0
"""Seconds that `cut 50 %` takes away at the beginning of three."""
UNDONE = {
    "none": (1.0, 1.0),
    "mp3 32k": (1.0, 1.0),
    "opus 12k": (1.0, 1.0),
    "g711": (1.0, 1.0),
    "noise 10 dB": (1.0, 1.0),
    "speed 0.9": (1 / 0.9, 0.9),
    "speed 1.1": (1 / 1.1, 1.1),
    "stretch 1.1": (1 / 1.1, 1.0),
    "pitch +2": (1.0, SEMITONE**2),
    "cut 50 %": (1.0, 1.0),
}


@pytest.fixture(scope="module")
def said() -> Waveform:
    return speech("libri_1034").cut(0.5, 3.5)


def lying(*, scale: float = 1.0, pitch: float = 1.0, seconds: float = 0.0) -> Alignment:
    """A clip that begins at `seconds`: its chip 0 is centred half a chip later, rows count from 16 ms."""
    first = seconds + (CHIP_SECONDS * scale) / 2
    return Alignment(scale, pitch, (first - CHIP_SECONDS) / ROW_SECONDS, 0.0, 0, 0.0)


@pytest.mark.parametrize("attack", UNDONE)
def test_a_marked_clip_is_known_again_after(attack: str, said: Waveform) -> None:
    copy = attacked(marked(said, ANNOUNCEMENT, STUDIO_KEYS), attack)
    scale, pitch = UNDONE[attack]
    begins = -CUT if attack == "cut 50 %" else 0.0
    alignment = lying(scale=scale, pitch=pitch, seconds=begins)
    share = fingerprint.likeness(fingerprint.of(said), copy, alignment=alignment, chip=0)
    assert share >= PROTOCOL.content_same


def test_other_words_of_the_same_speaker_are_other(said: Waveform) -> None:
    other = speech("libri_1034").cut(4.0, 7.0)
    assert fingerprint.likeness(fingerprint.of(said), other, alignment=lying(), chip=0) <= PROTOCOL.content_other


def test_the_same_words_at_another_time_are_other(said: Waveform) -> None:
    late = fingerprint.likeness(fingerprint.of(said), said, alignment=lying(seconds=0.5), chip=0)
    assert late <= PROTOCOL.content_other


def test_a_part_is_known_whichever_period_of_the_code_it_comes_from() -> None:
    whole = speech("libri_1040")
    long = Waveform(np.tile(whole.samples, 2), RATE)
    part = long.cut(20.0, 23.0)
    chips = round(20.0 / CHIP_SECONDS)
    share = fingerprint.likeness(fingerprint.of(long), part, alignment=lying(), chip=chips % 1_024)
    assert share >= 0.9


def test_it_takes_few_bytes_and_its_digest_thirty_two(said: Waveform) -> None:
    taken = fingerprint.of(said)
    assert len(taken) / said.seconds < 70
    assert len(fingerprint.digest(taken)) == 32
    assert fingerprint.digest(taken) != fingerprint.digest(fingerprint.of(said.cut(0.0, 2.9)))


def test_nothing_in_common_counts_as_chance(said: Waveform) -> None:
    silence = Waveform(np.zeros(RATE, np.float32), RATE)
    assert fingerprint.likeness(fingerprint.of(said), silence, alignment=lying(seconds=5.0), chip=0) == 0.5
