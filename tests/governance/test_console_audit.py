"""The console's pages about the log: each entry with its standing, its proof to take away, and pages that lead on."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.identity import verifier_keys
from audit.log import append
from audit.models import Checkpoint
from audit.policy import Policy
from audit.proofs import verify_proof
from audit.publishing import publish
from audit.queries import leaf_of
from audit.sequencer import sequence_once
from tenancy import keyring
from tenancy.models import Organisation, Role
from tenancy.scope import organisation_scope
from tests.cast import found, hire, meet


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


@pytest.fixture
def member(firm: Organisation) -> Client:
    client = Client()
    client.force_login(hire(firm, "Ruth", role=Role.REVIEWER))
    return client


def note_down(organisation: Organisation, **refs: UUID) -> UUID:
    with organisation_scope(organisation.id, actor="system"):
        return append(Event.VOICE_PREPARED, refs=refs, data={"likeness": 0.7312})


def log_everything() -> None:
    while sequence_once():
        pass
    publish()


def page(member: Client, entry_id: UUID) -> str:
    response = member.get(reverse("console:entry", args=[entry_id]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_an_entry_that_waits_says_so_and_offers_no_proof(firm: Organisation, member: Client) -> None:
    entry_id = note_down(firm)
    shown = page(member, entry_id)
    assert "waits for its place in the log" in shown
    assert reverse("console:entry-proof", args=[entry_id]) not in shown
    early = member.get(reverse("console:entry-proof", args=[entry_id]))
    assert (early.status_code, "waits for its place" in early.content.decode()) == (409, True)


def test_a_logged_entry_shows_its_leaf_and_gives_its_proof_away(firm: Organisation, member: Client) -> None:
    entry_id = note_down(firm)
    log_everything()
    leaf = leaf_of(entry_id)
    assert leaf is not None
    shown = page(member, entry_id)
    assert "No witness has cosigned a log that holds it" in shown
    assert "Can be opened" in shown
    response = member.get(reverse("console:entry-proof", args=[entry_id]))
    assert response["Content-Disposition"] == f'attachment; filename="{entry_id}.tlog-proof"'
    verified = verify_proof(response.content, leaf=leaf.leaf, policy=Policy().with_logs(verifier_keys()))
    assert verified.index == leaf.index


def test_a_witnessed_entry_is_shown_as_such_in_the_table_and_on_its_page(firm: Organisation, member: Client) -> None:
    entry_id = note_down(firm)
    log_everything()
    latest = Checkpoint.objects.order_by("-size").first()
    assert latest is not None
    Checkpoint.objects.filter(size=latest.size).update(witnessed=True)
    try:
        assert "witnesses outside this system have cosigned" in page(member, entry_id)
        table = member.get(reverse("console:audit")).content.decode()
        assert "Logged and witnessed" in table
        assert f"witnessed up to place {latest.size - 1:,}" in table
    finally:
        Checkpoint.objects.filter(size=latest.size).update(witnessed=False)


def test_an_erased_person_s_commitment_is_shown_as_erased(firm: Organisation, member: Client) -> None:
    speaker = meet(firm, "Amara")
    entry_id = note_down(firm, speaker=speaker.id)
    with organisation_scope(firm.id, actor="system"):
        keyring.shred(subject_id=speaker.id)
    shown = page(member, entry_id)
    assert ("<dt>Erased</dt>" in shown, "Can be opened" in shown) == (True, False)


@pytest.mark.parametrize("name", ["console:entry", "console:entry-proof"])
def test_another_organisation_s_entry_is_unknown(firm: Organisation, member: Client, name: str) -> None:
    theirs = note_down(found("Rival"))
    log_everything()
    for entry_id in (theirs, uuid4()):
        assert member.get(reverse(name, args=[entry_id])).status_code == 404


@pytest.mark.parametrize("name", ["console:entry", "console:entry-proof"])
def test_a_stranger_is_asked_to_sign_in(firm: Organisation, name: str) -> None:
    response = Client().get(reverse(name, args=[note_down(firm)]))
    assert response["Location"].startswith(reverse("console:sign-in"))


def test_the_table_leads_from_the_newest_to_the_oldest_entry(firm: Organisation, member: Client) -> None:
    noted = [note_down(firm) for _ in range(45)]
    first = member.get(reverse("console:audit"))
    assert str(noted[-1]) in first.content.decode()
    older = member.get(reverse("console:audit"), {"before": str(first.context["older"])})
    assert first.context["older"] == noted[5]
    assert [row.happening.identifier for row in older.context["rows"]][:5] == noted[4::-1]


@pytest.mark.parametrize("before", ["nonsense", "ca0a8621-9d46-4316-b662-eedb66aa2ba5"])
def test_an_older_page_that_does_not_exist_is_the_newest(firm: Organisation, member: Client, before: str) -> None:
    entry_id = note_down(firm)
    response = member.get(reverse("console:audit"), {"before": before})
    assert response.context["rows"][0].happening.identifier == entry_id
