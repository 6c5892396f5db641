"""Whether a witness cosigns: only what a known log signed, and only what grew from the last that it cosigned."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from audit.errors import NoteError, ProofError
from audit.merkle import EMPTY_ROOT, verify_consistency
from audit.notes import Checkpoint, Note, Signer, VerifierKey, verify
from audit.witness.state import WitnessState
from audit.witness.wire import CONFLICT_TYPE, AddCheckpoint

logger = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not a fault
    """No cosignature: the HTTP status that says why, and the body of the answer."""

    def __init__(self, status: HTTPStatus, reason: str, *, content_type: str = "text/plain; charset=utf-8") -> None:
        super().__init__(reason)
        self.status = status
        self.body = f"{reason}\n"
        self.content_type = content_type


class Witness:
    """Cosigns the checkpoints of the logs that it knows; `logs` maps an origin to the keys of which one must sign."""

    def __init__(
        self,
        signers: Iterable[Signer],
        *,
        logs: Mapping[str, Iterable[VerifierKey]],
        state: WitnessState,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signers = tuple(signers)
        self._logs = {origin: frozenset(keys) for origin, keys in logs.items()}
        self._state = state
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> str:
        """The cosignature lines for an `add-checkpoint` request; raises `Refusal`, and remembers before it answers."""
        request, note, checkpoint = self._read(body)
        with self._state.alone_with(checkpoint.origin):
            self._demand_growth(request, note, checkpoint)
            cosignatures = [signer.sign(note.text, at=int(self._clock())) for signer in self._signers]
            self._state.remember(checkpoint.origin, note.with_signatures(cosignatures))
        return "".join(signature.line() for signature in cosignatures)

    def _read(self, body: bytes) -> tuple[AddCheckpoint, Note, Checkpoint]:
        try:
            request = AddCheckpoint.parse(body)
            text, blank, _ = request.note.rpartition("\n\n")
            checkpoint = Checkpoint.parse(f"{text}\n" if blank else "")
        except NoteError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "This witness does not know the log.")
        try:
            note = Note.parse(request.note)
            verify(note, keys)
        except NoteError as error:
            raise Refusal(HTTPStatus.FORBIDDEN, str(error)) from error
        if request.old_size > checkpoint.size:
            raise Refusal(HTTPStatus.BAD_REQUEST, "A log does not shrink: the old size is larger than the new one.")
        return request, note, checkpoint

    def _demand_growth(self, request: AddCheckpoint, note: Note, checkpoint: Checkpoint) -> None:
        seen = self._state.latest(checkpoint.origin) or Checkpoint(checkpoint.origin, 0, EMPTY_ROOT)
        if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "A log without leaves has another root than this.")
        if request.old_size != seen.size:
            raise _conflict(seen.size)
        if checkpoint.size == seen.size and checkpoint.root != seen.root:
            logger.error("%s signed two roots for size %d: the log was forked.", checkpoint.origin, checkpoint.size)
            self._state.keep_fork(note)
            raise _conflict(seen.size)
        try:
            _demand_consistency(request, seen=seen, checkpoint=checkpoint)
        except ProofError as error:
            logger.warning("%s gave no proof from size %d to %d.", checkpoint.origin, seen.size, checkpoint.size)
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"The consistency proof fails: {error}") from error


def _demand_consistency(request: AddCheckpoint, *, seen: Checkpoint, checkpoint: Checkpoint) -> None:
    if seen.size == 0:
        if request.proof:
            raise ProofError("From a log without leaves the proof is empty.")
        return
    verify_consistency(
        old_size=seen.size,
        new_size=checkpoint.size,
        old_root=seen.root,
        new_root=checkpoint.root,
        proof=request.proof,
    )


def _conflict(size: int) -> Refusal:
    return Refusal(HTTPStatus.CONFLICT, str(size), content_type=CONFLICT_TYPE)
