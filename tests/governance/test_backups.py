"""Backup and restore, with real dumps: nothing is lost, and nothing that was erased comes back."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings
from django.core.files.storage import storages
from psycopg import conninfo, sql

from audit import leaves, publishing, sequencer, storage
from audit.events import Event
from audit.log import append
from audit.merkle import inclusion_proof, verify_inclusion
from audit.queries import EntryView, entries, latest_checkpoint, leaf_of, tile_reader
from consent import evidence
from consent.models import ConsentPurpose, ConsentRecord
from governance import erasure_ledger, narrowing, withdrawal
from governance.backups import dumping, manifest, stores, taking
from governance.embedded.addresses import OWNER_ROLE, admin_url
from governance.embedded.binaries import postgres_binary
from governance.embedded.provisioning import provision_database
from governance.embedded.supervisor import Installation
from governance.errors import BackupError
from tenancy import blobs, keyring
from tenancy.errors import ShreddedError
from tenancy.models import Organisation, SubjectKey
from tenancy.scope import organisation_scope
from tenancy.sealing import HEADER_BYTES
from tests.cast import found
from tests.governance.conftest import give_voice
from tests.governance.test_erasure import SPOKEN, VECTOR, keep_everything
from voices import vault
from voices.models import Reference, Voice

ROOT = Path(__file__).resolve().parents[2]
WINDOW = 16
PACKED = b"VVVOX\x01"
pytestmark = pytest.mark.embedded


@dataclass(frozen=True)
class Secrets:
    """What must be nowhere after an erasure: plain bytes, and what they were sealed into and under."""

    plain: tuple[bytes, ...]
    sealed: tuple[bytes, ...]
    wrapped_key: bytes
    wrapped_secret: bytes

    def windows(self) -> set[bytes]:
        """16 bytes of every 64, raw and as a dump writes them; headers, which name keys and hold none, left out."""
        sealed = [piece[HEADER_BYTES:] for piece in (*self.sealed, self.wrapped_key, self.wrapped_secret)]
        pieces = (*map(without_models, self.plain), *sealed)
        raw = {piece[at : at + WINDOW] for piece in pieces for at in range(0, len(piece) - WINDOW + 1, 4 * WINDOW)}
        return raw | {window.hex().encode() for window in raw}


def without_models(plain: bytes) -> bytes:
    """A packed voice without the header that names its models, as many a row does that is no secret."""
    if not plain.startswith(PACKED):
        return plain
    start = len(PACKED) + 4
    return plain[start + int.from_bytes(plain[len(PACKED) : start], "little") :]


def seen(windows: set[bytes], haystack: bytes) -> int:
    return sum(window in haystack for window in windows)


def administrator() -> str:
    installation = Installation.at(settings.VIVAVOCE_HOME, environment={})
    return admin_url(installation.layout, installation.credentials)


def plain_dump(address: str) -> bytes:
    """The database as readable SQL."""
    parts = conninfo.conninfo_to_dict(address)
    command = [str(postgres_binary("pg_dump")), "--format=plain", f"--dbname={address}"]
    environment = {**os.environ, "PGPASSWORD": str(parts["password"])}
    return subprocess.run(command, capture_output=True, check=True, env=environment).stdout


def blobs_of(organisation_id: object, root: Path) -> bytes:
    files = sorted((root / str(organisation_id)).rglob("*")) if (root / str(organisation_id)).exists() else []
    return b"\0".join(file.read_bytes() for file in files if file.is_file())


def broker_content() -> bytes:
    client = redis.Redis.from_url(_socket(settings.BROKER_URL))
    try:
        return b"\0".join((client.dump(key) or b"") + key for key in client.scan_iter())
    finally:
        client.close()


def _socket(url: str) -> str:
    return url.replace("redis+socket", "unix").partition("?")[0]


@pytest.fixture
def voice(committed_db: None) -> Voice:
    """Amara's voice, with everything that can be kept of her, committed."""
    voice = give_voice(found("Northwind"))
    with organisation_scope(voice.organisation_id, actor="system"):
        keep_everything(voice)
        append(Event.VOICE_CREATED, refs={"voice": voice.id, "speaker": voice.speaker_id}, data={"known": "words"})
    return voice


def secrets_of(voice: Voice) -> Secrets:
    with organisation_scope(voice.organisation_id, actor="system"):
        names = {found.blob: (vault.REFERENCE, found.id) for found in Reference.objects.filter(voice=voice)}
        names |= {sample.blob: (vault.SAMPLE, sample.id) for sample in voice.samples.all()}
        for recording in voice.consent.recordings.all():
            names[recording.blob] = (evidence.RECORDING_KIND, recording.id)
            names[recording.embedding_blob] = (evidence.EMBEDDING_KIND, recording.id)
        plain = tuple(
            blobs.get(name, subject_id=voice.speaker_id, kind=kind, object_id=object_id)
            for name, (kind, object_id) in names.items()
        )
        row = SubjectKey.objects.get(subject_id=voice.speaker_id)
    sealed = tuple((Path(storages["blobs"].location) / name).read_bytes() for name in names)
    return Secrets((*plain, SPOKEN.tobytes(), VECTOR.tobytes()), sealed, bytes(row.wrapped), bytes(row.wrapped_secret))


def log_everything() -> None:
    while sequencer.sequence_once():
        pass
    publishing.publish()


def commitment_of(entry: EntryView, salt: bytes) -> bytes:
    refs = {kind: str(row) for kind, row in entry.refs.items()}
    return leaves.commitment(leaves.payload(entry.actor, entry.data, refs), salt=salt)


@dataclass(frozen=True)
class Elsewhere:
    """An empty installation on the same server: a database, a state folder, and the keyring."""

    home: Path
    name: str
    environment: dict[str, str]

    @property
    def admin(self) -> str:
        return conninfo.make_conninfo(administrator(), dbname=self.name)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, cwd=self.home, check=False, timeout=120
        )

    def restore(self, backup: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return self.manage("restore", str(backup), "--admin-url", administrator(), *more)

    def ready(self) -> str:
        code = (
            "import django; django.setup(); from django.test import Client; c = Client();"
            "print(c.get('/readyz').status_code, c.get('/problems/not-found').status_code)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=self.environment, cwd=ROOT, check=True
        )
        return run.stdout.split("\n")[-2]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    installation = Installation.at(settings.VIVAVOCE_HOME, environment={})
    name = f"restored_{secrets.token_hex(4)}"
    credentials = installation.credentials
    provision_database(
        administrator(),
        name=name,
        owner_password=credentials.owner,
        application_password=credentials.application,
        owner_may_create_databases=True,
    )
    home = tmp_path / "elsewhere"
    home.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "governance.settings",
        "VIVAVOCE_HOME": str(home),
        "VIVAVOCE_TESTING": "1",
        "KEYRING_FILE": str(settings.KEYRING_FILE),
        **{key: _named(os.environ[key], name) for key in ("DATABASE_URL", "DATABASE_OWNER_URL")},
    }
    yield Elsewhere(home, name, environment)
    with psycopg.connect(administrator(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(url: str, name: str) -> str:
    before, _, after = url.rpartition("/vivavoce?")
    return f"{before}/{name}?{after}"


@pytest.fixture
def take(tmp_path: Path) -> Callable[[str], Path]:
    def run(name: str) -> Path:
        folder = tmp_path / name
        taking.take(folder, admin_url=administrator(), with_keyring=False, say=lambda _text: None)
        return folder

    return run


class TestTaking:
    def test_a_backup_is_whole_and_its_owners_alone(self, voice: Voice, take: Callable[[str], Path]) -> None:
        log_everything()
        backup = take("backup")
        listed = manifest.read(backup)["files"]
        assert {"database.dump", "log/checkpoint"} <= set(listed)
        assert any(path.startswith(f"blobs/{voice.organisation_id}/voice-reference/") for path in listed)
        assert not any("erasures" in path or "keyring" in path for path in listed)
        assert {file.stat().st_mode & 0o077 for file in [backup, *backup.rglob("*")]} == {0}

    def test_the_owner_cannot_dump_past_the_fence_so_an_administrator_is_asked_for(
        self, committed_db: None, tmp_path: Path
    ) -> None:
        owner = Installation.at(settings.VIVAVOCE_HOME, environment={}).credentials.owner
        as_owner = conninfo.make_conninfo(
            administrator(), user=OWNER_ROLE, password=owner, dbname=settings.DATABASES["default"]["NAME"]
        )
        with pytest.raises(BackupError, match="row-level security"):
            dumping.dump(as_owner, to=tmp_path / "dump")
        with pytest.raises(BackupError, match="--admin-url"):
            dumping.administrator(None)

    def test_a_folder_is_used_once(self, voice: Voice, take: Callable[[str], Path]) -> None:
        take("backup")
        with pytest.raises(BackupError, match="not empty"):
            take("backup")

    @pytest.mark.parametrize("damage", ["flip", "remove", "add", "unfinished"])
    def test_a_damaged_backup_is_refused_and_the_file_named(
        self, voice: Voice, take: Callable[[str], Path], damage: str
    ) -> None:
        backup = take("backup")
        victim = next(file for file in (backup / "blobs").rglob("*") if file.is_file())
        if damage == "flip":
            raw = bytearray(victim.read_bytes())
            raw[len(raw) // 2] ^= 1
            victim.write_bytes(raw)
        elif damage == "remove":
            victim.unlink()
        elif damage == "add":
            victim = victim.with_name("stranger")
            victim.write_bytes(b"")
        else:
            victim = backup / manifest.NAME
            victim.unlink()
        with pytest.raises(BackupError, match=victim.name.replace(".", r"\.")):
            manifest.read(backup)


@pytest.mark.slow
class TestRestoring:
    def test_after_an_erasure_no_byte_is_left_in_dump_blobs_cache_or_a_restored_backup(
        self, voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere
    ) -> None:
        log_everything()
        windows = secrets_of(voice).windows()
        before = conninfo.make_conninfo(administrator(), dbname=settings.DATABASES["default"]["NAME"])
        blob_root = Path(storages["blobs"].location)
        assert seen(windows, plain_dump(before)) > 0  # the wrapped key: the search can find
        assert seen(windows, blobs_of(voice.organisation_id, blob_root)) > 0
        backup = take("old")
        assert seen(windows, blobs_of(voice.organisation_id, backup / "blobs")) > 0

        with organisation_scope(voice.organisation_id, actor="system"):
            withdrawal.withdraw(voice.consent_id)
        log_everything()
        assert seen(windows, plain_dump(before)) == 0
        assert seen(windows, blobs_of(voice.organisation_id, blob_root)) == 0
        assert seen(windows, broker_content()) == 0
        log = Path(storages["log"].location)
        assert seen(windows, b"".join(file.read_bytes() for file in log.rglob("*") if file.is_file())) == 0

        storages_log = elsewhere.home / "log"  # the published log survived the loss of the database
        shutil.copytree(log, storages_log)
        done = elsewhere.restore(backup, "--ledger", str(settings.ERASURE_LEDGER))
        assert done.returncode == 0, done.stderr
        restored = plain_dump(elsewhere.admin)
        assert f"{voice.speaker_id}".encode() in restored
        assert seen(windows, restored) == 0
        assert seen(windows, blobs_of(voice.organisation_id, elsewhere.home / "blobs")) == 0
        assert elsewhere.ready() == "200 200"
        with psycopg.connect(elsewhere.admin) as database:
            assert database.execute(
                "SELECT status FROM consent_consentrecord WHERE id = %s", [voice.consent_id]
            ).fetchone() == ("withdrawn",)
            size = database.execute("SELECT size FROM audit_logstate").fetchone()
        assert size is not None
        assert size[0] > storage.published_size()

    def test_after_an_erasure_every_proof_verifies_and_no_commitment_can_be_matched(self, voice: Voice) -> None:
        with organisation_scope(voice.organisation_id, actor="system"):
            known = next(entry for entry in entries(about=voice.id) if entry.event == Event.VOICE_CREATED)
            salt = keyring.ledger_salt(voice.speaker_id, event_id=known.id)
            assert known.commitments == (commitment_of(known, salt),)
            withdrawal.withdraw(voice.consent_id)
            with pytest.raises(ShreddedError):
                keyring.ledger_salt(voice.speaker_id, event_id=known.id)
            own = keyring.ledger_salt(None, event_id=known.id)
            assert commitment_of(known, own) not in known.commitments
        log_everything()
        checkpoint = latest_checkpoint()
        assert checkpoint is not None
        reader = tile_reader(checkpoint.size)
        with organisation_scope(voice.organisation_id, actor="system"):
            for entry in entries(about=voice.speaker_id, limit=1_000):
                leaf = leaf_of(entry.id)
                assert leaf is not None
                proof = inclusion_proof(leaf.index, checkpoint.size, node=reader.node)
                place = {"index": leaf.index, "size": checkpoint.size, "root": checkpoint.root}
                verify_inclusion(leaf.leaf_hash, proof=proof, **place)

    def test_a_part_that_was_taken_back_stays_so_after_a_restore_from_before(
        self, voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere
    ) -> None:
        with organisation_scope(voice.organisation_id, actor="system"):
            ConsentRecord.objects.filter(id=voice.consent_id).update(locale="en")
            ConsentPurpose.objects.create(
                organisation_id=voice.organisation_id,
                consent_id=voice.consent_id,
                speaker_id=voice.speaker_id,
                purpose="games",
                active=True,
            )
        backup = take("before")
        with organisation_scope(voice.organisation_id, actor="system"):
            narrowing.narrow(voice.consent_id, purposes=["narration"])
        log_everything()
        shutil.copytree(storages["log"].location, elsewhere.home / "log")
        done = elsewhere.restore(backup, "--ledger", str(settings.ERASURE_LEDGER))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(elsewhere.admin) as database:
            standing = "SELECT purpose FROM consent_consentpurpose WHERE consent_id = %s AND active"
            assert database.execute(standing, [voice.consent_id]).fetchall() == [("narration",)]

    def test_an_old_ledger_is_refused_and_the_restore_stays_unfinished(
        self, voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        backup = take("old")
        with organisation_scope(voice.organisation_id, actor="system"):
            withdrawal.withdraw(voice.consent_id)
        log_everything()
        shutil.copytree(storages["log"].location, elsewhere.home / "log")
        stale = tmp_path / "stale.jsonl"
        erasure_ledger.write(erasure_ledger.read()[:-1], path=stale)
        refused = elsewhere.restore(backup, "--ledger", str(stale))
        assert refused.returncode != 0
        assert "lacks 1 erasures or narrowings" in refused.stderr
        self.serves_nothing(elsewhere)

    @pytest.mark.parametrize("step", ["recovery.roll_forward", "unfinished.end"])
    def test_a_restore_that_was_killed_stays_refused(
        self, voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere, step: str
    ) -> None:
        log_everything()
        backup = take("old")
        killing = (
            "import os, signal, sys, django; django.setup(); from governance.backups import bringing_back as steps;"
            f"steps.{step} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL);"
            "from django.core.management import call_command;"
            "call_command('restore', sys.argv[1], admin_url=sys.argv[2])"
        )
        killed = subprocess.run(
            [sys.executable, "-c", killing, str(backup), administrator()],
            env=elsewhere.environment, cwd=ROOT, capture_output=True, check=False,
        )  # fmt: skip
        assert killed.returncode == -9, killed.stderr
        self.serves_nothing(elsewhere)
        again = elsewhere.restore(backup)
        assert "not empty" in again.stderr

    def serves_nothing(self, elsewhere: Elsewhere) -> None:
        assert elsewhere.ready() == "503 503"
        assert "has not ended" in elsewhere.manage("up").stderr
        worker = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "governance.queue", "worker", "--pool", "solo"],
            env=elsewhere.environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert worker.returncode != 0
        assert "has not ended" in worker.stderr + worker.stdout

    def test_nothing_that_is_there_is_overwritten(
        self, voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere
    ) -> None:
        backup = take("old")
        stranger = elsewhere.home / "blobs" / "mine"
        stranger.parent.mkdir(mode=0o700)
        stranger.write_bytes(b"mine")
        refused = elsewhere.restore(backup)
        assert "blob store is not empty" in refused.stderr
        assert not (elsewhere.home / "restore-unfinished").exists()
        assert stranger.read_bytes() == b"mine"


def test_names_are_found_in_every_folder_of_a_store(voice: Voice, northwind_files: list[str]) -> None:
    assert set(northwind_files) <= set(stores.names(stores.BLOBS))


@pytest.fixture
def northwind_files(voice: Voice) -> list[str]:
    with organisation_scope(voice.organisation_id, actor="system"):
        return list(Reference.objects.filter(voice=voice).values_list("blob", flat=True))


def test_the_manifest_is_plain_json(voice: Voice, take: Callable[[str], Path]) -> None:
    read = json.loads((take("backup") / manifest.NAME).read_text())
    assert read["format"] == 1
    assert Organisation.objects.filter(id=voice.organisation_id).exists()


def test_without_a_keyring_nothing_is_begun(
    voice: Voice, take: Callable[[str], Path], elsewhere: Elsewhere, tmp_path: Path
) -> None:
    elsewhere.environment["KEYRING_FILE"] = str(tmp_path / "nowhere.json")
    refused = elsewhere.restore(take("old"))
    assert "no keyring" in refused.stderr
    assert elsewhere.ready().startswith("200")
