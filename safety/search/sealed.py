"""A listed voice as bytes for sealing, and the key of its list that seals it.

Every list has one key, wrapped by key management: a list of a million opens with one question to it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from uuid import UUID

import numpy as np

from safety.comparison import Embedding, VoiceEmbedding
from safety.errors import ComparisonError
from safety.models import ProtectedList, ProtectedVoice
from safety.ports import ModelIdentity
from tenancy.registry import key_management
from tenancy.sealing import SealingKey, open_under, seal_under

_MAGIC = b"VVPV\x01"
_LENGTH_BYTES = 4
_KEY_BYTES = 32
_KEY_VERSION = 1


def new_key(list_id: UUID, *, organisation_id: UUID | None) -> bytes:
    """A fresh key for a list, wrapped."""
    return key_management().wrap(secrets.token_bytes(_KEY_BYTES), context=key_context(list_id, organisation_id))


def open_key(listing: ProtectedList) -> SealingKey:
    """The list's key; raises `TamperedError` where it was altered or belongs to another list."""
    context = key_context(listing.id, listing.organisation_id)
    return SealingKey(listing.id, _KEY_VERSION, key_management().unwrap(bytes(listing.wrapped_key), context=context))


def seal_voice(key: SealingKey, voice: VoiceEmbedding, *, voice_id: UUID, organisation_id: UUID | None) -> bytes:
    return seal_under(key, pack(voice), context=voice_context(voice_id, organisation_id))


def open_voice(key: SealingKey, row: ProtectedVoice) -> VoiceEmbedding:
    """The voice of a row; raises `TamperedError` for what was altered, or moved to another row or organisation."""
    return unpack(open_under(key, bytes(row.embedding), context=voice_context(row.id, row.organisation_id)))


def pack(voice: VoiceEmbedding) -> bytes:
    """A mark, the header's length (little-endian), the header as JSON, every part as little-endian float32."""
    if any(part.space for part in voice.parts):
        raise ComparisonError("A rotated voice cannot be listed: others could not be compared with it.")
    header = {
        "seconds": voice.seconds,
        "bandwidth_hz": voice.bandwidth_hz,
        "parts": [{**asdict(part.model), "dimension": len(part.vector)} for part in voice.parts],
    }
    written = json.dumps(header, separators=(",", ":")).encode()
    parts = (np.ascontiguousarray(part.vector, dtype="<f4").tobytes() for part in voice.parts)
    return b"".join([_MAGIC, len(written).to_bytes(_LENGTH_BYTES, "little"), written, *parts])


def unpack(raw: bytes) -> VoiceEmbedding:
    """What was packed; raises `ComparisonError` for anything else."""
    if not raw.startswith(_MAGIC):
        raise ComparisonError("This is no listed voice: list the person again, from a recording.")
    start = len(_MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(raw[len(_MAGIC) : start], "little")
    header, parts = json.loads(raw[start:end]), []
    for part in header["parts"]:
        vector = np.frombuffer(raw, dtype="<f4", count=part["dimension"], offset=end).astype(np.float32)
        parts.append(Embedding(ModelIdentity(part["name"], part["sha256"]), vector))
        end += vector.nbytes
    return VoiceEmbedding(tuple(parts), header["seconds"], header["bandwidth_hz"])


def key_context(list_id: UUID, organisation_id: UUID | None) -> bytes:
    return f"vivavoce|protected-list|{organisation_id or 'platform'}|{list_id}".encode()


def voice_context(voice_id: UUID, organisation_id: UUID | None) -> bytes:
    return f"vivavoce|protected-voice|{organisation_id or 'platform'}|{voice_id}".encode()
