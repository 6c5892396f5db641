"""The parts of which signed notes are written: names, numbers, base64, signature lines, checkpoints (C2SP)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from audit.errors import NoteError
from audit.merkle import HASH_SIZE

DASH = "\N{EM DASH} "
KEY_ID = 4  # bytes before a signature that identify its key
MAX_NOTE = 1_000_000  # bytes
MAX_NUMBER = 2**63 - 1  # leaves in a log, and seconds in a cosignature


@dataclass(frozen=True)
class Signature:
    """One signature line: who says to have signed, the 4-byte identifier of the key, and the bytes after it."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{DASH}{checked_name(self.name)} {encode_base64(self.key_id + self.value)}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Reads one line without its newline; raises `NoteError`."""
        name, space, encoded = line.removeprefix(DASH).partition(" ")
        raw = decode_base64(encoded)
        if not line.startswith(DASH) or not space or len(raw) <= KEY_ID:
            raise NoteError(f"A signature line is an em dash, a name and base64; not {line[:80]!r}.")
        return cls(checked_name(name), raw[:KEY_ID], raw[KEY_ID:])


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: its origin, how many leaves it has, and the 32-byte root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text to be signed; `Checkpoint.parse` gives it back."""
        if not 0 <= self.size <= MAX_NUMBER or len(self.root) != HASH_SIZE:
            raise NoteError(f"A checkpoint has a size from 0 to {MAX_NUMBER} and a root of {HASH_SIZE} bytes.")
        lines = [self.origin, str(self.size), encode_base64(self.root), *self.extensions]
        if not all(lines) or any("\n" in line for line in lines):
            raise NoteError("The lines of a checkpoint are not empty, and none breaks.")
        return checked_text("\n".join(lines) + "\n")

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads the text of a note (`note.text`); raises `NoteError`."""
        lines = checked_text(text).split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004 - three lines, and what follows the last
            raise NoteError("A checkpoint is at least three lines, none empty: origin, size, root.")
        root = decode_base64(lines[2])
        if len(root) != HASH_SIZE:
            raise NoteError(f"A checkpoint's root has {HASH_SIZE} bytes, not {len(root)}.")
        return cls(lines[0], decode_number(lines[1]), root, tuple(lines[3:]))


def decode_base64(encoded: str) -> bytes:
    """Standard base64 with padding, and only in its one canonical form; raises `NoteError`."""
    try:
        raw = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError(f"Not base64: {encoded[:80]!r}.") from error
    if encode_base64(raw) != encoded:
        raise NoteError(f"Not the canonical base64 of anything: {encoded[:80]!r}.")
    return raw


def encode_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode_number(digits: str) -> int:
    """A size or index in decimal without leading zeroes, at most 2^63 - 1; raises `NoteError`."""
    if re.fullmatch(r"0|[1-9][0-9]{0,18}", digits) is None or int(digits) > MAX_NUMBER:
        raise NoteError(f"Not a number from 0 to {MAX_NUMBER}: {digits[:40]!r}.")
    return int(digits)


def checked_name(name: str) -> str:
    """The name, known to be one that a key may have; raises `NoteError`."""
    surrogates = any("\ud800" <= letter <= "\udfff" for letter in name)  # what is not UTF-8, read leniently
    if not name or "+" in name or surrogates or any(letter.isspace() for letter in name):
        raise NoteError(f"A key's name is UTF-8, not empty, without spaces and plus signs; not {name[:80]!r}.")
    return name


def checked_text(raw: bytes | str) -> str:
    """The text, known to be UTF-8 without control characters but newlines, and of a sensible length."""
    try:
        encoded = raw.encode() if isinstance(raw, str) else raw
        text = encoded.decode()
    except UnicodeError as error:
        raise NoteError("A note is UTF-8, and this is not.") from error
    if len(encoded) > MAX_NOTE:
        raise NoteError(f"A note has at most {MAX_NOTE} bytes, not {len(encoded)}.")
    if any(letter < " " and letter != "\n" for letter in text):
        raise NoteError("A note has no control characters but newlines.")
    return text
