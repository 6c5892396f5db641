"""The audit trail over HTTP: what an organisation reads of its own, and what anyone can check without a key."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.identity import verifier_keys
from audit.log import append
from audit.merkle import verify_consistency
from audit.notes import Checkpoint, Note
from audit.policy import Policy, verify_checkpoint
from audit.proofs import verify_proof
from audit.publishing import publish
from audit.sequencer import sequence_once
from audit.tiles import bundle_path, decode_bundle, new_tiles, width_of
from consent.models import Speaker
from tenancy import keyring
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip, found, meet
from tests.governance.conftest import ApiClient
from tests.governance.test_api_refusals import problem

PREFIX = "/v1/audit"


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


@pytest.fixture
def reader(firm: Organisation) -> ApiClient:
    return ApiClient(equip(firm, ApiScope.AUDIT).secret)


@pytest.fixture
def other(committed_db: None) -> ApiClient:
    return ApiClient(equip(found("Rival"), ApiScope.AUDIT).secret)


@pytest.fixture
def speaker(firm: Organisation) -> Speaker:
    return meet(firm, "Amara")


def note_down(organisation: Organisation, event: Event = Event.VOICE_PREPARED, **refs: UUID) -> UUID:
    with organisation_scope(organisation.id, actor="system"):
        return append(event, refs=refs, data={"likeness": 0.71})


def log_everything() -> None:
    while sequence_once():
        pass
    publish()


def anyone(address: str) -> Any:
    return Client().get(f"{PREFIX}{address}")


def checkpoint() -> Checkpoint:
    return Checkpoint.parse(Note.parse(anyone("/checkpoint").content).text)


def detail(reader: ApiClient, entry_id: UUID) -> dict[str, Any]:
    body: dict[str, Any] = reader.get(f"{PREFIX}/entries/{entry_id}").json()
    return body


# Listing.


def test_the_trail_is_read_page_by_page_and_every_entry_comes_once(firm: Organisation, reader: ApiClient) -> None:
    noted = [note_down(firm) for _ in range(7)]
    address, seen = f"{PREFIX}/entries?event={Event.VOICE_PREPARED}&limit=3", []
    for _ in range(3):
        response = reader.get(address)
        seen += [entry["id"] for entry in response.json()]
        address = response.headers.get("Link", "").removeprefix("<").partition(">")[0]
    assert (seen, address) == ([str(entry_id) for entry_id in noted], "")


def test_filters_narrow_by_event_row_and_time(firm: Organisation, reader: ApiClient) -> None:
    before = timezone.now()
    voice = uuid4()
    first = note_down(firm, voice=voice)
    between = timezone.now()
    second = note_down(firm, Event.VOICE_ERASED, voice=voice)

    def read(**query: str) -> list[str]:
        return [entry["id"] for entry in reader.get(f"{PREFIX}/entries", data=query).json()]

    assert read(about=str(voice)) == [str(first), str(second)]
    assert read(about=str(voice), event="voice:reference:erased") == [str(second)]
    assert read(about=str(voice), since=between.isoformat()) == [str(second)]
    assert read(about=str(voice), until=between.isoformat()) == [str(first)]
    assert read(until=before.isoformat(), about=str(voice)) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("event=voice:record:sung", "event"),
        ("about=amara", "about"),
        ("since=yesterday", "since"),
        ("after=1", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(reader: ApiClient, query: str, field: str) -> None:
    assert set(problem(reader.get(f"{PREFIX}/entries?{query}"), 400, "request-malformed")["errors"]) == {field}


def test_a_place_in_the_log_is_shown_once_there_is_one(firm: Organisation, reader: ApiClient) -> None:
    entry_id = note_down(firm)
    assert (detail(reader, entry_id)["index"], detail(reader, entry_id)["log"]) == (None, None)
    log_everything()
    index = detail(reader, entry_id)["index"]
    assert isinstance(index, int)
    assert [entry["index"] for entry in reader.get(f"{PREFIX}/entries").json() if entry["id"] == str(entry_id)] == [
        index
    ]


# Whose it is.


@pytest.mark.parametrize("address", ["", "/{}", "/{}/proof"])
def test_entries_are_not_read_without_the_scope_or_a_key(firm: Organisation, address: str) -> None:
    asked = f"{PREFIX}/entries{address.format(note_down(firm))}"
    problem(ApiClient(None).get(asked), 401, "api-key-missing")
    problem(ApiClient(equip(firm, ApiScope.DETECT).secret).get(asked), 403, "scope-missing")


@pytest.mark.parametrize("address", ["/entries/{}", "/entries/{}/proof", "/entries?after={}"])
def test_another_organisations_entry_is_exactly_as_unknown_as_none(
    firm: Organisation, other: ApiClient, address: str
) -> None:
    entry_id = note_down(firm)
    log_everything()
    theirs = problem(other.get(PREFIX + address.format(entry_id)), 404, "entry-unknown")
    assert theirs == problem(other.get(PREFIX + address.format(uuid4())), 404, "entry-unknown")


# Openings and proofs.


def test_an_entrys_opening_matches_the_commitment_in_its_leaf(
    firm: Organisation, reader: ApiClient, speaker: Speaker
) -> None:
    entry_id = note_down(firm, speaker=speaker.id)
    log_everything()
    body = detail(reader, entry_id)
    leaf = base64.b64decode(body["log"]["leaf"])
    payload = base64.b64decode(body["opening"]["payload"])
    (opened,) = body["opening"]["salts"]
    committed = b"vivavoce/commit/v1\0" + bytes.fromhex(opened["salt"]) + len(payload).to_bytes(8, "big") + payload
    assert json.loads(leaf)["commitments"] == [opened["commitment"]] == [hashlib.sha256(committed).hexdigest()]
    assert base64.b64decode(body["log"]["leaf_hash"]) == hashlib.sha256(b"\0" + leaf).digest()
    assert str(speaker.id).encode() in payload
    assert str(speaker.id).encode() not in leaf


def test_after_erasure_the_salt_is_gone_and_the_proof_still_holds(
    firm: Organisation, reader: ApiClient, speaker: Speaker
) -> None:
    entry_id = note_down(firm, speaker=speaker.id)
    with organisation_scope(firm.id, actor="system"):
        keyring.shred(subject_id=speaker.id)
    log_everything()
    body = detail(reader, entry_id)
    assert [opened["salt"] for opened in body["opening"]["salts"]] == [None]
    proof = reader.get(f"{PREFIX}/entries/{entry_id}/proof").content
    verified = verify_proof(proof, leaf=base64.b64decode(body["log"]["leaf"]), policy=ours())
    assert verified.index == body["index"]


def ours() -> Policy:
    return Policy().with_logs(verifier_keys())


def test_a_proof_verifies_offline_and_says_whether_it_is_witnessed(firm: Organisation, reader: ApiClient) -> None:
    entry_id = note_down(firm)
    log_everything()
    response = reader.get(f"{PREFIX}/entries/{entry_id}/proof")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{entry_id}.tlog-proof"'
    leaf = base64.b64decode(detail(reader, entry_id)["log"]["leaf"])
    verified = verify_proof(response.content, leaf=leaf, policy=ours())
    assert str(verified.index) == response["Proof-Index"]
    assert (str(verified.size), response["Proof-Witnessed"]) == (response["Proof-Size"], "false")


def test_before_it_is_logged_an_entry_has_no_proof_and_the_answer_says_when_to_ask_again(
    firm: Organisation, reader: ApiClient
) -> None:
    response = reader.get(f"{PREFIX}/entries/{note_down(firm)}/proof")
    problem(response, 409, "proof-not-ready")
    assert int(response["Retry-After"]) > 0


# What anyone may read.


def test_the_checkpoint_and_its_keys_are_public(firm: Organisation) -> None:
    note_down(firm)
    log_everything()
    response = anyone("/checkpoint")
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/plain; charset=utf-8", "public, max-age=1")
    keys = anyone("/keys").json()
    assert keys == {"origin": "vivavoce.invalid/log", "keys": [str(key) for key in verifier_keys()], "policy": ""}
    verified = verify_checkpoint(Note.parse(response.content), policy=ours())
    assert {str(key) for key in verified.keys} == set(keys["keys"])


def test_every_tile_of_the_published_log_is_public_and_holds_its_leaves(firm: Organisation, reader: ApiClient) -> None:
    entry_id = note_down(firm)
    log_everything()
    size = checkpoint().size
    for tile in new_tiles(0, size):
        response = anyone(f"/{tile.path}")
        assert (response.status_code, len(response.content)) == (200, 32 * tile.width)
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    index = detail(reader, entry_id)["index"]
    bundle, place = divmod(index, 256)
    width = width_of(0, bundle, size=size)
    leaves = decode_bundle(anyone(f"/{bundle_path(bundle, width)}").content, count=width)
    assert json.loads(leaves[place])["id"] == str(entry_id)


@pytest.mark.parametrize(
    "address",
    [
        "/tile/0/../checkpoint",
        "/tile/0/..%2f..%2fkeyring.json",
        "/tile/entries/..%2f..%2fkeyring.json",
        "/tile/entries/%2e%2e/%2e%2e/keyring.json",
        "/tile/0//etc/passwd",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/01",
        "/tile/0/000.p/999",
        "/tile/0/x000/000",
        "/tile/0/0000",
        "/tile/0/00",
        "/tile/0/000%0a",
        "/tile/0/٠٠٠",
        "/tile/00/000",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/0/999",
        "/tile/63/000",
        "/tile/entries/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_what_is_no_tile_of_the_log_is_not_found(firm: Organisation, address: str) -> None:
    note_down(firm)
    log_everything()
    problem(anyone(address), 404, "not-found")


def test_consistency_is_provable_between_any_two_sizes(firm: Organisation) -> None:
    for _ in range(9):
        note_down(firm)
    log_everything()
    latest = checkpoint()
    for smaller in range(1, min(latest.size, 12)):
        for larger in {smaller, smaller + 1, latest.size - 1, latest.size}:
            body = anyone(f"/consistency?from={smaller}&to={larger}").json()
            old, new = (base64.b64decode(body[name]) for name in ("from_root", "to_root"))
            path = [base64.b64decode(digest) for digest in body["proof"]]
            verify_consistency(old_size=smaller, new_size=larger, old_root=old, new_root=new, proof=path)
            assert larger != latest.size or new == latest.root


def test_consistency_is_refused_where_there_is_nothing_to_compare(firm: Organisation) -> None:
    note_down(firm)
    log_everything()
    size = checkpoint().size
    problem(anyone(f"/consistency?from=1&to={size + 1}"), 409, "proof-not-ready")
    for query, field in [("from=0&to=1", "from"), ("from=2&to=1", "non_field_errors"), ("from=1", "to")]:
        assert set(problem(anyone(f"/consistency?{query}"), 400, "request-malformed")["errors"]) == {field}


# Export.


@pytest.mark.parametrize(
    ("form", "identifier", "place"),
    [
        ("jsonl", lambda line: line["id"], lambda line: line["index"]),
        ("ocsf", lambda line: line["metadata"]["uid"], lambda line: line["metadata"]["sequence"]),
    ],
)
def test_the_export_gives_what_is_logged_in_the_logs_order_and_goes_on_where_it_ended(
    firm: Organisation, reader: ApiClient, form: str, identifier: Callable[[Any], str], place: Callable[[Any], int]
) -> None:
    noted = [str(note_down(firm)) for _ in range(3)]
    log_everything()

    def lines(after: int = -1) -> list[Any]:
        response = reader.get(f"{PREFIX}/export?format={form}&after={after}")
        assert response["Content-Type"] == "application/x-ndjson"
        return [json.loads(line) for line in response.getvalue().splitlines()]

    first = lines()
    assert [identifier(line) for line in first][-3:] == noted
    assert sorted(map(place, first)) == [place(line) for line in first]
    note_down(firm)
    assert lines(place(first[-1])) == []
    log_everything()
    assert len(lines(place(first[-1]))) == 1


def test_the_export_holds_no_one_elses_entries(firm: Organisation, other: ApiClient) -> None:
    entry_id = note_down(firm)
    log_everything()
    exported = other.get(f"{PREFIX}/export").getvalue().decode()
    assert exported
    assert str(entry_id) not in exported


def test_an_export_longer_than_a_batch_comes_whole(
    firm: Organisation, reader: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.api.audit.BATCH", 2)
    noted = {str(note_down(firm)) for _ in range(5)}
    log_everything()
    exported = [json.loads(line)["id"] for line in reader.get(f"{PREFIX}/export").getvalue().splitlines()]
    assert len(exported) == len(set(exported))
    assert set(exported) >= noted


def test_an_unknown_form_of_export_is_refused(reader: ApiClient) -> None:
    problem(reader.get(f"{PREFIX}/export?format=xml"), 400, "request-malformed")


def test_the_trail_is_cut_at_the_moment_asked_for(firm: Organisation, reader: ApiClient) -> None:
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert reader.get(f"{PREFIX}/entries", data={"since": later}).json() == []
