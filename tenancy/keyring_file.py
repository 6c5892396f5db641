"""The keyring file: key-encryption keys, signing keys, log keys and the root of the marks, for their owner's eyes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tenancy.errors import KeyringError
from tenancy.ids import new_id

FORMAT = 3
FORMER_FORMATS = (1, 2)  # 1: one encryption key, and no keys of the log; 2: no root of the marks
KEY_BYTES = 32

_Content: TypeAlias = "dict[str, Any]"


@dataclass(frozen=True, repr=False)
class NamedKey:
    """32 secret bytes and the name by which what they protect refers to them."""

    key_id: str
    secret: bytes


@dataclass(frozen=True, repr=False)
class KeyringFile:
    """What the file holds; of several keys of a kind the last one is used for new work, the others for old."""

    encryption: tuple[NamedKey, ...]
    signing: tuple[NamedKey, ...]
    log_ed25519: NamedKey
    log_ml_dsa_44: NamedKey
    mark_root: NamedKey


def read_or_create(path: Path) -> KeyringFile:
    """The keyring at `path`, made on first use; whoever comes second finds the first one's keys."""
    if not path.exists():
        _create(path)
    content = _content(path)
    if content.get("format") in FORMER_FORMATS:
        content = _rewrite(path, _upgraded)
    return _parsed(path, content)


def add_encryption_key(path: Path) -> str:
    """Puts a fresh key-encryption key after the former ones, which still open what they wrapped; returns its name."""
    read_or_create(path)
    content = _rewrite(path, lambda old: {**old, "encryption": [*old["encryption"], _fresh("local")]})
    return _parsed(path, content).encryption[-1].key_id


def drop_former_encryption_keys(path: Path) -> int:
    """Destroys every key-encryption key but the present one; call it only when nothing is wrapped by them any more."""
    former = len(read_or_create(path).encryption) - 1
    _rewrite(path, lambda old: {**old, "encryption": old["encryption"][-1:]})
    return former


def _content(path: Path) -> _Content:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise KeyringError(f"{path} must belong to the user who runs Vivavoce and be closed to others: chmod 600 it.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _parsed(path: Path, content: _Content) -> KeyringFile:
    try:
        if content["format"] != FORMAT:
            raise KeyringError(f"{path} has format {content['format']}, and this version reads format {FORMAT}.")
        return KeyringFile(
            encryption=_several(content["encryption"]),
            signing=_several(content["signing"]),
            log_ed25519=_named(content["log"]["ed25519"]),
            log_ml_dsa_44=_named(content["log"]["ml_dsa_44"]),
            mark_root=_named(content["mark_root"]),
        )
    except (ValueError, KeyError, TypeError):
        pass  # the cause would quote what the file holds
    raise _damaged(path)


def _damaged(path: Path) -> KeyringError:
    return KeyringError(f"{path} is damaged: restore it from a backup, or all that it sealed is lost.")


def _several(entries: list[dict[str, str]]) -> tuple[NamedKey, ...]:
    if not entries:
        raise ValueError("there is at least one key of each kind")
    return tuple(_named(entry) for entry in entries)


def _named(entry: dict[str, str]) -> NamedKey:
    secret = base64.b64decode(entry["secret"], validate=True)
    if len(secret) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return NamedKey(entry["key_id"], secret)


def _upgraded(old: _Content) -> _Content:
    """What a former format had stays as it is; what it did not have yet is made."""
    first = old["format"] == 1
    added = {"encryption": [old["encryption"]], "log": _fresh_log()} if first else {}
    return {**old, **added, "format": FORMAT, "mark_root": _fresh("mark-root")}


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {
        "format": FORMAT,
        "encryption": [_fresh("local")],
        "signing": [_fresh("ed25519")],
        "log": _fresh_log(),
        "mark_root": _fresh("mark-root"),
    }
    with _draft(path, content) as draft:
        try:
            os.link(draft, path)  # whole or not at all, and never over another's
        except FileExistsError:
            return
    _sync_folder(path)


def _rewrite(path: Path, change: Callable[[_Content], _Content]) -> _Content:
    """One change at a time, whole or not at all; a change of the former format to itself changes nothing twice."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        old = _content(path)
        if change is _upgraded and old.get("format") not in FORMER_FORMATS:
            return old
        try:
            content = change(old)
        except KeyError:
            content = None
        if content is None:
            raise _damaged(path)
        _parsed(path, content)  # a damaged file is never replaced
        with _draft(path, content) as draft:
            draft.replace(path)
        _sync_folder(path)
        return content
    finally:
        os.close(descriptor)


@contextmanager
def _draft(path: Path, content: _Content) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fresh_log() -> _Content:
    return {"ed25519": _fresh("log-ed25519"), "ml_dsa_44": _fresh("log-ml-dsa-44")}


def _fresh(kind: str) -> dict[str, str]:
    return {"key_id": f"{kind}:{new_id()}", "secret": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}
