from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from audit import identity, storage
from audit.models import Checkpoint as CheckpointRow
from audit.notes import Ed25519Cosigner, Note
from audit.publishing import publish, show
from audit.sequencer import sequence_once
from audit.verification import Account, DamageError, verify_log
from tenancy import keyring
from tenancy.scope import organisation_scope
from tests.audit.private_log import PrivateLog
from tests.cast import found

FOUNDING = 1  # entries that founding Northwind itself leaves


def test_an_empty_log_verifies(private_log: PrivateLog) -> None:
    account = verify_log()
    assert (account.leaves, account.checkpoints, account.entries, account.waiting) == (0, 0, FOUNDING, FOUNDING)


def test_everything_that_is_stored_is_counted(private_log: PrivateLog) -> None:
    private_log.grow(9)
    size = private_log.grow(600)
    private_log.note_down(3)
    account = verify_log()
    assert size == FOUNDING + 609
    # Bundles 0 and 1 are full and 2 is not, so are the tiles below; one tile above; the small partial ones are gone.
    assert account == Account(
        leaves=size, files=3 + 3 + 1, checkpoints=2, shown=size, entries=size + 3, waiting=3, opened=size + 3
    )


def test_partial_files_of_smaller_checkpoints_are_held_against_the_log_as_well(private_log: PrivateLog) -> None:
    sizes = [private_log.grow(2) for _ in range(3)]
    assert verify_log().files == 2 * len(sizes)
    path = private_log.folder / f"tile/entries/000.p/{sizes[0]}"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamageError, match=rf"The file tile/entries/000\.p/{sizes[0]}\n"):
        verify_log()


def test_what_was_committed_for_an_erased_person_is_counted_and_the_rest_still_opened(private_log: PrivateLog) -> None:
    both = {"speaker": private_log.amara, "protected_voice": private_log.ivo}
    private_log.note_down(2, **both)
    private_log.grow(5)
    with organisation_scope(private_log.northwind.id, actor="system"):
        keyring.shred(subject_id=private_log.amara)
    private_log.grow(0)
    account = verify_log()
    # The entry about the shredding itself is committed under the organisation's own secret.
    assert (account.erased, account.opened) == (2 + 5, FOUNDING + 1)


def test_without_openings_no_key_is_asked_for(private_log: PrivateLog, settings: pytest.FixtureRequest) -> None:
    size = private_log.grow(4)
    settings.KEY_MANAGEMENT = "nowhere.Nothing"
    account = verify_log(openings=False)
    assert (account.unopened, account.opened) == (size, 0)


def test_key_management_that_does_not_answer_is_not_taken_for_a_yes(private_log: PrivateLog) -> None:
    private_log.grow(4)
    with private_log.tampering() as owner:
        owner.execute("ALTER TABLE tenancy_subjectkey NO FORCE ROW LEVEL SECURITY")
        owner.execute("UPDATE tenancy_subjectkey SET wrapped_secret = set_byte(wrapped_secret, 60, 1)")
        owner.execute("ALTER TABLE tenancy_subjectkey FORCE ROW LEVEL SECURITY")
    with pytest.raises(DamageError, match="the key was damaged, or is under other key management"):
        verify_log()


def test_an_entry_that_waits_too_long_is_named(private_log: PrivateLog) -> None:
    private_log.grow(2)
    (entry_id,) = private_log.note_down()
    with pytest.raises(DamageError, match=rf"Entry {entry_id} .*\n.*\n.*\n.*no sequencer"):
        verify_log(patience=timedelta(0))


def test_an_older_checkpoint_put_in_place_of_the_published_one_is_found(private_log: PrivateLog) -> None:
    older = private_log.grow(2)
    kept = storage.read("checkpoint")
    latest = private_log.grow(2)
    storage.write("checkpoint", kept)
    with pytest.raises(DamageError) as raised:
        verify_log(patience=timedelta(0))
    assert raised.value.where == "The published checkpoint"
    assert raised.value.expected.startswith(f"{latest} entries")
    assert raised.value.found == f"{older} entries"


def test_a_checkpoint_that_is_on_record_but_not_shown_yet_is_no_damage(private_log: PrivateLog) -> None:
    private_log.grow(2)
    kept = storage.read("checkpoint")
    private_log.grow(2)
    storage.write("checkpoint", kept)
    assert verify_log().checkpoints == 2


def test_a_signature_by_someone_unknown_is_not_passed_over(private_log: PrivateLog) -> None:
    size = private_log.grow(2)
    stranger = Ed25519Cosigner("stranger.example", bytes(32))
    note = Note.parse(storage.read("checkpoint"))
    show(size, note.with_signatures([stranger.sign(note.text, at=1_800_000_000)]).format())
    with pytest.raises(DamageError, match=r"stranger.example.*neither the log nor a witness"):
        verify_log()


def test_cosignatures_of_the_policys_witnesses_count(private_log: PrivateLog, settings: object, tmp_path: Path) -> None:
    size = private_log.grow(2)
    witness = Ed25519Cosigner("witness.example/w1", bytes(32))
    policy = tmp_path / "policy"
    policy.write_text(f"witness w1 {witness.key}\nquorum w1\n")
    note = Note.parse(storage.read("checkpoint"))
    cosigned = note.with_signatures([witness.sign(note.text, at=1_800_000_000)]).format()
    CheckpointRow.objects.filter(size=size).update(cosigned=cosigned, witnessed=True)
    with pytest.raises(DamageError, match=r"witness.example/w1.*neither the log nor a witness of the policy"):
        verify_log()
    settings.LOG_POLICY_FILE = policy  # type: ignore[attr-defined]
    account = verify_log()
    assert (account.cosignatures, account.witnessed) == (1, 1)


def test_a_checkpoint_is_not_witnessed_because_it_is_marked_so(private_log: PrivateLog) -> None:
    size = private_log.grow(2)
    CheckpointRow.objects.filter(size=size).update(witnessed=True)
    with pytest.raises(DamageError, match=r"is marked as witnessed\n.*quorum.*\n.*none"):
        verify_log()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("DELETE FROM audit_leaf WHERE index = 3", r"Leaf 3\n"),
        (
            "DELETE FROM audit_entry WHERE id = (SELECT entry_id FROM audit_leaf WHERE index = 3)",
            r"Leaf 3\n.*the entry",
        ),
        ("UPDATE audit_leaf SET index = 77 WHERE index = 3", r"Leaf 3\n"),
        ("DELETE FROM audit_logstate", "The state of the log"),
        ("UPDATE audit_logstate SET size = size - 1", "The state of the log"),
        ("UPDATE audit_logstate SET size = size + 1", r"Leaf 7\n"),
        ("UPDATE audit_logstate SET range = range || range", "compact range"),
        ("DELETE FROM audit_checkpoint", "none of this size"),
        ("UPDATE audit_checkpoint SET size = size + 1", "none of this size"),
        (
            "INSERT INTO audit_leaf SELECT 7, gen_random_uuid(), leaf, leaf_hash FROM audit_leaf WHERE index = 3",
            "Leaf 7",
        ),
        ("INSERT INTO audit_checkpoint SELECT 99, root, note, '', false, now() FROM audit_checkpoint", "of 99 entries"),
        ("UPDATE audit_entry SET occurred_at = occurred_at - interval '1 day'", r"Entry .* and leaf"),
        ("UPDATE audit_entry SET actor = 'member:1' WHERE refs ? 'speaker'", "The commitment of entry"),
        ("UPDATE audit_entry SET actor = 'member:1' WHERE NOT refs ? 'speaker'", "The commitments of entry"),
        ("UPDATE audit_entry SET data = '{}'", "The commitment of entry"),
        ("UPDATE audit_entry SET refs = refs - 'speaker'", "The commitments of entry"),
        (
            "UPDATE audit_entry SET refs = jsonb_set(refs, '{speaker}', to_jsonb(gen_random_uuid()))",
            "The commitments of",
        ),
        ("UPDATE audit_entry SET commitments = ''", r"Entry .* and leaf"),
    ],
)
def test_what_a_database_administrator_changes_is_named(
    private_log: PrivateLog, statement: str, complaint: str
) -> None:
    private_log.grow(6)
    with private_log.tampering() as owner:
        owner.execute(statement.encode())
    with pytest.raises(DamageError, match=complaint):
        verify_log()


def test_an_entry_taken_out_of_the_queue_is_missed(private_log: PrivateLog) -> None:
    private_log.grow(2)
    (entry_id,) = private_log.note_down()
    with private_log.tampering() as owner:
        owner.execute("DELETE FROM audit_staged")
    with pytest.raises(DamageError, match=f"Entry {entry_id} .*\n.*\n.*neither"):
        verify_log()


def test_what_waits_in_the_queue_is_what_was_written(private_log: PrivateLog) -> None:
    private_log.grow(2)
    private_log.note_down()
    with private_log.tampering() as owner:
        owner.execute("UPDATE audit_staged SET event = 'consent:record:given'")
    with pytest.raises(DamageError, match=r"in the queue\n.*voice:engine:prepared.*\n.*consent:record:given"):
        verify_log()


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000.p/7", "tile/entries/000.p/7"])
def test_a_file_that_is_gone_is_missed(private_log: PrivateLog, path: str) -> None:
    assert private_log.grow(6) == 7
    (private_log.folder / path).unlink()
    with pytest.raises(DamageError):
        verify_log(patience=timedelta(0))


def test_the_published_log_of_other_keys_is_refused(private_log: PrivateLog, monkeypatch: pytest.MonkeyPatch) -> None:
    private_log.grow(2)
    others = (Ed25519Cosigner("other.example/log", bytes(32)).key,)
    monkeypatch.setattr(identity, "verifier_keys", lambda: others)
    with pytest.raises(DamageError, match="keyring, LOG_ORIGIN"):
        verify_log()


def test_verifying_writes_nothing(private_log: PrivateLog) -> None:
    found("Rival")  # an organisation whose secret salted its founding, and no more
    private_log.grow(3)

    def contents() -> list[object]:
        with private_log.tampering() as owner:
            owner.execute("ALTER TABLE tenancy_subjectkey NO FORCE ROW LEVEL SECURITY")
            owner.execute("ALTER TABLE tenancy_organisationkey NO FORCE ROW LEVEL SECURITY")
            tables = ("audit_entry", "audit_staged", "audit_leaf", "tenancy_subjectkey", "tenancy_organisationkey")
            rows = [sorted(map(str, owner.execute(f"TABLE {table}".encode()).fetchall())) for table in tables]
            owner.execute("ALTER TABLE tenancy_subjectkey FORCE ROW LEVEL SECURITY")
            owner.execute("ALTER TABLE tenancy_organisationkey FORCE ROW LEVEL SECURITY")
        files = {file: file.read_bytes() for file in private_log.folder.rglob("*") if file.is_file()}
        return [rows, files]

    before = contents()
    verify_log()
    assert contents() == before


def test_the_log_may_grow_while_it_is_verified(private_log: PrivateLog) -> None:
    private_log.grow(300)
    grown = []

    def go_on(stage: str, done: int, _total: int) -> None:
        if len(grown) < 3:
            grown.append((stage, done))
            private_log.grow(40)

    account = verify_log(watch=go_on)
    assert account.leaves == FOUNDING + 300
    assert account.entries >= FOUNDING + 300 + 2 * 40


def test_the_command_says_what_was_looked_at(private_log: PrivateLog) -> None:
    size = private_log.grow(3)
    said = io.StringIO()
    call_command("verify_audit_log", stdout=said)
    assert f"{size} leaves" in said.getvalue()
    assert "No witness vouches for any of it" in said.getvalue()
    assert said.getvalue().rstrip().endswith("The log verifies.")


def test_the_command_fails_with_where_what_and_why(private_log: PrivateLog) -> None:
    private_log.grow(3)
    with private_log.tampering() as owner:
        owner.execute("UPDATE audit_leaf SET leaf_hash = sha256('other') WHERE index = 2")
    with pytest.raises(CommandError) as raised:
        call_command("verify_audit_log")
    assert raised.value.returncode == 1
    said = str(raised.value)
    assert "The hash of leaf 2" in said
    assert all(word in said for word in ("expected:", "found:", "meaning:"))


def test_entries_of_every_organisation_are_looked_at(private_log: PrivateLog) -> None:
    rival = found("Rival")
    private_log.grow(3)
    sequence_once()
    publish()
    with private_log.tampering() as owner:
        owner.execute("UPDATE audit_entry SET data = '{\"x\": 1}' WHERE organisation_id = %s", [rival.id])
    with pytest.raises(DamageError, match="The commitment"):
        verify_log()


def test_a_person_of_whom_no_key_was_kept_is_not_an_erased_one(private_log: PrivateLog) -> None:
    private_log.grow(2)
    with private_log.tampering() as owner:
        owner.execute(
            "UPDATE audit_entry SET refs = jsonb_build_object('speaker', %s::text) WHERE refs ? 'speaker'",
            [str(uuid4())],
        )
    with pytest.raises(DamageError, match="The commitments of entry"):
        verify_log()
