"""Spoken notices: the shipped one says what it should, the operator's own goes first, and none is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from safety.registry import transcriber
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from watermark import notices
from watermark.disclosure import WORDS
from watermark.errors import DisclosureError


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DISCLOSURE_NOTICES = tmp_path
    notices._read.cache_clear()


def put(folder: Path, name: str, *, seconds: float = 2.0, level: float = 0.1) -> None:
    noise = np.random.default_rng(3).normal(0, level, round(16_000 * seconds)).astype(np.float32)
    (folder / name).write_bytes(encode_wav(Waveform(noise.clip(-1, 1), 16_000)))


@pytest.mark.slow
def test_the_shipped_notice_says_that_a_machine_made_it() -> None:
    heard = " ".join(transcriber().words(notices.notice("en-GB"), language="en"))
    wanted = "".join(letter for letter in WORDS.lower() if letter.isalpha())
    assert "".join(letter for letter in heard.lower() if letter.isalpha()) == wanted


def test_the_operators_own_notice_goes_first_and_other_languages_are_theirs_to_add(tmp_path: Path) -> None:
    shipped = notices.notice("en")
    assert not notices.there_is("de-DE")
    put(tmp_path, "de.wav")
    put(tmp_path, "en.wav", seconds=3.0)
    assert notices.there_is("de-DE")
    assert (notices.notice("en").rate, shipped.rate) == (16_000, 24_000)


@pytest.mark.parametrize("language", ["de", "../spoken/en", "*", ""])
def test_a_language_without_a_notice_has_none(language: str) -> None:
    assert not notices.there_is(language)
    with pytest.raises(DisclosureError, match="no spoken notice"):
        notices.notice(language)


@pytest.mark.parametrize(
    ("faults", "why"),
    [({"seconds": 0.5}, "lasts 0.5 s"), ({"seconds": 15.5}, "lasts 15.5 s"), ({"level": 0.0}, "cannot be read")],
)
def test_a_file_that_cannot_be_a_notice_is_refused(tmp_path: Path, faults: dict[str, float], why: str) -> None:
    put(tmp_path, "de.wav", **faults)
    with pytest.raises(DisclosureError, match=why):
        notices.notice("de")


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.wav").write_bytes(b"RIFF")
    with pytest.raises(DisclosureError, match="cannot be read"):
        notices.notice("de")
