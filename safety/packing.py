"""A whole voice as one run of bytes for sealing: every encoder's rotated numbers behind a header that names them."""

from __future__ import annotations

import json
from dataclasses import asdict

from safety import rotation
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError
from safety.ports import ModelIdentity

_MAGIC = b"VVVOX\x01"
_LENGTH_BYTES = 4


def pack_voice(voice: VoiceEmbedding) -> bytes:
    """A mark, the header's length (little-endian), the header as JSON, and each part as `rotation.pack` writes it."""
    parts = [rotation.pack(part) for part in voice.parts]
    header = {
        "seconds": voice.seconds,
        "bandwidth_hz": voice.bandwidth_hz,
        "parts": [{**asdict(part.model), "bytes": len(raw)} for part, raw in zip(voice.parts, parts, strict=True)],
    }
    written = json.dumps(header, separators=(",", ":")).encode()
    return _MAGIC + len(written).to_bytes(_LENGTH_BYTES, "little") + written + b"".join(parts)


def unpack_voice(raw: bytes) -> VoiceEmbedding:
    """What was packed, still rotated.

    Raises:
        ComparisonError: it is no packed voice, or was rotated under a secret that is not the organisation's.
    """
    if not raw.startswith(_MAGIC):
        raise ComparisonError("This is no packed voice: hear the recording again.")
    start = len(_MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(raw[len(_MAGIC) : start], "little")
    header, parts = json.loads(raw[start:end]), []
    for part in header["parts"]:
        model = ModelIdentity(part["name"], part["sha256"])
        parts.append(rotation.unpack(raw[end : end + part["bytes"]], model=model))
        end += part["bytes"]
    return VoiceEmbedding(tuple(parts), header["seconds"], header["bandwidth_hz"])
