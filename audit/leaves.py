"""What a leaf of the log consists of: an event's kind and time, and commitments in place of everything personal.

Whoever holds a subject's secret can open a commitment; once the secret is destroyed nobody can, and the leaf stays
as it is. The forms are part of the log's promise to outsiders: another form needs another version number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

COMMITMENT_PREFIX = b"vivavoce/commit/v1\0"
ORGANISATION_PREFIX = b"vivavoce/organisation/v1\0"
VERSION = 1
HASH_BYTES = 32
LARGEST_INTEGER = 2**53 - 1  # the largest that RFC 8785 can say exactly
_TAG_DIGITS = 32
_SMALLEST_PLAIN = 1e-4  # below it Python writes an exponent where ECMAScript does not
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode


def payload(actor: str, data: Mapping[str, object], refs: Mapping[str, str]) -> bytes:
    """The bytes that are committed to: RFC 8785 JSON of who acted, the particulars and the rows concerned."""
    return joined_payload(actor, data=canonical(dict(data)), refs=canonical(dict(refs)))


def joined_payload(actor: str, *, data: str, refs: str) -> bytes:
    """The same bytes, from texts that are canonical already; raises `UnicodeEncodeError` for half surrogate pairs."""
    return f'{{"actor":{_ENCODE(actor)},"data":{data},"refs":{refs}}}'.encode()


def canonical(value: Any) -> str:
    """The value as RFC 8785 JSON.

    The standard encoder is ten times as fast and writes the same, but for the numbers and keys that it is not given.
    """
    return _ENCODE(value) if _is_simple(value) else rfc8785.dumps(_exact(value)).decode()


def commitment(committed: bytes, *, salt: bytes) -> bytes:
    """SHA-256 over a prefix, the salt (32 bytes), the payload's length as eight bytes, and the payload."""
    return hashlib.sha256(COMMITMENT_PREFIX + salt + len(committed).to_bytes(8, "big") + committed).digest()


def organisation_tag(organisation_id: UUID) -> str:
    """32 hexadecimal digits that are always the same for one organisation, and name it only to who knows its id."""
    return hashlib.sha256(ORGANISATION_PREFIX + organisation_id.bytes).hexdigest()[:_TAG_DIGITS]


def leaf(
    *, event_id: UUID, event: str, occurred_at: datetime, organisation_tag: str, commitments: Sequence[bytes]
) -> bytes:
    """The leaf's canonical bytes, RFC 8785 JSON; the time in UTC with six decimals.

    All its texts are plain ASCII without anything to escape, so sorted compact JSON is already canonical.
    """
    return json.dumps(
        {
            "commitments": [value.hex() for value in commitments],
            "event": event,
            "id": str(event_id),
            "organisation": organisation_tag,
            "time": occurred_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "v": VERSION,
        },
        separators=(",", ":"),
    ).encode()


def split(commitments: bytes) -> tuple[bytes, ...]:
    """The single commitments in a column that holds them one after the other."""
    return tuple(commitments[start : start + HASH_BYTES] for start in range(0, len(commitments), HASH_BYTES))


def _is_simple(value: Any) -> bool:
    """Whether sorting by code point and the shortest decimal notation of Python are those of RFC 8785 here."""
    if isinstance(value, dict):
        return all(key.isascii() and _is_simple(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_simple, value))
    if isinstance(value, float):
        return _SMALLEST_PLAIN <= abs(value) < LARGEST_INTEGER and not value.is_integer()
    return not isinstance(value, int) or -LARGEST_INTEGER <= value <= LARGEST_INTEGER


def _exact(value: Any) -> Any:
    """PostgreSQL gives a large floating-point number back as a whole one; an entry's own whole numbers are small."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return float(value)
    return value
