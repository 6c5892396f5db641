"""Examinations over HTTP: handed in, examined, shown to examiners, and followed back to the speaker's yes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from bench.mark.attacks import attacked
from deploy.demo.cast import IVO, PASSAGES, say
from governance import tasks
from governance.forensic_models import CustodyEvent, Examination
from governance.forensics import chain, custody, examinations, examining
from governance.forensics.errors import UnknownClipError
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip
from tests.governance.conftest import ApiClient
from tests.governance.forensic_files import Made, make_clip, robbed
from tests.governance.test_api_refusals import problem
from tests.marks import FOUND_IN_NOTHING
from watermark import register, testifying

pytestmark = pytest.mark.django_db
ADDRESS = "/v1/forensics/examinations"
ASKED = {"case_number": "2026/17", "question": "Is this one of ours?"}


@pytest.fixture(autouse=True)
def _fresh_library() -> Iterator[None]:
    """What other tests registered was rolled back, and is in no library."""
    register.forget_library()
    yield
    register.forget_library()


@pytest.fixture(scope="module")
def speech() -> Waveform:
    return decode(say(IVO, PASSAGES[0])).waveform


@pytest.fixture
def made(northwind: Organisation, speech: Waveform) -> Made:
    return make_clip(northwind, speech)


@pytest.fixture
def examiner(northwind: Organisation) -> ApiClient:
    return ApiClient(equip(northwind, ApiScope.FORENSICS).secret)


@pytest.fixture
def rival_examiner(rival: Organisation) -> ApiClient:
    return ApiClient(equip(rival, ApiScope.FORENSICS).secret)


def submit(api: ApiClient, audio: bytes, **about: Any) -> Any:
    return api.upload(ADDRESS, {**ASKED, **about, "audio": SimpleUploadedFile("call.wav", audio, "audio/wav")})


def submitted(api: ApiClient, audio: bytes) -> str:
    response = submit(api, audio)
    assert response.status_code == 202
    return str(response.json()["id"])


def examined(api: ApiClient, organisation: Organisation, audio: bytes) -> dict[str, Any]:
    examination = submitted(api, audio)
    examining.examine(UUID(examination), organisation_id=organisation.id)
    body: dict[str, Any] = api.get(f"{ADDRESS}/{examination}").json()
    return body


def row(organisation: Organisation, examination_id: str) -> Examination:
    with organisation_scope(organisation.id, actor="system"):
        return Examination.objects.get(id=examination_id)


# Handing in.


def test_a_file_is_hashed_sealed_and_its_protocol_on_record_before_anybody_decodes_it(
    northwind: Organisation, examiner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nobody may look at the sound yet")

    monkeypatch.setattr("synth_adapter.decoding._run_worker", refuse)
    audio = b"not even sound, and nobody knows yet"
    response = submit(examiner, audio)
    body = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{ADDRESS}/{body['id']}"
    assert (body["sha256"], body["size"]) == (hashlib.sha256(audio).hexdigest(), len(audio))
    assert (body["status"], body["progress"], body["result"]) == ("received", 0.0, {})
    assert body["protocol_sha256"] == testifying.PROTOCOL.sha256
    with organisation_scope(northwind.id, actor="system"):
        (fixed,) = entries(about=UUID(body["id"]), event=Event.EXAMINATION_PROTOCOL_FIXED)
        (came,) = entries(about=UUID(body["id"]), event=Event.EXAMINATION_REQUESTED)
        stored = Examination.objects.get(id=body["id"])
        kept = blobs.get(stored.blob, subject_id=stored.id, kind="examination-original", object_id=stored.id)
    assert fixed.data == {"protocol_sha256": testifying.PROTOCOL.sha256, "sha256": body["sha256"]}
    assert came.data == {"sha256": body["sha256"], "size": len(audio)}
    assert body["protocol_entry"] == str(fixed.id)
    assert kept == audio


def test_a_file_needs_bytes_a_case_and_a_question(examiner: ApiClient) -> None:
    problem(submit(examiner, b""), 422, "audio-empty")
    for missing in ("case_number", "question"):
        assert set(problem(submit(examiner, b"x", **{missing: ""}), 400, "request-malformed")["errors"]) == {missing}


def test_a_message_goes_to_no_private_address(examiner: ApiClient) -> None:
    for url in ("https://10.0.0.7/hook", "http://example.org/hook", "https://localhost/", "https://[::1]/", "hook"):
        problem(submit(examiner, b"x", webhook_url=url), 422, "webhook-address-refused")


def test_only_a_key_with_the_scope_and_of_the_organisation_sees_an_examination(
    northwind: Organisation, examiner: ApiClient, rival_examiner: ApiClient
) -> None:
    examination = submitted(examiner, b"some bytes")
    others = ApiClient(equip(northwind, *[scope for scope in ApiScope if scope is not ApiScope.FORENSICS]).secret)
    for end in ("", "/original", "/custody", "/spectrogram", f"/chain?clip={uuid4()}"):
        address = f"{ADDRESS}/{examination}{end}"
        problem(others.get(address), 403, "scope-missing")
        problem(ApiClient(None).get(address), 401, "api-key-missing")
        theirs = problem(rival_examiner.get(address), 404, "examination-unknown")
        missing = f"{ADDRESS}/{uuid4()}{end}"
        assert theirs == problem(rival_examiner.get(missing), 404, "examination-unknown")
    assert rival_examiner.get(ADDRESS).json() == []


def test_examinations_are_listed_by_case(examiner: ApiClient) -> None:
    first = submitted(examiner, b"one")
    other = submit(examiner, b"two", case_number="2026/18").json()["id"]
    assert [found["id"] for found in examiner.get(ADDRESS).json()] == [other, first]
    assert [found["id"] for found in examiner.get(f"{ADDRESS}?case=2026/17").json()] == [first]
    assert examiner.get(f"{ADDRESS}?case=2026").json() == []


# Examining.


@pytest.mark.slow
def test_a_marked_clip_is_named_and_leads_back_to_its_consent(
    northwind: Organisation, examiner: ApiClient, made: Made
) -> None:
    body = examined(examiner, northwind, made.wav)
    assert (body["status"], body["progress"], body["verdict"]) == ("completed", 1.0, "marked")
    (candidate,) = body["result"]["candidates"]
    assert (candidate["clip_id"], candidate["organisation_id"]) == (str(made.clip.id), str(northwind.id))
    assert (candidate["own"], candidate["whose"], candidate["content"]) == (True, "a clip of this organisation", "same")
    assert candidate["log10_p"] < -6
    sound = body["result"]["sound"]
    assert (sound["sample_rate"], sound["channels"], sound["codec"], len(sound["peaks"])) == (
        24_000,
        1,
        "pcm_s16le",
        600,
    )
    assert body["result"]["provenance"]["state"] == "absent"
    steps = examiner.get(f"{ADDRESS}/{body['id']}/chain?clip={made.clip.id}").json()
    assert [step["kind"] for step in steps] == [
        "clip",
        "clip",
        "request",
        "decision",
        "permit",
        "consent",
        "voice",
        "delivery",
    ]
    assert all(step["entry"] and step["standing"] == "waiting" for step in steps)
    assert steps[2]["details"]["text"] == made.clip.permit.request.text
    assert steps[5]["details"]["speaker"] == "Amara"
    with organisation_scope(northwind.id, actor="system"):
        opened = entries(about=made.clip.id, event=Event.EXAMINATION_OPENED)
        (completed,) = entries(about=made.clip.id, event=Event.EXAMINATION_COMPLETED)
    assert [entry.data for entry in opened] == [{"part": "chain"}]
    assert completed.refs == {"examination": UUID(body["id"]), "clip": made.clip.id}


@pytest.mark.slow
def test_a_claimed_clip_is_named_though_its_pilot_was_removed(
    northwind: Organisation, examiner: ApiClient, made: Made
) -> None:
    audio = encode_wav(attacked(robbed(northwind, made), "speed 1.1"))
    assert examined(examiner, northwind, audio)["result"]["verdict"] != "marked"
    answer = submit(examiner, audio, claimed_clips=[str(made.clip.id), str(uuid4())])
    examining.examine(UUID(answer.json()["id"]), organisation_id=northwind.id)
    body = examiner.get(f"{ADDRESS}/{answer.json()['id']}").json()
    assert [found["clip_id"] for found in body["result"]["candidates"]] == [str(made.clip.id)]
    assert body["claimed_clips"][0] == str(made.clip.id)
    received = examiner.get(f"{ADDRESS}/{body['id']}/custody").json()["events"][0]
    assert received["parameters"]["claimed_clips"] == " ".join(body["claimed_clips"])


def test_claims_are_identifiers_and_no_more_than_can_be_looked_for(examiner: ApiClient) -> None:
    for wrong in (["somebody's"], [str(uuid4()) for _ in range(65)]):
        assert submit(examiner, b"sound", claimed_clips=wrong).status_code == 400


@pytest.mark.slow
def test_custody_leads_from_receipt_to_the_result_and_its_head_is_on_record(
    northwind: Organisation, examiner: ApiClient, made: Made
) -> None:
    body = examined(examiner, northwind, made.wav)
    chained = examiner.get(f"{ADDRESS}/{body['id']}/custody").json()
    events = chained["events"]
    assert [event["action"] for event in events] == [
        "received",
        "sealed",
        "opened",
        "decoded",
        "examined",
        "completed",
    ]
    samples = decode(made.wav).waveform.samples
    decoded_sha256 = hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()
    assert (events[3]["in_sha256"], events[3]["out_sha256"]) == (body["sha256"], decoded_sha256)
    assert events[4]["in_sha256"] == decoded_sha256
    assert events[4]["parameters"]["protocol_sha256"] == testifying.PROTOCOL.sha256
    assert chained["head_sha256"] == events[-1]["sha256"]
    with organisation_scope(northwind.id, actor="system"):
        (completed,) = entries(about=UUID(body["id"]), event=Event.EXAMINATION_COMPLETED)
    assert completed.data["custody_sha256"] == events[-1]["sha256"]
    assert completed.data["result_sha256"] == events[4]["out_sha256"] == events[5]["out_sha256"]


@pytest.mark.slow
def test_the_result_is_the_one_that_its_hash_on_record_says(
    northwind: Organisation, examiner: ApiClient, made: Made
) -> None:
    from_database = row(northwind, examined(examiner, northwind, made.wav)["id"])
    with organisation_scope(northwind.id, actor="system"):
        event = CustodyEvent.objects.get(examination=from_database, action="examined")
    assert hashlib.sha256(examining.canonical(from_database.result).encode()).hexdigest() == event.out_sha256


@pytest.mark.slow
def test_another_organisations_clip_is_found_without_any_identifier(
    northwind: Organisation, rival: Organisation, rival_examiner: ApiClient, made: Made
) -> None:
    body = examined(rival_examiner, rival, made.wav)
    assert body["verdict"] == "marked"
    (candidate,) = body["result"]["candidates"]
    assert (candidate["clip_id"], candidate["organisation_id"], candidate["own"]) == (None, None, False)
    assert candidate["whose"] == "a clip of another organisation on this platform"
    assert candidate["log10_p"] < -6
    stored = row(rival, body["id"])
    with organisation_scope(rival.id, actor="system"):
        told = str([(entry.refs, entry.data) for entry in entries(about=stored.id)])
        custody_told = str([event.parameters for event in custody.trail(stored)])
    secrets = (made.clip.id, northwind.id, made.voice.id, made.voice.speaker_id, made.clip.permit.request_id)
    for text in (str(stored.result), str(body), told, custody_told):
        for secret in secrets:
            assert str(secret) not in text
            assert secret.hex not in text
    for clip_id in (made.clip.id, UUID(stored.result["candidates"][0]["clip_id"])):
        problem(rival_examiner.get(f"{ADDRESS}/{body['id']}/chain?clip={clip_id}"), 404, "clip-unknown")


@pytest.mark.slow
def test_unmarked_speech_is_not_called_marked_and_leads_nowhere(
    northwind: Organisation, examiner: ApiClient, made: Made
) -> None:
    body = examined(examiner, northwind, say(IVO, PASSAGES[1]))
    assert body["status"] == "completed"
    assert body["verdict"] in FOUND_IN_NOTHING
    assert body["result"]["candidates"] == []
    problem(examiner.get(f"{ADDRESS}/{body['id']}/chain?clip={made.clip.id}"), 404, "clip-unknown")


def test_what_is_no_sound_fails_and_says_why(northwind: Organisation, examiner: ApiClient) -> None:
    body = examined(examiner, northwind, b"no sound at all, but evidence all the same")
    assert (body["status"], body["verdict"], body["result"]) == ("failed", "", {})
    assert "none of them" in body["explanation"]
    actions = [event["action"] for event in examiner.get(f"{ADDRESS}/{body['id']}/custody").json()["events"]]
    assert actions == ["received", "sealed", "opened", "completed"]


def test_an_original_that_was_swapped_in_storage_is_not_examined(northwind: Organisation, examiner: ApiClient) -> None:
    examination = submitted(examiner, b"the original")
    with organisation_scope(northwind.id, actor="system"):
        subject = {"subject_id": UUID(examination), "object_id": UUID(examination)}
        swapped = blobs.put(b"something else", kind="examination-original", **subject)
        Examination.objects.filter(id=examination).update(blob=swapped)
    examining.examine(UUID(examination), organisation_id=northwind.id)
    body = examiner.get(f"{ADDRESS}/{examination}").json()
    assert (body["status"], "its hash is another" in body["explanation"]) == ("failed", True)
    problem(examiner.get(f"{ADDRESS}/{examination}/original"), 500, "examination-broken")


def test_a_file_is_not_examined_by_another_protocol_than_the_one_fixed(
    northwind: Organisation, examiner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    examination = submitted(examiner, b"some bytes")
    later = type(testifying.PROTOCOL)(version="later")
    monkeypatch.setattr(testifying, "PROTOCOL", later)
    examining.examine(UUID(examination), organisation_id=northwind.id)
    body = examiner.get(f"{ADDRESS}/{examination}").json()
    assert (body["status"], "protocol has changed" in body["explanation"]) == ("failed", True)


def test_examining_twice_changes_nothing(northwind: Organisation, examiner: ApiClient) -> None:
    body = examined(examiner, northwind, b"no sound")
    examining.examine(UUID(body["id"]), organisation_id=northwind.id)
    assert examiner.get(f"{ADDRESS}/{body['id']}").json() == body
    assert len(examiner.get(f"{ADDRESS}/{body['id']}/custody").json()["events"]) == 4


def test_one_that_was_lost_is_sent_again_and_given_up_after_three_times(
    northwind: Organisation, examiner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks, "queue_examination", lambda examination: sent.append(str(examination.id)))
    examination = submitted(examiner, b"some bytes")
    sent.clear()

    def lose(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(examining, "decode", lose)
    tasks.requeue_lost_work()
    assert sent == []
    for attempt in range(1, 4):
        with organisation_scope(northwind.id, actor="system"):
            Examination.objects.filter(id=examination).update(touched_at=timezone.now() - examining.timedelta(hours=1))
        tasks.requeue_lost_work()
        assert sent == [examination] * attempt
        with pytest.raises(ConnectionError):
            examining.examine(UUID(examination), organisation_id=northwind.id)
        examining.examine(UUID(examination), organisation_id=northwind.id)  # another worker, too early: does nothing
    with organisation_scope(northwind.id, actor="system"):
        Examination.objects.filter(id=examination).update(touched_at=timezone.now() - examining.timedelta(hours=1))
    examining.examine(UUID(examination), organisation_id=northwind.id)
    body = examiner.get(f"{ADDRESS}/{examination}").json()
    assert (body["status"], body["explanation"]) == ("failed", examining.LOST)


# The original, and the way back.


def test_the_original_is_handed_out_byte_for_byte_and_that_is_on_record(
    northwind: Organisation, examiner: ApiClient
) -> None:
    audio = bytes(range(256)) * 5
    examination = submitted(examiner, audio)
    response = examiner.get(f"{ADDRESS}/{examination}/original")
    assert (response.status_code, response.content) == (200, audio)
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Disposition"] == f'attachment; filename="{examination}.original"'
    events = examiner.get(f"{ADDRESS}/{examination}/custody").json()["events"]
    assert [event["action"] for event in events] == ["received", "sealed", "opened", "handed-out"]
    with organisation_scope(northwind.id, actor="system"):
        (opened,) = entries(about=UUID(examination), event=Event.EXAMINATION_OPENED)
    assert opened.data == {"part": "original"}


@pytest.mark.slow
def test_the_spectrogram_is_a_picture_whose_hash_joins_the_chain(northwind: Organisation, examiner: ApiClient) -> None:
    examination = submitted(examiner, say(IVO, PASSAGES[0]))
    response = examiner.get(f"{ADDRESS}/{examination}/spectrogram")
    assert (response.status_code, response["Content-Type"], response.content[:4]) == (200, "image/png", b"\x89PNG")
    last = examiner.get(f"{ADDRESS}/{examination}/custody").json()["events"][-1]
    assert (last["action"], last["parameters"]) == ("handed-out", {"what": "spectrogram"})
    assert last["out_sha256"] == hashlib.sha256(response.content).hexdigest()


def test_an_original_is_deleted_for_good_after_the_end_and_its_hash_stays(
    northwind: Organisation, examiner: ApiClient
) -> None:
    examination = submitted(examiner, b"no sound")
    address = f"{ADDRESS}/{examination}"

    def delete() -> Any:
        body = {"reason": "the court has it"}
        return examiner.client.delete(
            f"{address}/original", body, content_type="application/json", headers=examiner.headers
        )

    problem(delete(), 409, "examination-running")
    examining.examine(UUID(examination), organisation_id=northwind.id)
    assert delete().status_code == 204
    problem(delete(), 410, "examination-original-gone")
    problem(examiner.get(f"{address}/original"), 410, "examination-original-gone")
    body = examiner.get(address).json()
    assert (body["original_kept"], body["sha256"]) == (False, hashlib.sha256(b"no sound").hexdigest())
    last = examiner.get(f"{address}/custody").json()["events"][-1]
    assert (last["action"], last["parameters"]) == ("deleted", {"reason": "the court has it"})
    with organisation_scope(northwind.id, actor="system"):
        (deleted,) = entries(about=UUID(examination), event=Event.EXAMINATION_DELETED)
        assert deleted.data == {"sha256": body["sha256"], "because": "request"}
        with pytest.raises(examinations.OriginalGoneError):
            examinations.hand_out(Examination.objects.get(id=examination))


@pytest.mark.slow
def test_without_the_examiners_right_the_chain_names_nobody_and_quotes_nothing(
    northwind: Organisation, rival: Organisation, made: Made
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        shown = str(chain.chain_of(made.clip.id))
        told = str(chain.chain_of(made.clip.id, revealing=True))
        text = made.clip.permit.request.text
    assert ("Amara" in shown, text in shown) == (False, False)
    assert ("Amara" in told, text in told) == (True, True)
    with organisation_scope(rival.id, actor="system"), pytest.raises(UnknownClipError):
        chain.chain_of(made.clip.id)
