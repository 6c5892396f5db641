"""Signed notes: reading, writing, signing and verifying them (C2SP signed-note); checkpoints are notes as well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit.errors import NoteError
from audit.note_keys import Ed25519Cosigner, Ed25519Signer, KeyType, MLDSA44Cosigner, Signer, VerifierKey
from audit.note_text import Checkpoint, Signature, checked_text

__all__ = [
    "Checkpoint",
    "Ed25519Cosigner",
    "Ed25519Signer",
    "KeyType",
    "MLDSA44Cosigner",
    "Note",
    "Signature",
    "Signer",
    "VerifierKey",
    "sign",
    "verify",
]

MAX_SIGNATURES = 100


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and the signatures under it; nothing in it is true until `verify` says whose."""

    text: str
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def parse(cls, raw: bytes | str) -> Note:
        """Reads a note; raises `NoteError` for anything that is not exactly one."""
        whole = checked_text(raw)
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteError("A signed note is a text, an empty line, and lines of signatures to the end.")
        rows = lines.removesuffix("\n").split("\n")
        if len(rows) > MAX_SIGNATURES:
            raise NoteError(f"A note may carry {MAX_SIGNATURES} signatures, not {len(rows)}.")
        return cls(text + "\n", tuple(Signature.parse(row) for row in rows))

    def format(self) -> str:
        """The note as it is published; `Note.parse` gives it back."""
        if not self.text.endswith("\n") or not self.signatures:
            raise NoteError("A note's text ends in a newline, and at least one signature stands under it.")
        return checked_text(f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}")

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """The note with these signatures too; a new one takes the place of an old one by the same key."""
        fresh = tuple(more)
        again = {(signature.name, signature.key_id) for signature in fresh}
        kept = tuple(old for old in self.signatures if (old.name, old.key_id) not in again)
        return replace(self, signatures=kept + fresh)


def sign(text: str, *, signers: Iterable[Signer], at: int) -> Note:
    """A note with this text and the signature of each signer, at `at` seconds since 1970."""
    return Note(text, tuple(signer.sign(text, at=at) for signer in signers))


def verify(note: Note, keys: Iterable[VerifierKey]) -> frozenset[VerifierKey]:
    """The keys, out of those that are trusted, that signed this note; signatures by others are ignored.

    Raises:
        NoteError: none of the keys signed, or a signature that names one of them is not its own.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise NoteError(f"Two different keys are both {key.name}+{key.key_id.hex()}: one of them is an impostor.")
    signed = set()
    for signature in note.signatures:
        signer = known.get((signature.name, signature.key_id))
        if signer is None:
            continue
        if not signer.verifies(note.text, signature.value):
            raise NoteError(f"The signature of {signer.name}+{signer.key_id.hex()} does not verify: a changed note?")
        signed.add(signer)
    if not signed:
        raise NoteError("None of the trusted keys has signed this note.")
    return frozenset(signed)
