"""What leaves has been read back from its very bytes, in every form; what cannot be read back does not leave."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from governance import finishing
from governance.finishing import Finished, finish
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.forms import FORMS, Form
from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from watermark import marking
from watermark.errors import MarkError
from watermark.ports import Reading
from watermark.provenance.signing import Signed
from watermark.secrets import MarkSecrets

CLIP = new_id()
SECRETS = MarkSecrets(epoch=3, pilot_secret=b"p" * 32, clip_secret=b"c" * 32)


def plain(audio: bytes, _form: Form) -> Signed:
    return Signed(audio=audio, manifest=b"", label="")


def finished(sound: Waveform, **changes: Any) -> Finished:
    arguments: dict[str, Any] = {
        "clip_id": CLIP,
        "secrets": SECRETS,
        "tags": {"title": "Synthetic speech"},
        "sign": plain,
        "timed": lambda _step: nullcontext(),
    }
    return finish(sound, **{**arguments, **changes})


@pytest.fixture
def believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A marker that finds its mark in anything: for what is not about marks."""
    monkeypatch.setattr(marking, "verify", lambda _sound, **_: (Reading("any", "marked", 1.0, 0.5, b""),))


@pytest.fixture(scope="module")
def done(speech: Waveform) -> Finished:
    return finished(speech)


def test_every_form_bears_the_mark_and_has_the_length_of_the_sound(done: Finished, speech: Waveform) -> None:
    assert tuple(done.files) == FORMS
    for signed in done.files.values():
        heard = decode(signed.audio).waveform
        assert (len(heard.samples), heard.rate) == (len(speech.samples), 24_000)
        assert [reading.outcome for reading in marking.verify(heard, mark=done.mark)] == ["marked"]
        with pytest.raises(MarkError):
            marking.verify(heard, mark=replace(done.mark, clip_id=new_id()))


def test_lossless_forms_are_the_marked_sound_itself(done: Finished) -> None:
    wav, flac = (decode(done.files[form].audio).waveform.samples for form in cast("list[Form]", ["wav", "flac"]))
    assert np.array_equal(wav, flac)
    assert abs(wav - done.waveform.samples).max() < 1e-4


def test_for_each_marker_the_weakest_reading_is_kept_with_the_scores_of_all(done: Finished) -> None:
    (stored,) = done.readings_as_json()
    assert (stored["marker"], stored["outcome"], stored["payload"]) == ("keyed-mark", "marked", CLIP.bytes.hex())
    assert tuple(stored["scores"]) == FORMS
    assert stored["score"] == pytest.approx(min(stored["scores"].values()), abs=1e-3)


def test_the_mark_is_bound_to_what_was_said(done: Finished, speech: Waveform, believing: None) -> None:
    other = finished(Waveform(speech.samples[::-1].copy(), speech.rate))
    assert other.mark.content != done.mark.content


def test_every_step_is_measured(speech: Waveform, believing: None) -> None:
    steps: list[str] = []

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        yield
        steps.append(step)

    finished(speech, timed=timed)
    assert steps == ["mark", "encode", "sign", "read_back"]


def test_what_is_signed_is_what_is_kept(speech: Waveform, believing: None) -> None:
    seen: dict[Form, bytes] = {}

    def sign(audio: bytes, form: Form) -> Signed:
        seen[form] = audio
        return plain(audio, form)

    assert {form: signed.audio for form, signed in finished(speech, sign=sign).files.items()} == seen


def _shorter(speech: Waveform) -> Callable[[bytes], bytes]:
    return lambda audio: encode_wav(decode(audio).waveform.cut(0.0, 2.9))


def _damaged(speech: Waveform) -> Callable[[bytes], bytes]:
    return lambda audio: audio[:10]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("spoil", "why"), [(_shorter, "another length"), (_damaged, "cannot be decoded")])
def test_one_form_that_does_not_give_the_sound_back_stops_the_clip(
    speech: Waveform, believing: None, form: Form, spoil: Callable[[Waveform], Callable[[bytes], bytes]], why: str
) -> None:
    def sign(audio: bytes, at: Form) -> Signed:
        return plain(spoil(speech)(audio) if at == form else audio, at)

    with pytest.raises(MarkError, match=rf"^As {form}.*{why}"):
        finished(speech, sign=sign)


def test_one_form_that_does_not_give_the_mark_back_stops_the_clip(speech: Waveform, done: Finished) -> None:
    unmarked = plain(encode_wav(speech), "flac")
    with pytest.raises(MarkError, match=r"^As flac: .*cannot be read back"):
        dict(finishing._read_back({"flac": unmarked}, done.waveform, done.mark))


def test_a_signature_that_fails_stops_the_clip(speech: Waveform) -> None:
    def sign(_audio: bytes, form: Form) -> Signed:
        raise MarkError(f"no manifest for {form}")

    with pytest.raises(MarkError, match="no manifest for wav"):
        finished(speech, sign=sign)


def test_sound_that_is_too_short_for_a_mark_is_refused(speech: Waveform) -> None:
    with pytest.raises(MarkError, match="at least 1"):
        finished(speech.cut(0.0, 0.9))


def test_the_disclosure_stands_in_every_form(done: Finished) -> None:
    for signed in done.files.values():
        assert b"Synthetic speech" in signed.audio


def test_without_any_reading_there_is_nothing_to_keep(done: Finished) -> None:
    reading = Reading("other", "marked", 0.9, 0.5, b"")
    assert replace(done, readings={}).readings_as_json() == []
    both = {form: (*done.readings[form], reading) for form in FORMS}
    assert [stored["marker"] for stored in replace(done, readings=both).readings_as_json()] == ["keyed-mark", "other"]


def test_the_module_knows_every_form() -> None:
    sound = Waveform(np.zeros(24_000, np.float32), 24_000)
    heads = {form: finishing._encode(sound, form, {})[:12] for form in FORMS}
    assert heads["wav"].startswith(b"RIFF")
    assert heads["flac"].startswith(b"fLaC")
    assert heads["m4a"][4:8] == b"ftyp"
    assert soundfile.info(io.BytesIO(finishing._encode(sound, "mp3", {}))).format == "MP3"
