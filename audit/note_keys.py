"""The keys under which notes are signed, and what each kind puts its signature to (C2SP signed-note, cosignature)."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from audit.errors import NoteError
from audit.note_text import KEY_ID, MAX_NUMBER, Checkpoint, Signature, checked_name, decode_base64, encode_base64

MAX_NAME = 255  # bytes of a cosigner's name and of an origin in an ML-DSA-44 cosignature
STAMP = 8  # bytes of the time before a cosignature's signature


class KeyType(IntEnum):
    """What a key signs, by the byte that the specifications assign."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06

    @property
    def public_size(self) -> int:
        """Bytes in a public key."""
        return 1312 if self is KeyType.ML_DSA_44_COSIGNATURE else 32

    @property
    def cosigns(self) -> bool:
        """Whether signatures of this type are stamped with a time."""
        return self is not KeyType.ED25519


@dataclass(frozen=True)
class VerifierKey:
    """A public key under a name, written `name+identifier+key`; what other parties configure and trust."""

    name: str
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        checked_name(self.name)
        if len(self.public) != self.type.public_size:
            raise NoteError(f"The key of {self.name} has {len(self.public)} bytes, not {self.type.public_size}.")

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public)}"

    @property
    def key_id(self) -> bytes:
        """Four bytes by which a signature line names its key; an identifier, not a commitment."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:KEY_ID]

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Reads a key; raises `NoteError`, also when the identifier is not that of the key."""
        found = re.fullmatch(r"([^+]+)\+([0-9a-fA-F]{8})\+(\S+)", vkey)
        if found is None:
            raise NoteError(f"A verifier key is written name+identifier+key; not {vkey[:80]!r}.")
        name, key_id, raw = found[1], bytes.fromhex(found[2]), decode_base64(found[3])
        if not raw or raw[0] not in set(KeyType):
            raise NoteError(f"The key of {name} is of a type that is not known here.")
        key = cls(name, KeyType(raw[0]), raw[1:])
        if key.key_id != key_id:
            raise NoteError(f"The key of {name} has the identifier {key.key_id.hex()}, not {key_id.hex()}.")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key made the signature (the bytes after the key identifier) over a note's text."""
        if not self.type.cosigns:
            return self.accepts(text.encode(), signature)
        stamp = int.from_bytes(signature[:STAMP], "big")
        if len(signature) <= STAMP or stamp > MAX_NUMBER:
            return False
        try:
            message = cosigned_message(self, Checkpoint.parse(text), text=text, stamp=stamp)
        except NoteError:
            return False
        return self.accepts(message, signature[STAMP:])

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature over exactly these bytes is this key's (RFC 8032, or FIPS 204 without context)."""
        try:
            if self.type is KeyType.ML_DSA_44_COSIGNATURE:
                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
            else:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def signed_at(self, signature: Signature) -> int | None:
        """When the cosigner says to have signed, in seconds since 1970; None if it says nothing."""
        return int.from_bytes(signature.value[:STAMP], "big") or None if self.type.cosigns else None


def cosigned_message(key: VerifierKey, checkpoint: Checkpoint, *, text: str, stamp: int) -> bytes:
    """The bytes that a cosigner signs for a checkpoint (tlog-cosignature); ML-DSA-44 leaves the extensions out."""
    if key.type is KeyType.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {stamp}\n{text}".encode()
    return subtree_message(key.name, checkpoint.origin, stamp=stamp, start=0, end=checkpoint.size, root=checkpoint.root)


def subtree_message(name: str, origin: str, *, stamp: int, start: int, end: int, root: bytes) -> bytes:
    """The `cosigned_message` structure of tlog-cosignature, for ML-DSA-44; raises `NoteError` for too long names."""
    signer, log = name.encode(), origin.encode()
    if not 0 < len(signer) <= MAX_NAME or not 0 < len(log) <= MAX_NAME:
        raise NoteError(f"A cosigner's name and an origin have 1 to {MAX_NAME} bytes.")
    before = b"subtree/v1\n\0" + bytes([len(signer)]) + signer + struct.pack(">Q", stamp)
    return before + bytes([len(log)]) + log + struct.pack(">QQ", start, end) + root


class Signer(Protocol):
    """Whoever can sign a note's text; `at` is the time in seconds since 1970 and stands in cosignatures only."""

    @property
    def key(self) -> VerifierKey: ...

    def sign(self, text: str, *, at: int) -> Signature: ...


@dataclass(frozen=True)
class Ed25519Signer:
    """Signs notes with Ed25519 (type 0x01), from a 32-byte seed."""

    name: str
    seed: bytes

    @property
    def key(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, KeyType.ED25519, public)

    def sign(self, text: str, *, at: int) -> Signature:  # noqa: ARG002 - plain signatures carry no time
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return Signature(self.name, self.key.key_id, value)


@dataclass(frozen=True)
class Ed25519Cosigner:
    """Cosigns checkpoints with Ed25519 (type 0x04), from a 32-byte seed."""

    name: str
    seed: bytes

    @property
    def key(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, KeyType.ED25519_COSIGNATURE, public)

    def sign(self, text: str, *, at: int) -> Signature:
        return _cosign(self.key, text, at=at, sign=Ed25519PrivateKey.from_private_bytes(self.seed).sign)


@dataclass(frozen=True)
class MLDSA44Cosigner:
    """Cosigns checkpoints with ML-DSA-44 (type 0x06), from a 32-byte seed; under its origin's name, the log itself."""

    name: str
    seed: bytes

    @property
    def key(self) -> VerifierKey:
        public = MLDSA44PrivateKey.from_seed_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, KeyType.ML_DSA_44_COSIGNATURE, public)

    def sign(self, text: str, *, at: int) -> Signature:
        return _cosign(self.key, text, at=at, sign=MLDSA44PrivateKey.from_seed_bytes(self.seed).sign)


def _cosign(key: VerifierKey, text: str, *, at: int, sign: Callable[[bytes], bytes]) -> Signature:
    message = cosigned_message(key, Checkpoint.parse(text), text=text, stamp=at)
    return Signature(key.name, key.key_id, struct.pack(">Q", at) + sign(message))
