"""What goes wrong over HTTP: each with its own problem type and status, and nothing half made."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from governance.models import Decision, Detection, Permit, SynthesisRequest
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy import api_keys
from tenancy.api_keys import ApiScope
from tenancy.models import ApiKey, Organisation
from tenancy.scope import organisation_scope
from tests.cast import AMARA_SPEECH, Engineer, equip
from tests.corpus import speech_of
from tests.governance.conftest import ApiClient, give_voice
from voices.models import Voice

pytestmark = pytest.mark.django_db


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    return body


def nothing_was_made(organisation: Organisation) -> bool:
    with organisation_scope(organisation.id, actor="system"):
        return not (SynthesisRequest.objects.exists() or Decision.objects.exists() or Permit.objects.exists())


def test_without_a_key_nothing_is_answered(voice: Voice) -> None:
    problem(ApiClient(None).ask(voice.id), 401, "api-key-missing")


def test_an_unknown_key_is_refused(voice: Voice) -> None:
    problem(ApiClient("vv_" + "x" * 43).ask(voice.id), 401, "api-key-unknown")


def test_an_expired_key_is_refused_and_its_organisation_can_see_it(
    northwind: Organisation, engineer: Engineer, api: ApiClient, voice: Voice
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        ApiKey.objects.filter(id=engineer.api_key.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    problem(api.ask(voice.id), 401, "api-key-expired")
    with organisation_scope(northwind.id, actor="system"):
        assert [entry.event for entry in entries(event=Event.API_KEY_REFUSED)] == [Event.API_KEY_REFUSED]


def test_a_revoked_key_is_refused(northwind: Organisation, engineer: Engineer, api: ApiClient, voice: Voice) -> None:
    with organisation_scope(northwind.id, actor="system"):
        api_keys.revoke(engineer.api_key)
    problem(api.ask(voice.id), 401, "api-key-revoked")


def test_a_key_without_the_scope_is_refused_and_told_which(northwind: Organisation, voice: Voice) -> None:
    reader = ApiClient(equip(northwind, ApiScope.AUDIT).secret)
    assert "synthesise" in problem(reader.ask(voice.id), 403, "scope-missing")["detail"]
    assert nothing_was_made(northwind)


def test_another_organisations_voice_is_exactly_as_unknown_as_none(
    northwind: Organisation, rival: Organisation, rival_api: ApiClient, voice: Voice
) -> None:
    theirs = problem(rival_api.ask(voice.id), 404, "voice-unknown")
    none = problem(rival_api.ask(uuid4()), 404, "voice-unknown")
    assert theirs == none
    assert nothing_was_made(rival)
    assert problem(rival_api.get(f"/v1/voices/{voice.id}"), 404, "voice-unknown") == none


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("", "script-empty"),
        ("   \n", "script-empty"),
        ("word " * 2_000, "script-too-long"),
        ("Hello\x07 there", "script-control-characters"),
    ],
)
def test_a_text_that_is_no_script_is_refused_before_anything_is_stored(
    northwind: Organisation, api: ApiClient, voice: Voice, text: str, slug: str
) -> None:
    problem(api.ask(voice.id, text), 422, slug)
    assert nothing_was_made(northwind)


def test_a_text_in_another_language_is_not_permitted(api: ApiClient, voice: Voice) -> None:
    german = "Der Hund läuft heute nicht durch den Garten, weil es regnet und die Kinder noch schlafen."
    response = api.ask(voice.id, german)
    reasons = response.json()["reasons"]
    assert "script-language" in {reason["rule"] for reason in reasons}
    with organisation_scope(voice.organisation_id, actor="system"):
        assert not Permit.objects.exists()


def test_a_malformed_body_names_every_field(api: ApiClient) -> None:
    body = problem(api.post("/v1/tts/synthesize", {"voice": "nonsense"}), 400, "request-malformed")
    assert set(body["errors"]) == {"voice", "text", "language", "purpose"}


def test_json_that_cannot_be_read_is_a_problem_too(engineer: Engineer) -> None:
    client = ApiClient(engineer.secret)
    response = client.client.post("/v1/tts/synthesize", "{", content_type="application/json", headers=client.headers)
    problem(response, 400, "request-malformed")


def test_a_denial_lists_every_reason_and_is_kept(northwind: Organisation, api: ApiClient, voice: Voice) -> None:
    body = problem(api.ask(voice.id, purpose="marketing", language="de"), 403, "request-denied")
    rules = {reason["rule"] for reason in body["reasons"]}
    assert {"purpose-outside-scope", "language-outside-scope"} <= rules
    assert all(reason["way_forward"] for reason in body["reasons"])
    job = api.get(f"/v1/tts/job/{body['job']}").json()
    assert (job["status"], job["reasons"]) == ("denied", body["reasons"])
    with organisation_scope(northwind.id, actor="system"):
        assert Decision.objects.get().effect == "deny"
        assert not Permit.objects.exists()


def test_a_permitted_request_is_queued_with_its_permit(northwind: Organisation, api: ApiClient, voice: Voice) -> None:
    response = api.ask(voice.id)
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert response["Location"] == f"/v1/tts/job/{response.json()['id']}"
    problem(api.get(f"{response['Location']}/audio"), 409, "clip-not-ready")


def test_the_same_idempotency_key_gives_the_same_job_and_another_body_is_refused(api: ApiClient, voice: Voice) -> None:
    body = {"voice": str(voice.id), "text": "Hello.", "language": "en", "purpose": "narration"}
    key = {"Idempotency-Key": "once"}
    first = api.post("/v1/tts/synthesize", body, headers=key)
    again = api.post("/v1/tts/synthesize", body, headers=key)
    assert first.json()["id"] == again.json()["id"]
    problem(api.post("/v1/tts/synthesize", {**body, "text": "Other."}, headers=key), 422, "idempotency-conflict")


def test_an_unknown_job_consent_detection_and_link_are_problems(api: ApiClient) -> None:
    problem(api.get(f"/v1/tts/job/{uuid4()}"), 404, "job-unknown")
    problem(api.get(f"/v1/consents/{uuid4()}"), 404, "consent-unknown")
    problem(api.get(f"/v1/detections/{uuid4()}"), 404, "detection-unknown")
    problem(api.get("/v1/ceremonies/vvc_nobody"), 404, "link-unknown")
    problem(api.get("/v1/nowhere"), 404, "not-found")


def tone(seconds: float, *, rate: int = 16_000, level: float = 0.3) -> bytes:
    times = np.arange(int(seconds * rate)) / rate
    return encode_wav(Waveform((level * np.sin(2 * np.pi * 220 * times)).astype(np.float32), rate))


@pytest.mark.parametrize(
    ("audio", "status", "slug"),
    [
        (lambda: b"", 422, "audio-empty"),
        (lambda: b"this is no sound at all" * 40, 415, "audio-unsupported"),
        (lambda: b"fLaC" + bytes(range(256)) * 20, 422, "audio-undecodable"),
        (lambda: b"\x00" * (26 * 1024 * 1024), 413, "audio-too-large"),
        (lambda: tone(1_200, rate=8_000), 422, "audio-too-long"),
    ],
)
def test_an_upload_that_is_no_usable_sound_is_refused_audited_and_leaves_no_row(
    northwind: Organisation, api: ApiClient, audio: Callable[[], bytes], status: int, slug: str
) -> None:
    response = api.upload("/v1/detections", {"audio": SimpleUploadedFile("upload", audio())})
    problem(response, status, slug)
    with organisation_scope(northwind.id, actor="system"):
        assert not Detection.objects.exists()
        assert [entry.data["code"] for entry in entries(event=Event.UPLOAD_REFUSED)] == [slug]


def test_a_voice_needs_an_active_consent_and_usable_samples(northwind: Organisation, api: ApiClient) -> None:
    voice = give_voice(northwind)
    body = {"consent": str(uuid4()), "name": "x", "language": "en", "samples": io.BytesIO(tone(3))}
    problem(api.upload("/v1/voice/create", body), 404, "consent-unknown")
    body = {"consent": str(voice.consent_id), "name": "x", "language": "en"}
    problem(api.upload("/v1/voice/create", body), 400, "request-malformed")
    body = {**body, "samples": [io.BytesIO(tone(3)), SimpleUploadedFile("b", b"nonsense" * 100)]}
    problem(api.upload("/v1/voice/create", body), 415, "audio-unsupported")
    with organisation_scope(northwind.id, actor="system"):
        assert Voice.objects.count() == 1


def speech(*, rate: int = 16_000, gain: float = 1.0, noise: float = 0.0) -> bytes:
    """Amara's own speech, spoilt as asked."""
    said = decode(speech_of(AMARA_SPEECH)[5]).waveform.resampled(rate)
    hiss = np.random.default_rng(7).normal(0.0, noise, len(said.samples))
    return encode_wav(Waveform(np.clip(said.samples * gain + hiss, -1.0, 1.0).astype(np.float32), rate))


@pytest.mark.parametrize(
    ("audio", "slug"),
    [
        (lambda: encode_wav(Waveform(np.zeros(48_000, dtype=np.float32), 16_000)), "audio-silent"),
        (lambda: speech()[:100_000], "audio-truncated"),
        (lambda: speech(gain=20.0), "sample-clipped"),
        (lambda: speech(rate=8_000), "sample-narrow-band"),
        (lambda: speech(gain=0.05), "sample-too-quiet"),
        (lambda: speech(noise=0.1), "sample-noisy"),
    ],
)
def test_a_spoilt_sample_is_refused_at_once_audited_with_its_consent_and_leaves_no_row(
    northwind: Organisation, api: ApiClient, audio: Callable[[], bytes], slug: str
) -> None:
    consent = give_voice(northwind).consent_id
    body = {"consent": str(consent), "name": "x", "language": "en", "samples": io.BytesIO(audio())}
    refused = problem(api.upload("/v1/voice/create", body), 422, slug)
    assert slug in {reason["rule"] for reason in refused.get("reasons", [{"rule": slug}])}
    with organisation_scope(northwind.id, actor="system"):
        assert Voice.objects.count() == 1
        (refusal,) = entries(event=Event.UPLOAD_REFUSED)
        assert (refusal.data["code"], refusal.refs) == (slug, {"consent": consent})


def test_a_silent_upload_is_nothing_to_examine(northwind: Organisation, api: ApiClient) -> None:
    silence = encode_wav(Waveform(np.zeros(48_000, dtype=np.float32), 16_000))
    problem(api.upload("/v1/detections", {"audio": io.BytesIO(silence)}), 422, "audio-silent")
    with organisation_scope(northwind.id, actor="system"):
        assert not Detection.objects.exists()


def test_every_problem_type_has_its_page(api: ApiClient) -> None:
    assert api.get("/problems/voice-unknown").json()["status"] == 404
    assert api.get("/problems/no-such-problem").status_code == 404


def test_the_openapi_document_names_every_address(api: ApiClient) -> None:
    paths = api.get("/v1/schema?format=json").json()["paths"]
    assert {"/v1/voice/create", "/v1/voices", "/v1/tts/synthesize", "/v1/tts/job/{job_id}/audio"} <= set(paths)


def test_health_and_readiness_answer(api: ApiClient) -> None:
    assert api.get("/healthz").json() == {"status": "alive"}
    checks = dict.fromkeys(("database", "broker", "keys", "restored"), True)
    assert api.get("/readyz").json() == {"status": "ready", **checks}
