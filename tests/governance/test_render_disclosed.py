"""What must be audible is audible: put before the speech, marked and signed with it, on record; or nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction

from audit.events import Event
from audit.queries import entries
from governance import disclosures, render
from governance.examination import Findings
from governance.models import Clip, Permit
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.forms import FORMS
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance import tape
from tests.governance.conftest import ApiClient
from tests.governance.tape import attempt
from voices.models import Voice
from watermark import marking, notices
from watermark.duties import Sign
from watermark.provenance.reading import read

pytestmark = pytest.mark.django_db
LENGTHS = {Sign.RHYTHM: 1.5, Sign.WORDS: 2.995}
"""Of what is put in front, with its pause, in seconds."""


@pytest.fixture(autouse=True)
def _taped(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, speech: Waveform) -> Iterator[None]:
    tape.insert(speech, monkeypatch=monkeypatch, settings=settings)
    settings.AUDIBLE_DISCLOSURE = {}
    yield
    tape.forget()


@pytest.fixture
def in_china(voice: Voice) -> Voice:
    """Amara's voice, which may be used in China and in Ireland."""
    tape.equip(voice)
    with organisation_scope(voice.organisation_id, actor="system"):
        voice.consent.territory = ["CN", "IE"]
        voice.consent.save(update_fields=["territory"])
    return voice


def the_clip(permit: Permit) -> Clip:
    with organisation_scope(permit.organisation_id, actor="system"):
        return Clip.objects.select_related("voice").get()


def rules(answer: Any) -> list[str]:
    return [reason["rule"] for reason in answer.json()["reasons"]]


@pytest.fixture(params=[("CN", Sign.RHYTHM), ("EU", Sign.WORDS)], ids=["rhythm", "words"])
def owing(
    request: pytest.FixtureRequest, northwind: Organisation, api: ApiClient, in_china: Voice, settings: LazySettings
) -> Permit:
    """Speech that was made where something is owed."""
    place, sign = request.param
    settings.AUDIBLE_DISCLOSURE = {place: sign}
    permit = tape.permitted(northwind, api, in_china)
    assert attempt(permit) == ("completed", [])
    assert the_clip(permit).disclosure == sign
    return permit


def test_what_is_owed_is_on_record_in_the_clip_the_job_the_log_and_every_manifest(
    owing: Permit, api: ApiClient, speech: Waveform
) -> None:
    clip = the_clip(owing)
    assert clip.disclosure_seconds == pytest.approx(LENGTHS[Sign(clip.disclosure)], abs=0.002)
    assert clip.seconds == pytest.approx(speech.seconds + clip.disclosure_seconds, abs=1e-3)
    job = api.get(f"/v1/tts/job/{owing.request_id}").json()
    assert job["audible_disclosure"] == {"kind": clip.disclosure, "seconds": clip.disclosure_seconds}
    with organisation_scope(owing.organisation_id, actor="system"):
        (made,) = entries(event=Event.RENDER_COMPLETED)
    assert made.data["disclosure"] == clip.disclosure
    for form in FORMS:
        said = read(api.get(f"/v1/tts/job/{owing.request_id}/audio?form={form}").content, form=form)
        assert (said.ours, said.claim and said.claim["disclosure"]) == (True, job["audible_disclosure"])


def test_what_is_owed_is_heard_before_the_speech_and_marked_with_it(
    owing: Permit, api: ApiClient, speech: Waveform
) -> None:
    clip = the_clip(owing)
    for form in FORMS:
        heard = decode(api.get(f"/v1/tts/job/{owing.request_id}/audio?form={form}").content).waveform
        reading = next(one for one in marking.detect(heard) if one.marker == "keyed-mark")
        assert (reading.outcome, marking.clip_named(reading)) == ("marked", clip.id)
        pause = heard.cut(clip.disclosure_seconds - 0.3, clip.disclosure_seconds - 0.1).samples
        sounding = heard.cut(0.02, 0.09 if clip.disclosure == "rhythm" else 1.5).samples
        assert np.abs(sounding).max() > 0.05 > 5 * np.abs(pause).max()
        whole = heard.samples[: round(clip.seconds * heard.rate)]  # a MP3 may hold some samples of silence more
        assert np.corrcoef(whole[-len(speech.samples) :], speech.samples)[0, 1] > 0.95


def test_an_application_may_ask_for_more_than_is_owed_and_never_gets_less(
    northwind: Organisation, api: ApiClient, in_china: Voice, settings: LazySettings
) -> None:
    permit = tape.permitted(northwind, api, in_china, audible_disclosure="rhythm")
    with organisation_scope(northwind.id, actor="system"):
        assert disclosures.required(permit.request) is Sign.RHYTHM
        settings.AUDIBLE_DISCLOSURE = {"EU": Sign.WORDS}
        assert disclosures.required(permit.request) is Sign.WORDS
        settings.AUDIBLE_DISCLOSURE = {"US": Sign.WORDS}
        assert disclosures.required(permit.request) is Sign.RHYTHM
    assert api.ask(in_china.id, audible_disclosure="bell").status_code == 400


def test_nothing_is_added_where_nothing_is_owed_or_asked_for(
    northwind: Organisation, api: ApiClient, in_china: Voice, settings: LazySettings, speech: Waveform
) -> None:
    settings.AUDIBLE_DISCLOSURE = {"US": Sign.WORDS}
    permit = tape.permitted(northwind, api, in_china)
    assert attempt(permit) == ("completed", [])
    assert the_clip(permit).seconds == pytest.approx(speech.seconds)
    job = api.get(f"/v1/tts/job/{permit.request_id}").json()
    assert job["audible_disclosure"] == {"kind": "none", "seconds": 0.0}


def test_one_idempotency_key_is_for_one_disclosure(api: ApiClient, in_china: Voice) -> None:
    body = {"voice": str(in_china.id), "text": "Hello there.", "language": "en", "purpose": "narration"}
    once = {"Idempotency-Key": "k1"}
    first = api.post("/v1/tts/synthesize", body, headers=once)
    assert api.post("/v1/tts/synthesize", body, headers=once).json()["id"] == first.json()["id"]
    changed = api.post("/v1/tts/synthesize", {**body, "audible_disclosure": "words"}, headers=once)
    assert (first.status_code, changed.status_code) == (202, 422)


def test_speech_in_a_language_without_a_notice_is_denied_before_it_is_made(
    api: ApiClient, in_china: Voice, settings: LazySettings, tmp_path: Path, speech: Waveform
) -> None:
    settings.AUDIBLE_DISCLOSURE, settings.DISCLOSURE_NOTICES = {"CN": Sign.WORDS}, tmp_path
    with organisation_scope(in_china.organisation_id, actor="system"):
        in_china.consent.languages = ["en", "zh"]
        in_china.consent.save(update_fields=["languages"])
    denied = api.ask(in_china.id, language="zh-CN")
    assert (denied.status_code, "disclosure-impossible" in rules(denied)) == (403, True)
    (tmp_path / "zh.wav").write_bytes(encode_wav(speech))
    assert "disclosure-impossible" not in rules(api.ask(in_china.id, language="zh-CN"))


def test_a_notice_that_cannot_be_read_stops_the_clip_with_its_reason(
    northwind: Organisation, api: ApiClient, in_china: Voice, settings: LazySettings, tmp_path: Path
) -> None:
    settings.AUDIBLE_DISCLOSURE, settings.DISCLOSURE_NOTICES = {"CN": Sign.WORDS}, tmp_path
    (tmp_path / "en.wav").write_bytes(b"RIFF")
    notices._read.cache_clear()
    permit = tape.permitted(northwind, api, in_china)
    assert attempt(permit) == ("failed", ["disclosure-failed"])
    with organisation_scope(northwind.id, actor="system"):
        assert not Clip.objects.exists()
        (failed,) = entries(event=Event.RENDER_FAILED)
    assert failed.data["rules"] == ["disclosure-failed"]


def test_a_clip_made_before_the_duty_does_not_leave_any_more(
    northwind: Organisation, api: ApiClient, in_china: Voice, settings: LazySettings
) -> None:
    permit = tape.permitted(northwind, api, in_china)
    assert attempt(permit) == ("completed", [])
    address = f"/v1/tts/job/{permit.request_id}/audio"
    assert api.get(address).status_code == 200
    settings.AUDIBLE_DISCLOSURE = {"CN": Sign.RHYTHM}
    refused = api.get(address)
    assert (refused.status_code, rules(refused)) == (403, ["disclosure-missing"])


def test_the_database_keeps_no_disclosure_without_a_length(
    northwind: Organisation, api: ApiClient, in_china: Voice
) -> None:
    permit = tape.permitted(northwind, api, in_china)
    assert attempt(permit) == ("completed", [])
    for wrong in ({"disclosure": "words"}, {"disclosure_seconds": 1.0}, {"disclosure": "bell"}):
        with (
            organisation_scope(northwind.id, actor="system"),
            pytest.raises(IntegrityError),
            transaction.atomic(),
        ):
            Clip.objects.update(**wrong)


def test_what_is_examined_is_the_engines_sound_alone(
    northwind: Organisation,
    api: ApiClient,
    in_china: Voice,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.AUDIBLE_DISCLOSURE = {"CN": Sign.WORDS}
    heard: list[Waveform] = []

    def examine(sound: Waveform, **_: Any) -> Findings:
        heard.append(sound)
        return Findings()

    monkeypatch.setattr(render, "examine", examine)
    assert attempt(tape.permitted(northwind, api, in_china)) == ("completed", [])
    assert heard == [tape.UnsafeTape.sound]
