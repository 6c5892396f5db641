"""The body of an `add-checkpoint` request (C2SP tlog-witness): what the log last said, the proof, what it says now."""

from __future__ import annotations

from dataclasses import dataclass

from audit.errors import NoteError
from audit.note_text import decode_base64, decode_number, encode_base64

CONFLICT_TYPE = "text/x.tlog.size"
MAX_PROOF_LINES = 63
MAX_REQUEST = 64 * 1024  # bytes: 63 hashes and a checkpoint with a dozen ML-DSA-44 signatures


@dataclass(frozen=True)
class AddCheckpoint:
    """The size from which the proof leads, the hashes of the proof, and the signed checkpoint as it was sent."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def to_bytes(self) -> bytes:
        """The body as it is posted; `parse` gives the request back."""
        lines = [f"old {self.old_size}", *(encode_base64(item) for item in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()

    @classmethod
    def parse(cls, raw: bytes) -> AddCheckpoint:
        """Reads a body; raises `NoteError`. Whether the hashes are hashes and the checkpoint is one comes later."""
        try:
            head, blank, note = raw.decode().partition("\n\n")
        except UnicodeDecodeError as error:
            raise NoteError("The request is UTF-8, and this is not.") from error
        first, *lines = head.split("\n")
        if not blank or not first.startswith("old "):
            raise NoteError("A request is a line 'old <size>', the proof, an empty line, and a checkpoint.")
        if len(lines) > MAX_PROOF_LINES:
            raise NoteError(f"A consistency proof has at most {MAX_PROOF_LINES} hashes, not {len(lines)}.")
        return cls(decode_number(first.removeprefix("old ")), tuple(decode_base64(line) for line in lines), note)
