from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone
from pytest_django import Settings

from audit import stamping, tasks
from audit.errors import TimestampError
from audit.models import Checkpoint, Timestamp, TimestampStatus
from audit.timestamps import TrustedAuthorities, sort_authorities
from tests.time_authority import TimeAuthority, time_authority
from tests.witnesses import SmallLog

GRANTED, FAILED, REQUESTED = TimestampStatus.GRANTED, TimestampStatus.FAILED, TimestampStatus.REQUESTED


@pytest.fixture
def authority(db: None, tmp_path: Path, settings: Settings) -> Iterator[TimeAuthority]:
    with time_authority() as answering:
        (tmp_path / "roots.pem").write_bytes(answering.pem())
        settings.TIMESTAMP_ROOTS = tmp_path / "roots.pem"
        settings.TIMESTAMP_AUTHORITIES = [answering.url]
        yield answering


@pytest.fixture
def trusted(authority: TimeAuthority) -> TrustedAuthorities:
    return sort_authorities([authority.root])


def publish(size: int) -> Checkpoint:
    """A checkpoint larger than any that another test left behind."""
    log = SmallLog("log.example/one").grow(*(str(number) for number in range(size)))
    place = 10**15 + size
    return Checkpoint.objects.create(size=place, root=log.root(), note=log.note().format())


def test_the_latest_checkpoint_is_stamped_once(authority: TimeAuthority, trusted: TrustedAuthorities) -> None:
    publish(2)
    latest = publish(3)
    tasks.request_timestamps()
    tasks.request_timestamps()
    (stamp,) = Timestamp.objects.filter(checkpoint__size__gte=10**15)
    assert (stamp.checkpoint, stamp.status, stamp.attempts, len(authority.asked)) == (latest, GRANTED, 1, 1)
    proven = stamping.verify_stored(stamp, trusted=trusted)
    assert (proven.time, proven.authority) == (stamp.granted_at, "CN=Test authority")


def test_every_new_checkpoint_has_its_turn_and_a_certain_one_when_asked_for(authority: TimeAuthority) -> None:
    earlier, latest = publish(2), publish(3)
    assert (stamping.stage(), stamping.stage()) == (1, 0)
    assert stamping.stage(size=earlier.size) == 1
    assert stamping.stage(size=5) == 0
    assert stamping.attempt_due() == 2
    assert {stamp.checkpoint for stamp in Timestamp.objects.filter(status=GRANTED)} >= {earlier, latest}


def test_an_authority_that_is_away_is_asked_again_later_and_less_and_less_often(authority: TimeAuthority) -> None:
    stamping.stage(size=publish(2).size)
    authority.status = 503
    now = timezone.now()
    waits = []
    for attempt in range(1, 12):
        assert stamping.attempt_due(now=now) == 0
        stamp = Timestamp.objects.get(checkpoint__size__gte=10**15)
        assert (stamp.status, stamp.attempts) == (FAILED, attempt)
        assert stamp.next_attempt_at is not None
        waits.append(stamp.next_attempt_at - now)
        assert stamping.attempt_due(now=stamp.next_attempt_at - timedelta(seconds=1)) == 0
        now = stamp.next_attempt_at
    assert len(authority.asked) == 11
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert waits[-1] == stamping.LONGEST_WAIT
    authority.status = 200
    assert stamping.attempt_due(now=now) == 1
    stamp = Timestamp.objects.get(checkpoint__size__gte=10**15)
    assert (stamp.status, stamp.next_attempt_at) == (GRANTED, None)


def test_after_many_attempts_it_is_given_up(authority: TimeAuthority) -> None:
    stamping.stage(size=publish(2).size)
    Timestamp.objects.filter(checkpoint__size__gte=10**15).update(attempts=stamping.MOST_ATTEMPTS - 1)
    authority.status = 503
    assert stamping.attempt_due() == 0
    stamp = Timestamp.objects.get(checkpoint__size__gte=10**15)
    assert (stamp.status, stamp.next_attempt_at) == (FAILED, None)
    assert stamping.attempt_due(now=timezone.now() + timedelta(days=30)) == 0
    assert len(authority.asked) == 1


def test_one_authority_that_is_away_keeps_no_other_from_stamping(authority: TimeAuthority, settings: Settings) -> None:
    settings.TIMESTAMP_AUTHORITIES = ["http://127.0.0.1:9/tsr", authority.url]
    checkpoint = publish(2)
    tasks.request_timestamps()
    found = dict(Timestamp.objects.filter(checkpoint=checkpoint).values_list("authority", "status"))
    assert found == {"http://127.0.0.1:9/tsr": FAILED, authority.url: GRANTED}


def test_of_two_workers_one_asks(authority: TimeAuthority, trusted: TrustedAuthorities) -> None:
    stamping.stage(size=publish(2).size)
    now = timezone.now()
    (stamp,) = Timestamp.objects.filter(checkpoint__size__gte=10**15)
    assert stamping._attempt(stamp, trusted=trusted, moment=now)
    assert not stamping._attempt(stamp, trusted=trusted, moment=now)  # a second worker that had read the row before
    assert len(authority.asked) == 1


def test_without_certificates_nothing_is_asked(authority: TimeAuthority, settings: Settings, tmp_path: Path) -> None:
    stamping.stage(size=publish(2).size)
    settings.TIMESTAMP_ROOTS = tmp_path / "nowhere.pem"
    assert stamping.attempt_due() == 0
    assert (Timestamp.objects.get(checkpoint__size__gte=10**15).attempts, authority.asked) == (0, [])


def test_every_flipped_bit_of_a_stored_token_is_found(authority: TimeAuthority, trusted: TrustedAuthorities) -> None:
    stamping.stage(size=publish(2).size)
    stamping.attempt_due()
    stamp = Timestamp.objects.select_related("checkpoint").get(checkpoint__size__gte=10**15)
    assert stamp.token is not None
    token = bytes(stamp.token)
    for bit in range(0, len(token) * 8, 7):
        damaged = bytearray(token)
        damaged[bit // 8] ^= 1 << bit % 8
        stamp.token = bytes(damaged)
        with pytest.raises(TimestampError, match="another hash"):
            stamping.verify_stored(stamp, trusted=trusted)
    stamp.token, stamp.granted_at = token, timezone.now()
    with pytest.raises(TimestampError, match="noted beside it"):
        stamping.verify_stored(stamp, trusted=trusted)


def test_a_token_over_another_checkpoint_is_found(authority: TimeAuthority, trusted: TrustedAuthorities) -> None:
    other = publish(3)
    stamping.stage(size=publish(2).size)
    stamping.attempt_due()
    stamp = Timestamp.objects.get(checkpoint__size__gte=10**15)
    stamp.checkpoint = other
    with pytest.raises(TimestampError, match="Mismatch between messages"):
        stamping.verify_stored(stamp, trusted=trusted)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_timestamp SET token = 'x', token_hash = 'x' WHERE status = 'granted'",
        "UPDATE audit_timestamp SET status = 'failed', token = NULL, token_hash = NULL, granted_at = NULL",
        "UPDATE audit_timestamp SET authority = 'https://elsewhere.example'",
        "DELETE FROM audit_timestamp",
        "TRUNCATE audit_timestamp",
    ],
)
def test_a_granted_stamp_stays_as_it_is(authority: TimeAuthority, statement: str) -> None:
    stamping.stage(size=publish(2).size)
    assert stamping.attempt_due() == 1
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Timestamp.objects.filter(checkpoint__size__gte=10**15, status=GRANTED, token__isnull=False).count() == 1


def test_the_database_knows_no_granted_stamp_without_its_token(authority: TimeAuthority) -> None:
    with pytest.raises(IntegrityError, match="granted_timestamp_has_its_token"), transaction.atomic():
        Timestamp.objects.create(checkpoint=publish(2), authority=authority.url, status=GRANTED)
