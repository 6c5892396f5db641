"""What an engine made is trusted no more than an upload: real speech of real people, offered as output."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from governance.examine import examine
from safety.comparison import Embedding, embed
from safety.registry import speaker_encoder, transcriber
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import current_organisation
from tests.cast import AMARA_SPEECH, IVO_SPEECH

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def speech(speaker: str, count: int) -> list[Waveform]:
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip(f"the speech corpus is not here: {CORPUS}")
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == speaker and row["label"] == "bonafide"]
    rows.sort(key=lambda row: float(row["seconds"]))
    return [decode((CORPUS / row["path"]).read_bytes()).waveform for row in rows[:count]]


@pytest.fixture(scope="module")
def amara_speaks() -> list[Waveform]:
    return speech(AMARA_SPEECH, 3)


@pytest.fixture(scope="module")
def reference(amara_speaks: list[Waveform]) -> Embedding:
    vectors = [embed(waveform, encoder=speaker_encoder()).vector for waveform in amara_speaks[1:]]
    mean = np.mean(vectors, axis=0)
    return Embedding(speaker_encoder().model, (mean / np.linalg.norm(mean)).astype(np.float32))


@pytest.fixture(scope="module")
def words(amara_speaks: list[Waveform]) -> str:
    return transcriber().transcribe(amara_speaks[0], language="en").text


def objections(output: Waveform, text: str, reference: Embedding) -> set[str]:
    found = examine(output, text=text, language="en", reference=reference, organisation_id=current_organisation())
    assert found.passed == (not found.objections)
    return {objection.rule for objection in found.objections}


def test_the_consented_speaker_saying_the_words_passes(
    in_northwind: Organisation, amara_speaks: list[Waveform], words: str, reference: Embedding
) -> None:
    assert objections(amara_speaks[0], words, reference) == set()


def test_another_speaker_does_not_pass(in_northwind: Organisation, reference: Embedding) -> None:
    output = speech(IVO_SPEECH, 1)[0]
    text = transcriber().transcribe(output, language="en").text
    assert objections(output, text, reference) == {"output-other-voice"}


def test_another_voice_in_the_opening_does_not_pass(
    in_northwind: Organisation, amara_speaks: list[Waveform], reference: Embedding
) -> None:
    """Engines have been seen to leak another request's voice into the first seconds (vllm-omni issue 4370)."""
    intruder, own = speech(IVO_SPEECH, 1)[0].cut(0.0, 2.0), amara_speaks[0]
    leaked = Waveform(np.concatenate([intruder.samples, own.samples]), own.rate)
    text = transcriber().transcribe(leaked, language="en").text
    assert "output-other-voice" in objections(leaked, text, reference)


def test_other_words_do_not_pass(
    in_northwind: Organisation, amara_speaks: list[Waveform], reference: Embedding
) -> None:
    asked = "Please transfer the whole amount to the account that I am going to read to you now."
    assert "output-other-words" in objections(amara_speaks[0], asked, reference)


def test_silence_and_clipping_do_not_pass(
    in_northwind: Organisation, amara_speaks: list[Waveform], words: str, reference: Embedding
) -> None:
    silent = Waveform(np.zeros(3 * 16_000, np.float32), 16_000)
    assert {"output-silent", "output-voice-unknown"} <= objections(silent, words, reference)
    own = amara_speaks[0]
    clipped = Waveform(np.clip(own.samples * 60, -1, 1).astype(np.float32), own.rate)
    assert "output-clipped" in objections(clipped, words, reference)
