"""Proofs that can be kept in a drawer and checked offline: a leaf, its path, a signed checkpoint (C2SP tlog-proof)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import NoteError, ProofError
from audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from audit.note_text import checked_text, decode_base64, decode_number, encode_base64
from audit.notes import Note
from audit.policy import Policy, verify_checkpoint

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63  # hashes between a leaf and the root


@dataclass(frozen=True)
class Proof:
    """What a `.tlog-proof` file says; nothing of it is verified, and `extra` never is."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""


@dataclass(frozen=True)
class VerifiedProof:
    """That a leaf is in the log of `origin` at `index`, as of `size` leaves, and whether a quorum witnessed that."""

    index: int
    size: int
    origin: str
    witnessed: bool


def format_proof(index: int, hashes: Sequence[bytes], checkpoint_note: str, extra: bytes = b"") -> str:
    """The text of a `.tlog-proof` file.

    Args:
        index: the leaf's place in the log, from 0.
        hashes: the inclusion proof in the checkpoint's tree, leaf's sibling first.
        checkpoint_note: the signed checkpoint, as `Note.format` writes it.
        extra: anything else for the reader; it is not authenticated.
    """
    lines = [HEADER, *([f"extra {encode_base64(extra)}"] if extra else []), f"index {index}"]
    return "\n".join([*lines, *map(encode_base64, hashes), "", checkpoint_note])


def parse_proof(raw: bytes | str) -> Proof:
    """Reads a `.tlog-proof` file; raises `ProofError`."""
    try:
        head, blank, checkpoint = checked_text(raw).partition("\n\n")
        header, *rows = head.split("\n")
        extra = b""
        if rows and rows[0].startswith("extra "):
            extra = decode_base64(rows.pop(0).removeprefix("extra "))
            if not extra:
                raise ProofError("The line of extra data is left out when there is none.")
        if header != HEADER or not blank or not checkpoint or not rows or not rows[0].startswith("index "):
            raise ProofError(f"A proof is the line {HEADER}, an index, hashes, an empty line and a checkpoint.")
        hashes = tuple(decode_base64(row) for row in rows[1:])
        if len(hashes) > MAX_PATH or any(len(item) != HASH_SIZE for item in hashes):
            raise ProofError(f"A proof has at most {MAX_PATH} hashes, each of {HASH_SIZE} bytes.")
        return Proof(decode_number(rows[0].removeprefix("index ")), hashes, checkpoint, extra)
    except NoteError as error:
        raise ProofError(f"The proof cannot be read. {error}") from error


def verify_proof(raw: bytes | str, *, leaf: bytes, policy: Policy) -> VerifiedProof:
    """Checks that `leaf` is in a log that the policy accepts.

    A missing quorum of witnesses does not raise: it is what `witnessed` says.

    Raises:
        ProofError: the file cannot be read, or does not lead from this leaf to the checkpoint's root.
        NoteError: the checkpoint cannot be read, or a signature that counts does not verify.
        PolicyError: the checkpoint is not one of a log that the policy knows.
    """
    proof = parse_proof(raw)
    verified = verify_checkpoint(Note.parse(proof.checkpoint), policy=policy)
    checkpoint = verified.checkpoint
    verify_inclusion(leaf_hash(leaf), index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root)
    return VerifiedProof(proof.index, checkpoint.size, checkpoint.origin, verified.witnessed)
