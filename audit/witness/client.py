"""Asking a witness for its cosignature under a checkpoint, starting from whatever it remembers of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus

from audit.errors import NoteError, OutboundError, WitnessAheadError, WitnessConflictError, WitnessError
from audit.note_text import decode_number
from audit.notes import Checkpoint, Note, Signature, VerifierKey, verify
from audit.outbound import Answer, post
from audit.witness.wire import CONFLICT_TYPE, AddCheckpoint

MOST_TRIES = 3  # a guess, what the witness told, and once more if another submitter came between
REASONS = {
    HTTPStatus.BAD_REQUEST: "could not read our request",
    HTTPStatus.FORBIDDEN: "does not trust our log's keys: give its operator the log's present vkeys",
    HTTPStatus.NOT_FOUND: "does not know our log: ask its operator to add it",
    HTTPStatus.TOO_MANY_REQUESTS: "is asked too often",
}


def ask(
    url: str,
    note: Note,
    *,
    keys: Iterable[VerifierKey],
    proof_from: Callable[[int], Sequence[bytes]],
    old_size: int = 0,
) -> tuple[Signature, ...]:
    """The verified cosignatures of the witness at the submission prefix `url` under this checkpoint.

    `proof_from(size)` gives the consistency proof from a smaller size; `old_size` is a guess of what the witness saw
    last, which it corrects.

    Raises:
        WitnessConflictError: the witness saw a history that ours does not continue.
        WitnessError: no cosignature for any other reason, which a later attempt may mend.
    """
    checkpoint = Checkpoint.parse(note.text)
    for _ in range(MOST_TRIES):
        request = AddCheckpoint(old_size, tuple(proof_from(old_size)), note.format())
        try:
            answer = post(f"{url.rstrip('/')}/add-checkpoint", request.to_bytes(), content_type="text/plain")
        except OutboundError as error:
            raise WitnessError(str(error)) from error
        if answer.status == HTTPStatus.OK:
            return _cosignatures(url, note, answer, keys=frozenset(keys))
        old_size = _size_to_prove_from(url, answer, asked=old_size, size=checkpoint.size)
    raise WitnessError(f"{url} changed its mind {MOST_TRIES} times about what it saw last: is it shared by two of us?")


def _size_to_prove_from(url: str, answer: Answer, *, asked: int, size: int) -> int:
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise WitnessConflictError(f"{url} holds that our log of {size} does not continue the one of {asked} it saw.")
    if answer.status != HTTPStatus.CONFLICT or answer.content_type.partition(";")[0].strip() != CONFLICT_TYPE:
        reason = REASONS.get(HTTPStatus(answer.status)) if answer.status in set(HTTPStatus) else None
        raise WitnessError(f"{url} {reason or 'did not cosign'} (HTTP {answer.status}).")
    try:
        told = decode_number(answer.body.decode("ascii").removesuffix("\n"))
    except (NoteError, UnicodeDecodeError) as error:
        raise WitnessError(f"{url} did not say which size it saw last.") from error
    if told == asked:
        raise WitnessConflictError(f"{url} saw another root for a log of {told}: one of the two is a fork.")
    if told > size:
        reason = f"{url} saw a log of {told}, and was asked about {size}."
        raise WitnessAheadError(reason, size=told)
    return told


def _cosignatures(url: str, note: Note, answer: Answer, *, keys: frozenset[VerifierKey]) -> tuple[Signature, ...]:
    try:
        returned = Note.parse(f"{note.text}\n{answer.body.decode()}")
        verified = {(key.name, key.key_id) for key in verify(returned, keys)}
    except (NoteError, UnicodeDecodeError) as error:
        raise WitnessError(f"{url} answered with no cosignature of the keys that the policy names: {error}") from error
    return tuple(item for item in returned.signatures if (item.name, item.key_id) in verified)
