from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from consent import links
from consent.models import CeremonyRecording, ConsentRecord, Representative
from consent.outcome import answer_by
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.cases import ask_amara, held_recording, let_in
from tests.governance.everything import tone

STATEMENT = "I am Amara's guardian, and I agree to the notice."


@pytest.fixture
def consent(northwind: Organisation) -> ConsentRecord:
    with organisation_scope(northwind.id, actor="system"):
        return ask_amara()


@pytest.fixture
def ceremony(client: Client, consent: ConsentRecord, northwind: Organisation) -> str:
    """A ceremony's address, whose second factor the client has passed."""
    with organisation_scope(northwind.id, actor="system"):
        token = links.new_link(consent, kind="ceremony", expires_at=timezone.now() + timedelta(days=1))
    path = f"/v1/ceremonies/{token}"
    let_in(client, path, consent)
    return path


def send(client: Client, ceremony: str, **changes: Any) -> Any:
    document = SimpleUploadedFile("order.pdf", b"%PDF-1.7 the court's order")
    body = {"who": "Ruth Okafor", "capacity": "guardian", "statement": STATEMENT, "document": document, **changes}
    return client.post(f"{ceremony}/representative", body)


def test_a_representative_is_named_and_told_when_to_expect_an_answer(
    client: Client, ceremony: str, northwind: Organisation
) -> None:
    assert client.get(f"{ceremony}/representative").json()["type"] == "/problems/representative-unknown"
    answer = send(client, ceremony)
    assert (answer.status_code, answer.json()["status"], answer.json()["consent_status"]) == (202, "held", "requested")
    with organisation_scope(northwind.id, actor="system"):
        named = Representative.objects.get()
    asked_again = client.get(f"{ceremony}/representative").json()
    assert asked_again["answer_expected_by"][:19] == answer_by(named.named_at).isoformat()[:19]
    assert "document" not in str(asked_again)


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ((400, "/problems/request-malformed"), {"capacity": "friend"}),
        ((422, "/problems/representative-incomplete"), {"statement": "Yes."}),
        ((415, "/problems/document-unsupported"), {"document": SimpleUploadedFile("a.html", b"<html>")}),
    ],
)
def test_what_is_wrong_is_said_as_a_problem_and_nothing_is_kept(
    client: Client, ceremony: str, northwind: Organisation, problem: tuple[int, str], changes: dict[str, Any]
) -> None:
    answer = send(client, ceremony, **changes)
    assert (answer.status_code, answer.json()["type"]) == problem
    with organisation_scope(northwind.id, actor="system"):
        assert not Representative.objects.exists()


def test_a_held_recording_says_why_and_when_to_expect_an_answer(
    client: Client, ceremony: str, consent: ConsentRecord, northwind: Organisation
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        recording = held_recording(consent)
    found = client.get(f"{ceremony}/recordings/{recording.id}").json()
    assert (found["status"], [reason["effect"] for reason in found["reasons"]]) == ("held", ["hold"])
    assert found["answer_expected_by"][:19] == answer_by(recording.verified_at).isoformat()[:19]
    with organisation_scope(northwind.id, actor="system"):
        CeremonyRecording.objects.filter(id=recording.id).update(status="refused")
    assert client.get(f"{ceremony}/recordings/{recording.id}").json()["answer_expected_by"] is None


def test_a_repetition_of_one_part_is_refused_and_the_phrase_stays_good(client: Client, ceremony: str) -> None:
    assert client.post(f"{ceremony}/age", {"adult": True}).status_code == 200
    challenge = client.post(f"{ceremony}/challenges").json()
    body = {"challenge": challenge["id"], "mode": "repetition", "audio": SimpleUploadedFile("a.wav", tone(220))}
    answer = client.post(f"{ceremony}/recordings", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/recording-parts")
    read = {"challenge": challenge["id"], "audio": SimpleUploadedFile("a.wav", tone(220))}
    assert client.post(f"{ceremony}/recordings", read).status_code == 202
