"""A clip as it is stored and leaves: in every form, marked, signed, registered, and recognised when it comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from audit.queries import entries
from consent.models import Receipt
from governance import already_marked, detection
from governance.models import Clip, Permit
from synth_adapter.decoding import decode
from synth_adapter.forms import MEDIA_TYPES
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance import tape
from tests.governance.conftest import ApiClient
from tests.governance.tape import attempt
from voices.models import Voice
from watermark import marking, registry
from watermark.errors import AlreadyMarkedError
from watermark.models import MarkedClip
from watermark.provenance.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _taped(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, speech: Waveform) -> Iterator[None]:
    tape.insert(speech, monkeypatch=monkeypatch, settings=settings)
    yield
    tape.forget()


@pytest.fixture
def permit(northwind: Organisation, api: ApiClient, voice: Voice) -> Permit:
    tape.equip(voice)
    return tape.permitted(northwind, api, voice)


def test_a_clip_leaves_in_every_form_marked_signed_and_registered_and_is_recognised_afterwards(
    permit: Permit, api: ApiClient, rival: Organisation
) -> None:
    assert attempt(permit) == ("completed", [])
    with organisation_scope(permit.organisation_id, actor="system"):
        clip, entry = Clip.objects.get(), MarkedClip.objects.get()
        assert (entry.clip_id, entry.subject_id) == (clip.id, clip.voice.speaker_id)
        sealed = {file.form: file.sha256 for file in clip.files.all()}
        assert set(sealed) == {"wav", "mp3", "flac", "m4a"}
        events = [str(entry.event) for entry in entries(about=clip.id)]
        assert {"clip:mark:registered", "synthesis:render:completed"} <= set(events)
    (reading,) = clip.mark_readings
    assert (reading["marker"], reading["outcome"], set(reading["scores"])) == (
        "keyed-mark",
        "marked",
        {"wav", "mp3", "flac", "m4a"},
    )
    for form, media_type in MEDIA_TYPES.items():
        answer = api.get(f"/v1/tts/job/{permit.request_id}/audio?form={form}")
        assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
        assert hashlib.sha256(answer.content).hexdigest() == sealed[form]
    assert api.get(f"/v1/tts/job/{permit.request_id}/audio?form=ogg").status_code == 400
    copy = decode(answer.content).waveform
    with organisation_scope(rival.id, actor="system"):
        found = next(reading for reading in marking.detect(copy) if reading.marker == "keyed-mark")
        assert (found.outcome, detection._shown(found)) == ("marked", "")
    with organisation_scope(permit.organisation_id, actor="system"):
        assert detection._shown(found) == clip.id.bytes.hex()
    with pytest.raises(AlreadyMarkedError, match=str(clip.id)):
        already_marked.look(copy)


def test_without_the_keyed_mark_nothing_says_that_a_clip_could_be_named(
    permit: Permit, api: ApiClient, settings: LazySettings
) -> None:
    settings.WATERMARKERS = ["watermark.backends.perth.Perth"]
    registry.watermarkers.cache_clear()
    try:
        assert attempt(permit) == ("completed", [])
    finally:
        registry.watermarkers.cache_clear()
    with organisation_scope(permit.organisation_id, actor="system"):
        clip = Clip.objects.get()
        assert not MarkedClip.objects.exists()
        assert "clip:mark:registered" not in {str(entry.event) for entry in entries(about=clip.id)}
    assert [reading["marker"] for reading in clip.mark_readings] == ["perth"]
    signed = read(api.get(f"/v1/tts/job/{permit.request_id}/audio?form=wav").content, form="wav")
    assert (signed.state, signed.ours) == ("trusted", True)
    assert signed.manifest is not None
    assert "c2pa.soft-binding" not in {entry["label"] for entry in signed.manifest["assertions"]}


def test_without_a_receipt_there_is_nothing_a_clip_could_stand_on(permit: Permit) -> None:
    with organisation_scope(permit.organisation_id, actor="system"):
        Receipt.objects.all().delete()
    assert attempt(permit) == ("failed", ["mark-failed"])
    with organisation_scope(permit.organisation_id, actor="system"):
        assert not Clip.objects.exists()
        assert not MarkedClip.objects.exists()
