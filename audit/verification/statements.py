"""What was signed: every checkpoint on record against the tree, and the one that is published."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from audit import identity, storage
from audit.errors import MissingObjectError, NoteError
from audit.merkle import CompactRange
from audit.models import Checkpoint, LogState
from audit.notes import Checkpoint as Statement
from audit.notes import Note, VerifierKey
from audit.verification.damage import Account, DamageError
from audit.witnessing import read_policy

_READ = 256  # rows in memory at a time
_FORGED = "the note was changed, or the keyring, LOG_ORIGIN or LOG_POLICY_FILE are not those it was signed under"


class Statements:
    """The checkpoints on record, in the order of their sizes, each compared when the tree has grown to it."""

    def __init__(self, account: Account, *, size: int) -> None:
        self._account = account
        self._log = identity.verifier_keys()
        self._policy = read_policy()
        self._witnesses = tuple(witness.key for witness in self._policy.witnesses)
        self._rows = _rows(size)
        self._next = next(self._rows, None)

    def follow(self, grown: CompactRange, hashes: list[bytes]) -> CompactRange:
        """The tree with these leaf hashes appended, every checkpoint passed on the way being checked."""
        while (row := self._next) is not None and row.size <= grown.size + len(hashes):
            taken = row.size - grown.size
            grown, hashes = grown.extend(hashes[:taken]), hashes[taken:]
            self._check(row, grown.root())
            self._next = next(self._rows, None)
        return grown.extend(hashes)

    def finish(self) -> None:
        """No checkpoint speaks of more than there is."""
        size = LogState.objects.values_list("size", flat=True).get()
        beyond = Checkpoint.objects.filter(size__gt=size).order_by("size").first()
        if beyond is not None:
            raise DamageError(
                f"The checkpoint of {beyond.size} entries",
                expected=f"no checkpoint beyond the {size} entries of the log",
                found="a row",
                meaning="the log was cut or set back after it was signed",
            )

    def _check(self, row: Checkpoint, root: bytes) -> None:
        where = f"The checkpoint of {row.size} entries"
        text = Statement(settings.LOG_ORIGIN, row.size, root).text()
        if bytes(row.root) != root:
            raise DamageError(
                f"{where}: its root",
                expected=root,
                found=bytes(row.root),
                meaning="its row was changed, or entries were rewritten after it was signed",
            )
        check_note(f"{where}: its note", row.note, text=text, log=self._log)
        if row.cosigned:
            where = f"{where}: its cosigned note"
            signed = check_note(where, row.cosigned, text=text, log=self._log, witnesses=self._witnesses)
            self._account.cosignatures += len(signed - set(self._log))
            self._check_quorum(row, signed)
        elif row.witnessed:
            self._check_quorum(row, frozenset())
        self._account.checkpoints += 1
        self._account.witnessed += row.witnessed

    def _check_quorum(self, row: Checkpoint, signed: Collection[VerifierKey]) -> None:
        if row.witnessed and not self._policy.witnessed_by(signed):
            raise DamageError(
                f"The checkpoint of {row.size} entries is marked as witnessed",
                expected="a quorum of the witnesses in LOG_POLICY_FILE",
                found=f"verified cosignatures: {', '.join(sorted(k.name for k in signed if k.type.cosigns)) or 'none'}",
                meaning="the mark or the signatures were changed, or the policy asks for more than it did then",
            )


def published(account: Account, *, patience: timedelta) -> int:
    """The size that the `checkpoint` file speaks of, after its form and signatures were checked; 0 without one."""
    try:
        raw = storage.read(storage.CHECKPOINT)
    except MissingObjectError:
        raw = b""
    size = 0
    if raw:
        size = _statement("The published checkpoint", raw).size
        row = Checkpoint.objects.filter(size=size).first()
        if row is None:
            raise DamageError(
                f"The published checkpoint of {size} entries",
                expected="the same one on record",
                found="none of this size",
                meaning="the database was restored from an older backup, or the file was put there by someone else",
            )
        text = Statement(settings.LOG_ORIGIN, size, bytes(row.root)).text()
        witnesses = tuple(witness.key for witness in read_policy().witnesses)
        where = f"The published checkpoint of {size} entries"
        check_note(where, raw, text=text, log=identity.verifier_keys(), witnesses=witnesses)
    _demand_latest(size, patience=patience)
    account.shown = size
    return size


def check_note(
    where: str, raw: str | bytes, *, text: str, log: Collection[VerifierKey], witnesses: Collection[VerifierKey] = ()
) -> frozenset[VerifierKey]:
    """The keys under a note that says exactly `text`: all of the log's own, and else none but the witnesses'.

    A signature that cannot be checked is not taken on trust.
    """
    try:
        note = Note.parse(raw)
    except NoteError as error:
        raise DamageError(where, expected="a signed note", found=error, meaning=_FORGED) from error
    if note.text != text:
        raise DamageError(where, expected=repr(text), found=repr(note.text), meaning=_FORGED)
    by_id = {(key.name, key.key_id): key for key in (*log, *witnesses)}
    signed = set()
    for signature in note.signatures:
        key = by_id.get((signature.name, signature.key_id))
        if key is None or not key.verifies(note.text, signature.value):
            name = f"{signature.name}+{signature.key_id.hex()}"
            problem = (
                f"{name}, which is neither the log nor a witness of the policy" if key is None else f"{name}: false"
            )
            raise DamageError(where, expected="only signatures that verify", found=problem, meaning=_FORGED)
        signed.add(key)
    for key in log:
        if key not in signed:
            raise DamageError(
                where, expected=f"a signature of {key.name}, {key.type.name}", found="none", meaning=_FORGED
            )
    return frozenset(signed)


def _statement(where: str, raw: bytes) -> Statement:
    try:
        return Statement.parse(Note.parse(raw).text)
    except NoteError as error:
        raise DamageError(where, expected="a signed checkpoint", found=error, meaning=_FORGED) from error


def _demand_latest(shown: int, *, patience: timedelta) -> None:
    """A checkpoint is shown as soon as it is on record; one that is not for longer than `patience` is held back."""
    late = timezone.now() - patience
    ahead = Checkpoint.objects.filter(size__gt=shown, published_at__lt=late).order_by("-size").first()
    if ahead is not None and storage.published_size() < ahead.size:
        raise DamageError(
            "The published checkpoint",
            expected=f"{ahead.size} entries, signed at {ahead.published_at.isoformat()}",
            found=f"{shown} entries" if shown else "no file",
            meaning="the file was deleted or replaced by an older one, or the sequencer stopped before it was written",
        )


def _rows(size: int) -> Iterator[Checkpoint]:
    last = -1
    while batch := list(Checkpoint.objects.filter(size__gt=last, size__lte=size).order_by("size")[:_READ]):
        yield from batch
        last = batch[-1].size
