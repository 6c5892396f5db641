"""The keyring file: the platform's key-encryption key and signing key, readable by its owner alone."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from tenancy.errors import KeyringError
from tenancy.ids import new_id

FORMAT = 1
KEY_BYTES = 32


@dataclass(frozen=True, repr=False)
class NamedKey:
    """32 secret bytes and the name by which what they protect refers to them."""

    key_id: str
    secret: bytes


@dataclass(frozen=True, repr=False)
class KeyringFile:
    """What the file holds; of several signing keys the last one signs and the others still verify."""

    encryption: NamedKey
    signing: tuple[NamedKey, ...]


def read_or_create(path: Path) -> KeyringFile:
    """The keyring at `path`, made on first use; whoever comes second finds the first one's keys."""
    if not path.exists():
        _create(path)
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise KeyringError(f"{path} must belong to the user who runs Vivavoce and be closed to others: chmod 600 it.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise KeyringError(f"{path} has format {content['format']}, and this version reads format {FORMAT}.")
        return KeyringFile(_named(content["encryption"]), tuple(_named(key) for key in content["signing"]))
    except (ValueError, KeyError, TypeError) as error:
        raise KeyringError(f"{path} is damaged: restore it from a backup, or all that it sealed is lost.") from error


def _named(entry: dict[str, str]) -> NamedKey:
    secret = base64.b64decode(entry["secret"], validate=True)
    if len(secret) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return NamedKey(entry["key_id"], secret)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {"format": FORMAT, "encryption": _fresh("local"), "signing": [_fresh("ed25519")]}
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # whole or not at all, and never over another's
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _fresh(kind: str) -> dict[str, str]:
    return {"key_id": f"{kind}:{new_id()}", "secret": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}
