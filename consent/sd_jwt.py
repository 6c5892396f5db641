"""Selective disclosure (RFC 9901): claims are signed as salted digests, and their holder shows which they like."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.errors import ReceiptError

DIGESTS, ELEMENT, HASH = "_sd", "...", "_sd_alg"
RESERVED = frozenset({DIGESTS, ELEMENT, HASH})
SHA_256 = "sha-256"
DEEPEST = 16
_SALT_BYTES = 16  # 128 random bits, as section 9.3 asks
_OF_ELEMENT, _OF_MEMBER = 2, 3
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Disclosure:
    """One hidden claim laid open: `name` is None for an array's element."""

    encoded: str
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        """What stands for it in the signed payload (section 4.2.3)."""
        return digest_of(self.encoded)


@dataclass
class Revealed:
    """A payload with what was disclosed in its places: the claims, how many stay hidden, and each one's path."""

    claims: dict[str, Any] = field(default_factory=dict)
    hidden: int = 0
    paths: list[tuple[str, Disclosure]] = field(default_factory=list)


def digest_of(encoded: str) -> str:
    return to_base64url(hashlib.sha256(encoded.encode("ascii")).digest())


def disclose(value: Any, *, name: str | None = None) -> Disclosure:
    """A fresh disclosure with a salt of its own."""
    salt = secrets.token_urlsafe(_SALT_BYTES)
    parts = [salt, value] if name is None else [salt, name, value]
    encoded = to_base64url(json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode())
    return Disclosure(encoded, name, value)


def decoy() -> str:
    """A digest of nothing, so that nobody can count what is hidden (section 4.2.5)."""
    return to_base64url(hashlib.sha256(secrets.token_bytes(32)).digest())


def hide_members(members: Mapping[str, Any]) -> tuple[list[str], list[Disclosure]]:
    """The digests of an object's members for its `_sd`, sorted so that order says nothing; and what opens them."""
    disclosures = [disclose(value, name=name) for name, value in members.items()]
    return sorted(one.digest for one in disclosures), disclosures


def hide_elements(elements: Iterable[Any], *, among: int) -> tuple[list[dict[str, str]], list[Disclosure]]:
    """An array's elements in digests, with decoys up to `among`, sorted; and what opens them."""
    disclosures = [disclose(value) for value in elements]
    digests = [one.digest for one in disclosures]
    digests += [decoy() for _ in range(among - len(digests))]
    return [{ELEMENT: digest} for digest in sorted(digests)], disclosures


def read_disclosure(encoded: str) -> Disclosure:
    """Reads `[salt, name, value]` or `[salt, value]`; raises `ReceiptError`."""
    try:
        parts = json.loads(from_base64url(encoded))
    except (ValueError, RecursionError) as error:
        raise ReceiptError("A part of the token cannot be read.") from error
    if not isinstance(parts, list) or len(parts) not in {_OF_ELEMENT, _OF_MEMBER} or not isinstance(parts[0], str):
        raise ReceiptError("A part of the token is of no known kind.")
    if len(parts) == _OF_ELEMENT:
        return Disclosure(encoded, None, parts[1])
    if not isinstance(parts[1], str) or parts[1] in RESERVED:
        raise ReceiptError("A part of the token has a name that nothing may have.")
    return Disclosure(encoded, parts[1], parts[2])


def reveal(payload: Mapping[str, Any], encoded: Iterable[str]) -> Revealed:
    """Puts what was disclosed in its places (section 7.1).

    Raises `ReceiptError` where the standard says that the whole token must be refused: a disclosure that belongs
    nowhere or comes twice, a digest that stands twice, a name that is there already, another hash.
    """
    disclosures = [read_disclosure(one) for one in encoded]
    by_digest = {one.digest: one for one in disclosures}
    if len(by_digest) != len(disclosures):
        raise ReceiptError("A part of the token comes twice.")
    if payload.get(HASH, SHA_256) != SHA_256:
        raise ReceiptError("The token is made with another hash than SHA-256.")
    walk = _Walk(by_digest)
    walk.found.claims = walk.member({name: value for name, value in payload.items() if name != HASH}, "", 0)
    if len(walk.found.paths) != len(disclosures):
        raise ReceiptError("A part of the token does not belong to it.")
    return walk.found


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes; raises `ReceiptError` for anything but the one way to write them (RFC 7515, without padding)."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ReceiptError("The token has letters in it that do not belong there.") from error
    if not _BASE64URL.fullmatch(text) or to_base64url(raw) != text:
        raise ReceiptError("The token has letters in it that do not belong there.")
    return raw


class _Walk:
    """One way through a payload, during which every digest may be met once."""

    def __init__(self, by_digest: Mapping[str, Disclosure]) -> None:
        self.by_digest = by_digest
        self.seen: set[str] = set()
        self.found = Revealed()

    def value(self, value: Any, path: str, depth: int) -> Any:
        if depth > DEEPEST:
            raise ReceiptError("The token is nested too deep.")
        if isinstance(value, dict):
            return self.member(value, path, depth)
        if isinstance(value, list):
            return [item for each in value for item in self.element(each, path, depth)]
        return value

    def member(self, value: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        if HASH in value or ELEMENT in value:
            raise ReceiptError("A part of the token has a name that nothing may have.")
        before = f"{path}." if path else ""
        shown = {name: self.value(one, before + name, depth + 1) for name, one in value.items() if name != DIGESTS}
        for digest in self.digests(value.get(DIGESTS, [])):
            found = self.meet(digest)
            if found is None:
                continue
            if found.name is None or found.name in shown:
                raise ReceiptError("A part of the token stands where it does not belong.")
            self.found.paths.append((before + found.name, found))
            shown[found.name] = self.value(found.value, before + found.name, depth + 1)
        return shown

    def element(self, value: Any, path: str, depth: int) -> list[Any]:
        """An array's element as a list of one, or of none where it stays hidden."""
        if not isinstance(value, dict) or ELEMENT not in value:
            return [self.value(value, path, depth + 1)]
        (digest,) = self.digests([value[ELEMENT]])
        found = self.meet(digest)
        if len(value) != 1 or (found is not None and found.name is not None):
            raise ReceiptError("A part of the token stands where it does not belong.")
        if found is None:
            return []
        self.found.paths.append((f"{path}[]", found))
        return [self.value(found.value, f"{path}[]", depth + 1)]

    def digests(self, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(digest, str) for digest in value):
            raise ReceiptError("The token's list of hidden parts cannot be read.")
        return value

    def meet(self, digest: str) -> Disclosure | None:
        if digest in self.seen:
            raise ReceiptError("The token counts a hidden part twice.")
        self.seen.add(digest)
        found = self.by_digest.get(digest)
        self.found.hidden += found is None
        return found
