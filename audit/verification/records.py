"""Every entry of every organisation against its leaf, and its commitments against what the entry says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import leaves
from audit.log import SUBJECTS
from audit.models import Entry, Leaf, Recovery, Staged
from audit.verification.damage import Account, DamageError, Watch, difference
from tenancy.errors import KeyringError, ShreddedError
from tenancy.keyring import ledger_salt
from tenancy.models import Organisation, SubjectKey
from tenancy.scope import organisation_scope

_READ = 1_024  # entries in memory at a time
_CHANGED = "the entry was changed after it was written, or the secret that salts its commitment was"


def check_records(account: Account, *, size: int, patience: timedelta, openings: bool, watch: Watch) -> None:
    """Each entry is its leaf or waits, and each of the log's first `size` leaves is an entry's.

    Nothing is written: every transaction is rolled back. Memory: one bit for each leaf, and a batch of entries.
    """
    seen = bytearray(size // 8 + 1)
    for organisation_id in Organisation.objects.order_by("id").values_list("id", flat=True).iterator():
        last = None
        while True:
            with organisation_scope(organisation_id, actor="system"):
                batch = _batch(organisation_id, after=last)
                for index in _check_batch(batch, account, patience=patience, openings=openings):
                    if index < size:  # the log may have grown since
                        seen[index // 8] |= 1 << index % 8
                transaction.set_rollback(True)
            if not batch:
                break
            last = batch[-1].sequence
            watch("entries", account.entries, max(size, account.entries))
    _excuse_recovered(seen, size, account)
    _demand_all(seen, size)


def _batch(organisation_id: UUID, *, after: int | None) -> list[Entry]:
    entries = Entry.objects.filter(organisation_id=organisation_id).order_by("sequence")
    return list((entries if after is None else entries.filter(sequence__gt=after))[:_READ])


def _check_batch(batch: Sequence[Entry], account: Account, *, patience: timedelta, openings: bool) -> Iterator[int]:
    """Checks the entries, and gives the indexes of their leaves."""
    ids = [entry.pk for entry in batch]
    # First who waits, then who is logged: an entry that moves meanwhile is seen twice, and not never.
    waiting = {staged.entry_id: staged for staged in Staged.objects.filter(entry_id__in=ids)}
    logged = {leaf.entry_id: leaf for leaf in Leaf.objects.filter(entry_id__in=ids)}
    secrets = _Secrets(batch) if openings else None
    for entry in batch:
        leaf = logged.get(entry.pk)
        if leaf is not None:
            _compare(entry, leaf)
            yield leaf.index
        else:
            _demand_waiting(entry, waiting.get(entry.pk), patience=patience)
            account.waiting += 1
        account.entries += 1
        if secrets is None:
            account.unopened += 1
        else:
            secrets.check(entry, account)


def _compare(entry: Entry, leaf: Leaf) -> None:
    expected = leaves.leaf(
        event_id=entry.pk,
        event=entry.event,
        occurred_at=entry.occurred_at,
        organisation_tag=leaves.organisation_tag(entry.organisation_id),
        commitments=leaves.split(bytes(entry.commitments)),
    )
    if expected != bytes(leaf.leaf):
        wanted, found = difference(expected, bytes(leaf.leaf))
        raise DamageError(
            f"Entry {entry.pk} and leaf {leaf.index}",
            expected=f"as the entry says: {wanted}",
            found=f"in the leaf: {found}",
            meaning="the entry was changed after it was logged, or the leaf belongs to another entry",
        )


def _demand_waiting(entry: Entry, staged: Staged | None, *, patience: timedelta) -> None:
    where = f"Entry {entry.pk} ({entry.event}, {entry.occurred_at.isoformat()})"
    if staged is None:
        raise DamageError(
            where,
            expected="a leaf in the log, or a place in the queue for it",
            found="neither",
            meaning="it was taken out of the queue or the log, or put in past the trigger that queues it",
        )
    said, queued = (
        (row.event, row.occurred_at.isoformat(), str(row.organisation_id), bytes(row.commitments).hex())
        for row in (entry, staged)
    )
    if said != queued:
        raise DamageError(f"{where} in the queue", expected=said, found=queued, meaning="one of the two was changed")
    if entry.occurred_at < timezone.now() - patience and Staged.objects.filter(entry_id=entry.pk).exists():
        raise DamageError(
            where,
            expected=f"a place in the log within {patience.total_seconds():.0f} s",
            found=f"in the queue since {entry.occurred_at.isoformat()}",
            meaning="no sequencer is at work: start `manage.py sequence_audit_log` and look at its log",
        )


class _Secrets:
    """Which of a batch's people still have a secret, which were erased, and the commitments that follow from it."""

    def __init__(self, batch: Sequence[Entry]) -> None:
        subjects = {subject for entry in batch for subject in _subjects(entry)}
        keys = SubjectKey.objects.filter(subject_id__in=subjects)
        alive, erased = keys.filter(wrapped_secret__isnull=False), keys.filter(shredded_at__isnull=False)
        self._alive = set(alive.values_list("subject_id", flat=True))
        self._erased = set(erased.values_list("subject_id", flat=True))

    def check(self, entry: Entry, account: Account) -> None:
        """Every commitment is either made anew from the entry, or made with the secret of someone who was erased."""
        left = list(leaves.split(bytes(entry.commitments)))
        if not left:
            account.uncommitted += 1
            return
        people = _subjects(entry)
        alive = [subject for subject in people if subject in self._alive]
        for subject in alive:
            self._take(entry, left, subject)
        erased = sum(subject in self._erased for subject in people)
        if left and not alive and (organisations := self._expected(entry, None)) in left:
            left.remove(organisations)
        if len(left) > erased or len(alive) + erased < len(people):
            raise _unopened(entry, left)
        account.erased += bool(left)
        account.opened += not left

    def _take(self, entry: Entry, left: list[bytes], subject: UUID) -> None:
        expected = self._expected(entry, subject)
        if expected not in left:
            raise DamageError(
                f"The commitment of entry {entry.pk} for the person {subject}",
                expected=expected,
                found=", ".join(value.hex() for value in left) or "none",
                meaning=_CHANGED,
            )
        left.remove(expected)

    def _expected(self, entry: Entry, subject: UUID | None) -> bytes:
        try:
            salt = ledger_salt(subject, event_id=entry.pk)
        except (KeyringError, ShreddedError) as error:
            raise DamageError(
                f"The commitment of entry {entry.pk}",
                expected="the secret that salts it",
                found=error,
                meaning="the key was damaged, or is under other key management (--no-openings skips this)",
            ) from error
        return leaves.commitment(_payload(entry), salt=salt)


def _payload(entry: Entry) -> bytes:
    try:
        return leaves.payload(entry.actor, entry.data, entry.refs)
    except (ValueError, TypeError) as error:
        raise DamageError(
            f"The particulars of entry {entry.pk}", expected="plain JSON objects", found=error, meaning=_CHANGED
        ) from error


def _subjects(entry: Entry) -> list[UUID]:
    """The people that the entry refers to."""
    try:
        return [UUID(entry.refs[kind]) for kind in SUBJECTS if kind in entry.refs]
    except (ValueError, TypeError, AttributeError) as error:
        raise DamageError(
            f"The references of entry {entry.pk}", expected="identifiers", found=entry.refs, meaning=_CHANGED
        ) from error


def _unopened(entry: Entry, left: Sequence[bytes]) -> DamageError:
    return DamageError(
        f"The commitments of entry {entry.pk}",
        expected="each to follow from the entry, or to be of a person who was erased",
        found=", ".join(value.hex() for value in left) or "a reference to a person of whom no key was ever kept",
        meaning=_CHANGED,
    )


def _excuse_recovered(seen: bytearray, size: int, account: Account) -> None:
    """Leaves that a restore took over from the published log have no entry any more; the account says how many."""
    for recovery in Recovery.objects.order_by("first"):
        for index in range(recovery.first, min(recovery.size, size)):
            if not seen[index // 8] >> index % 8 & 1:
                account.recovered += 1
                seen[index // 8] |= 1 << index % 8


def _demand_all(seen: bytearray, size: int) -> None:
    for index in range(size):
        if not seen[index // 8] >> index % 8 & 1:
            entry_id = Leaf.objects.filter(index=index).values_list("entry_id", flat=True).first()
            raise DamageError(
                f"Leaf {index}",
                expected=f"the entry {entry_id} that it was made of",
                found="no such entry in any organisation",
                meaning="the entry was deleted, or the leaf was put in past the sequencer",
            )
