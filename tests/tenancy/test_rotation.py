from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from safety import protected_voices
from safety.models import PlatformKey, ProtectedList, ProtectedVoice
from tenancy import rotation
from tenancy.hierarchy import forget_organisations
from tenancy.keyring import ledger_salt, open_sealed, organisation_secret, seal, shred
from tenancy.keyring_file import add_encryption_key
from tenancy.models import KeyState, Organisation, OrganisationKey, SubjectKey
from tenancy.rotation import Behind
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import found
from tests.ears import heard
from tests.tenancy.former import make_former_keys
from watermark.manifest_models import ProvenanceCredential

ROOT = Path(__file__).resolve().parents[2]
AMARA, OBJECT, EVENT = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture(autouse=True)
def own_keyring(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    forget_organisations()
    yield
    forget_organisations()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, northwind: Organisation) -> Organisation:
    """Other tests' organisations have keyrings of their own, which are gone; so have keys of the platform's."""
    with platform_scope():
        PlatformKey.objects.all().delete()
        ProvenanceCredential.objects.all().delete()
    monkeypatch.setattr(rotation, "_organisations", lambda: [northwind.id])
    return northwind


def sealed_voice(subject_id: UUID = AMARA) -> bytes:
    return seal(b"voice", subject_id=subject_id, kind="sample", object_id=OBJECT)


def opened(sealed: bytes, subject_id: UUID = AMARA) -> bytes:
    return open_sealed(sealed, subject_id=subject_id, kind="sample", object_id=OBJECT)


def quietly(_text: str) -> None:
    """Nobody listens."""


def states(organisation: Organisation) -> list[tuple[int, str]]:
    with organisation_scope(organisation.id, actor="system"):
        return list(OrganisationKey.objects.order_by("version").values_list("version", "state"))


@pytest.mark.usefixtures("measured_ears")
def test_a_new_key_of_key_management_wraps_organisations_keys_anew_and_the_old_one_may_go(alone: Organisation) -> None:
    with organisation_scope(alone.id, actor="system"):
        sealed, salt = sealed_voice(), ledger_salt(None, event_id=EVENT)
        protected_voices.add(name="Somebody", reason="asked", action="deny", voice=heard())
        before = bytes(SubjectKey.objects.get(subject_id=AMARA).wrapped or b"")
    call_command("rotate_keys", new_keyring_key=True, drop_former=True)
    forget_organisations()
    with organisation_scope(alone.id, actor="system"):
        assert (opened(sealed), ledger_salt(None, event_id=EVENT)) == (b"voice", salt)
        assert bytes(SubjectKey.objects.get(subject_id=AMARA).wrapped or b"") == before
        assert protected_voices.screen(heard())
    assert states(alone) == [(1, KeyState.ACTIVE)]


@pytest.mark.usefixtures("measured_ears")
def test_the_platforms_protected_voices_come_along(alone: Organisation, settings: Settings) -> None:
    with platform_scope():
        listed = protected_voices.add(name="Everybody", reason="asked", action="deny", voice=heard(), platform=True)
        ProtectedVoice.objects.filter(organisation=None).exclude(pk=listed.pk).delete()
        assert listed.listing is not None
        wrapped, sealed = bytes(listed.listing.wrapped_key), bytes(listed.embedding)
    add_encryption_key(settings.KEYRING_FILE)
    assert rotation.behind() == Behind(organisation_keys=1, held_elsewhere=1)
    assert rotation.catch_up(say=quietly) == Behind(organisation_keys=1, held_elsewhere=1)
    assert rotation.behind().nothing
    with platform_scope():
        assert bytes(ProtectedList.objects.get(pk=listed.listing_id).wrapped_key) != wrapped
        assert bytes(ProtectedVoice.objects.get(pk=listed.pk).embedding) == sealed


def test_a_new_organisation_key_takes_over_every_subject_and_no_sealed_byte_changes(alone: Organisation) -> None:
    with organisation_scope(alone.id, actor="system"):
        sealed, secret = sealed_voice(), organisation_secret("rotation")
        salts = [ledger_salt(subject, event_id=EVENT) for subject in (None, AMARA)]
        shred(subject_id=uuid4())
    assert rotation.begin_organisation_rotation(before=timezone.now()) == 1
    assert rotation.behind() == Behind(subject_keys=1)
    assert rotation.catch_up(say=quietly) == Behind(subject_keys=1)
    assert rotation.behind().nothing
    assert states(alone) == [(1, KeyState.DESTROYED), (2, KeyState.ACTIVE)]
    forget_organisations()
    with organisation_scope(alone.id, actor="system"):
        assert opened(sealed) == b"voice"
        assert organisation_secret("rotation") == secret
        assert [ledger_salt(subject, event_id=EVENT) for subject in (None, AMARA)] == salts
        events = [entry.event for entry in entries()]
        assert (Event.ORGANISATION_KEY_ROTATED in events, Event.ORGANISATION_KEY_DESTROYED in events) == (True, True)


def test_between_the_two_steps_everything_opens_and_new_subjects_get_the_new_key(alone: Organisation) -> None:
    with organisation_scope(alone.id, actor="system"):
        sealed = sealed_voice()
    rotation.begin_organisation_rotation(before=timezone.now())
    ivo = uuid4()
    with organisation_scope(alone.id, actor="system"):
        ivos = sealed_voice(ivo)
        assert (opened(sealed), opened(ivos, ivo)) == (b"voice", b"voice")
        key = SubjectKey.objects.select_related("organisation_key").get(subject_id=ivo).organisation_key
        assert key is not None
        assert key.version == 2


def test_a_rotation_begun_before_is_not_begun_again(alone: Organisation) -> None:
    with organisation_scope(alone.id, actor="system"):
        sealed_voice()
    moment = timezone.now()
    assert [rotation.begin_organisation_rotation(before=moment) for _ in range(2)] == [1, 0]


def test_keys_of_the_former_format_are_rotated_too(alone: Organisation) -> None:
    with organisation_scope(alone.id, actor="system"):
        sealed = make_former_keys(AMARA, voice=b"an old recording")
    call_command("rotate_keys", organisation_keys=True)
    with organisation_scope(alone.id, actor="system"):
        assert opened(sealed) == b"an old recording"
    assert states(alone) == [(1, KeyState.DESTROYED), (2, KeyState.ACTIVE)]


def test_counting_changes_nothing_and_says_how_many_are_behind(
    alone: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    with organisation_scope(alone.id, actor="system"):
        for _ in range(3):
            sealed_voice(uuid4())
    rotation.begin_organisation_rotation(before=timezone.now())
    with pytest.raises(CommandError, match="still needed"):
        call_command("rotate_keys", check=True)
    assert "0 organisation keys, 3 subject keys" in capsys.readouterr().out
    assert rotation.behind() == Behind(subject_keys=3)


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
def test_a_rotation_killed_in_the_middle_loses_nothing_and_goes_on(settings: Settings) -> None:
    """SIGKILL while subjects move one by one; everything opens meanwhile, and the next run ends it."""
    northwind, subjects = found("Northwind"), [uuid4() for _ in range(60)]
    with organisation_scope(northwind.id, actor="system"):
        sealed = {subject: sealed_voice(subject) for subject in subjects}
    script = (
        "import django; django.setup()\n"
        "from datetime import datetime\n"
        "from uuid import UUID\n"
        "from tenancy import rotation\n"
        f"rotation._organisations = lambda: [UUID('{northwind.id}')]\n"
        f"rotation.begin_organisation_rotation(before=datetime.fromisoformat('{timezone.now().isoformat()}'))\n"
        "rotation.catch_up(say=lambda text: print(text, flush=True), batch=1)\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "governance.settings",
        "KEYRING_FILE": str(settings.KEYRING_FILE),
        "VIVAVOCE_TESTING": "1",
        "PYTHONPATH": str(ROOT),
    }
    kills = 0
    for stop_after in (1, 7, 20, None):
        command = [sys.executable, "-c", script]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            for _ in range(stop_after or 0):
                process.stdout.readline()
            if stop_after:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.stdout.read()
        forget_organisations()
        with organisation_scope(northwind.id, actor="system"):
            moved = SubjectKey.objects.filter(organisation_key__version=2).count()
            assert all(opened(sealed[subject], subject) == b"voice" for subject in subjects)
        assert moved == 60 if stop_after is None else 0 < moved < 60
    assert kills == 3
    assert states(northwind) == [(1, KeyState.DESTROYED), (2, KeyState.ACTIVE)]


@pytest.mark.usefixtures("committed_db")
def test_a_subject_added_while_the_key_retires_is_not_lost() -> None:
    """Whoever adds a subject holds the key that wraps it against retiring until they have committed."""
    northwind, begun, order = found("Northwind"), threading.Event(), list[str]()

    def rotate() -> None:
        begun.wait()
        rotation._begin_one(northwind.id, before=timezone.now())
        order.append("rotated")
        connection.close()

    rotator = threading.Thread(target=rotate)
    rotator.start()
    with organisation_scope(northwind.id, actor="system"):
        sealed = sealed_voice()
        begun.set()
        time.sleep(0.5)
        order.append("committed")
    rotator.join()
    assert order == ["committed", "rotated"]
    rotation._catch_up_one(northwind.id, say=quietly, batch=10)
    forget_organisations()
    with organisation_scope(northwind.id, actor="system"):
        assert opened(sealed) == b"voice"
