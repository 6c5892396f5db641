"""People come onto a list and off it over HTTP: recordings are heard, members decide, a refusal can be appealed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deploy.demo.cast import IVO, PASSAGES, say
from governance import do_not_clone
from safety import lists
from safety.lists import Person
from safety.models import ListChange, ProtectedList, ProtectedVoice, ProtectionAppeal, ProtectionRequest
from safety.protected_voices import default_list, screen
from safety.registry import speaker_models
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import Engineer, Role, equip, hire
from tests.ears import heard
from tests.governance.conftest import ApiClient
from tests.governance.test_api_protected import signed_in
from tests.governance.test_api_refusals import problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("heard_once")]
Members = tuple[User, User]
ABOUT = {"name": "Vera Lind", "reason": "she asked", "aliases": ["The Nightingale"]}


@pytest.fixture
def listing(northwind: Organisation) -> ProtectedList:
    with organisation_scope(northwind.id, actor="system"):
        return default_list(platform=False)


@pytest.fixture
def members(ruth: User, sam: User) -> Members:
    return ruth, sam


@pytest.fixture
def listed(northwind: Organisation, listing: ProtectedList, measured_ears: object) -> ProtectedVoice:
    """Somebody who stands on the organisation's own list."""
    with organisation_scope(northwind.id, actor="member:1"):
        change = lists.propose_addition(listing, Person("Vera Lind", "asked"), voice=heard())
    with organisation_scope(northwind.id, actor="member:2"):
        voice = lists.approve(change.id).voice
    assert voice is not None
    return voice


@pytest.fixture
def speech() -> SimpleUploadedFile:
    return SimpleUploadedFile("speech.wav", say(IVO, PASSAGES[0]), content_type="audio/wav")


def upload(api: ApiClient, list_id: object, audio: bytes | SimpleUploadedFile, **about: Any) -> Any:
    file = audio if isinstance(audio, SimpleUploadedFile) else SimpleUploadedFile("speech.wav", audio)
    return api.upload(f"/v1/protected-lists/{list_id}/voices", {**ABOUT, **about, "audio": file})


def decide(user: User, path: str, body: dict[str, Any] | None = None) -> Any:
    return signed_in(user).post(f"/v1/protected-lists/{path}", body or {}, content_type="application/json")


def changes_of(organisation: Organisation | None) -> list[ListChange]:
    assert organisation is not None
    with organisation_scope(organisation.id, actor="system"):
        return list(ListChange.objects.order_by("id"))


@pytest.mark.slow
def test_a_recording_is_proposed_and_protects_once_two_members_agree(
    api: ApiClient, northwind: Organisation, listing: ProtectedList, speech: SimpleUploadedFile, members: Members
) -> None:
    answer = upload(api, listing.id, speech)
    proposed = answer.json()
    assert (answer.status_code, proposed["status"], proposed["kind"]) == (202, "proposed", "add")
    assert proposed["particulars"]["aliases"] == ["The Nightingale"]
    assert "embedding" not in proposed
    people = f"/v1/protected-lists/{listing.id}/voices"
    assert api.get(people).json() == []
    for member, status in zip(members, ("proposed", "applied"), strict=True):
        assert decide(member, f"changes/{proposed['id']}/approve").json()["status"] == status
    (shown,) = api.get(people).json()
    assert (shown["name"], shown["action"]) == ("Vera Lind", "deny")
    with organisation_scope(northwind.id, actor="system"):
        assert ProtectedVoice.objects.get(id=shown["id"]).model_sha256 == speaker_models()[0].sha256


def test_what_is_no_speech_is_refused_and_nobody_is_proposed(
    api: ApiClient, northwind: Organisation, listing: ProtectedList
) -> None:
    silence = encode_wav(Waveform(np.zeros(32_000, np.float32), 16_000))
    instant = encode_wav(Waveform(np.full(1_600, 0.1, np.float32), 16_000))
    problem(upload(api, listing.id, silence), 422, "audio-silent")
    problem(upload(api, listing.id, instant), 422, "audio-silent")
    problem(upload(api, listing.id, b"no sound at all"), 415, "audio-unsupported")
    problem(upload(api, listing.id, b""), 422, "audio-empty")
    assert changes_of(northwind) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("about", "status", "slug"),
    [
        ({"name": ""}, 400, "request-malformed"),
        ({"reason": ""}, 400, "request-malformed"),
        ({"action": "permit"}, 400, "request-malformed"),
        ({"name": "?!"}, 422, "protection-invalid"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "protection-invalid"),
    ],
    ids=["no name", "no reason", "no action of ours", "no letter", "over already"],
)
def test_a_person_who_cannot_be_protected_as_asked_is_not_proposed(
    api: ApiClient, listing: ProtectedList, about: dict[str, str], status: int, slug: str
) -> None:
    problem(upload(api, listing.id, say(IVO, PASSAGES[0]), **about), status, slug)
    assert changes_of(listing.organisation) == []


@pytest.mark.slow
def test_nobody_is_put_on_a_list_of_others(
    rival_api: ApiClient, northwind: Organisation, listing: ProtectedList, speech: SimpleUploadedFile
) -> None:
    with platform_scope():
        platforms = default_list(platform=True)
    for other in (listing.id, platforms.id, uuid4()):
        speech.seek(0)
        problem(upload(rival_api, other, speech), 404, "protected-list-unknown")
    assert changes_of(northwind) == []


def test_a_key_that_may_not_propose_protection_sees_and_does_nothing(
    northwind: Organisation, listed: ProtectedVoice
) -> None:
    others = [scope for scope in ApiScope if scope is not ApiScope.PROTECT]
    api = ApiClient(equip(northwind, *others).secret)
    people = f"/v1/protected-lists/{listed.listing_id}/voices"
    for asked in (
        api.get("/v1/protected-lists"),
        api.get("/v1/protected-lists/changes"),
        api.get("/v1/protected-lists/appeals"),
        api.get(people),
        api.post(f"{people}/{listed.id}/remove", {"reason": "why not"}),
        api.post("/v1/protected-lists/appeals", {"voice": str(listed.id), "grounds": "mine"}),
    ):
        problem(asked, 403, "scope-missing")
    assert [change.kind for change in changes_of(northwind)] == ["add"]


def test_somebody_is_taken_off_once_two_members_agree(
    api: ApiClient, northwind: Organisation, listed: ProtectedVoice, ruth: User, sam: User
) -> None:
    path = f"/v1/protected-lists/{listed.listing_id}/voices/{listed.id}/remove"
    answer = api.post(path, {"reason": "she asked"})
    assert (answer.status_code, answer.json()["kind"], answer.json()["voice"]) == (202, "remove", str(listed.id))
    with organisation_scope(northwind.id, actor="system"):
        assert [match.id for match in screen(heard())] == [listed.id]
    for member in (ruth, sam):
        decide(member, f"changes/{answer.json()['id']}/approve")
    with organisation_scope(northwind.id, actor="system"):
        assert (screen(heard()), bytes(ProtectedVoice.objects.get(id=listed.id).embedding)) == ((), b"")
    problem(api.post(path, {"reason": "again"}), 404, "protected-voice-unknown")


def test_only_who_stands_on_the_list_can_be_taken_off_it_and_only_with_a_reason(
    api: ApiClient, rival_api: ApiClient, northwind: Organisation, listed: ProtectedVoice
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        other = lists.create_list(name="Guests", owner="the studio")
    why = {"reason": "she asked"}
    own = f"/v1/protected-lists/{listed.listing_id}/voices"
    problem(api.post(f"{own}/{listed.id}/remove", {}), 400, "request-malformed")
    problem(api.post(f"{own}/{uuid4()}/remove", why), 404, "protected-voice-unknown")
    problem(api.post(f"/v1/protected-lists/{other.id}/voices/{listed.id}/remove", why), 404, "protected-voice-unknown")
    problem(rival_api.post(f"{own}/{listed.id}/remove", why), 404, "protected-list-unknown")
    assert [change.kind for change in changes_of(northwind)] == ["add"]


def test_a_refused_proposal_keeps_its_reasons_and_not_the_voice(
    api: ApiClient, listing: ProtectedList, engineer: Engineer, members: Members
) -> None:
    ruth, sam = members
    with organisation_scope(engineer.api_key.organisation_id, actor=f"api-key:{engineer.api_key.id}"):
        change = lists.propose_addition(listing, Person("Vera Lind", "asked"), voice=heard())
    path = f"changes/{change.id}/reject"
    problem(decide(ruth, path), 400, "request-malformed")
    problem(decide(ruth, path, {"statement": "  "}), 400, "request-malformed")
    problem(api.post(f"/v1/protected-lists/{path}", {"statement": "no"}), 401, "api-key-missing")
    refused = decide(ruth, path, {"statement": "Nobody knows who this is."}).json()
    assert (refused["status"], refused["statement"], refused["decided_by"]) == (
        "rejected",
        "Nobody knows who this is.",
        f"member:{ruth.pk}",
    )
    assert [stored.embedding for stored in changes_of(listing.organisation)] == [None]
    problem(decide(sam, f"changes/{change.id}/approve"), 409, "change-decided")
    problem(decide(sam, path, {"statement": "twice"}), 409, "change-decided")


def test_another_organisations_member_decides_nothing(
    rival: Organisation, northwind: Organisation, listed: ProtectedVoice, api: ApiClient
) -> None:
    stranger = hire(rival, "Rita", role=Role.OWNER)
    asked = api.post(
        f"/v1/protected-lists/{listed.listing_id}/voices/{listed.id}/remove", {"reason": "she asked"}
    ).json()
    appeal = api.post("/v1/protected-lists/appeals", {"voice": str(listed.id), "grounds": "It is me."}).json()
    problem(decide(stranger, f"changes/{asked['id']}/approve"), 404, "change-unknown")
    problem(decide(stranger, f"changes/{asked['id']}/reject", {"statement": "no"}), 404, "change-unknown")
    verdict = {"grant": True, "statement": "yes"}
    problem(decide(stranger, f"appeals/{appeal['id']}/decide", verdict), 404, "appeal-unknown")


def test_an_appeal_is_decided_by_a_member_with_reasons_and_a_granted_one_proposes_the_removal(
    api: ApiClient, rival_api: ApiClient, listed: ProtectedVoice, members: Members
) -> None:
    ruth, sam = members
    filed = api.post("/v1/protected-lists/appeals", {"voice": str(listed.id), "grounds": "It is her own wish."})
    appeal = filed.json()
    assert (filed.status_code, appeal["status"], appeal["voice"]) == (201, "open", str(listed.id))
    assert [shown["id"] for shown in api.get("/v1/protected-lists/appeals").json()] == [appeal["id"]]
    assert rival_api.get("/v1/protected-lists/appeals").json() == []
    path = f"appeals/{appeal['id']}/decide"
    problem(decide(ruth, path, {"grant": True}), 400, "request-malformed")
    problem(decide(ruth, path, {"grant": True, "statement": " "}), 400, "request-malformed")
    problem(api.post(f"/v1/protected-lists/{path}", {"grant": True, "statement": "yes"}), 401, "api-key-missing")
    decided = decide(ruth, path, {"grant": True, "statement": "She was here."}).json()
    assert (decided["status"], decided["statement"]) == ("granted", "She was here.")
    problem(decide(sam, path, {"grant": False, "statement": "no"}), 409, "appeal-decided")
    _, removal = changes_of(listed.organisation)
    assert (removal.kind, removal.status, removal.voice_id) == ("remove", "proposed", listed.id)
    assert decide(sam, f"changes/{removal.id}/approve").json()["status"] == "applied"


def test_a_dismissed_appeal_changes_nothing(
    api: ApiClient, northwind: Organisation, listed: ProtectedVoice, ruth: User
) -> None:
    appeal = api.post("/v1/protected-lists/appeals", {"voice": str(listed.id), "grounds": "Not her."}).json()
    verdict = {"grant": False, "statement": "It is."}
    assert decide(ruth, f"appeals/{appeal['id']}/decide", verdict).json()["status"] == "dismissed"
    with organisation_scope(northwind.id, actor="system"):
        assert [match.id for match in screen(heard())] == [listed.id]
    assert [change.kind for change in changes_of(northwind)] == ["add"]


def test_a_granted_appeal_about_the_platforms_list_waits_for_its_operator(
    api: ApiClient, northwind: Organisation, ruth: User, measured_ears: object
) -> None:
    with platform_scope():
        person = lists.propose_addition(default_list(platform=True), Person("Vera Lind", "asked"), voice=heard())
        voice = lists.apply_as_operator(person).voice
    assert voice is not None
    appeal = api.post("/v1/protected-lists/appeals", {"voice": str(voice.id), "grounds": "Not her."}).json()
    verdict = {"grant": True, "statement": "It is not."}
    assert decide(ruth, f"appeals/{appeal['id']}/decide", verdict).json()["status"] == "granted"
    with organisation_scope(northwind.id, actor="system"):
        assert [match.id for match in screen(heard())] == [voice.id]


def test_an_appeal_about_nobody_or_without_grounds_is_refused(
    api: ApiClient, rival_api: ApiClient, northwind: Organisation, listed: ProtectedVoice
) -> None:
    path = "/v1/protected-lists/appeals"
    problem(api.post(path, {"voice": str(uuid4()), "grounds": "mine"}), 404, "protected-voice-unknown")
    problem(rival_api.post(path, {"voice": str(listed.id), "grounds": "mine"}), 404, "protected-voice-unknown")
    problem(api.post(path, {"voice": str(listed.id), "grounds": " "}), 400, "request-malformed")
    with organisation_scope(northwind.id, actor="system"):
        assert not ProtectionAppeal.objects.exists()


@pytest.mark.slow
def test_the_recording_of_who_asks_not_to_be_cloned_is_taken_once_and_lies_sealed(speech: SimpleUploadedFile) -> None:
    asked = do_not_clone.ask(name="Ivo Brandt")
    client, path = Client(), f"/v1/do-not-clone/{asked.token}"
    problem(client.post(path, {"audio": SimpleUploadedFile("a.wav", b"no sound")}), 415, "audio-unsupported")
    taken = client.post(path, {"audio": speech})
    assert (taken.status_code, taken.json()["status"]) == (202, "received")
    with platform_scope():
        request = ProtectionRequest.objects.get(id=asked.request.id)
        assert b"RIFF" not in bytes(request.recording or b"RIFF")
    speech.seek(0)
    problem(client.post(path, {"audio": speech}), 409, "protection-request-over")
    problem(client.post("/v1/do-not-clone/vvp_nothing", {"audio": speech}), 404, "protection-request-unknown")
