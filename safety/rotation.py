"""A secret rotation per organisation and model: references of two organisations cannot be compared, scores stay.

Rotating two unit vectors by the same orthogonal matrix leaves their cosine as it was; without the matrix a rotated
reference says nothing about which other organisation's reference is the same person's. It is drawn uniformly (Haar)
from a secret of the organisation, and a new secret renews every reference (ISO/IEC 24745: renewability). It hides no
voice from somebody who has that secret, so references are sealed as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from safety.comparison import Embedding, VoiceEmbedding
from safety.errors import ComparisonError
from safety.ports import ModelIdentity
from tenancy.keyring import organisation_secret

PURPOSE = "reference-rotation"
_MAGIC = b"VVROT\x01"
_SPACE_BYTES = 8
_UNIT = 2.0**-53


def rotate(embedding: Embedding) -> Embedding:
    """The embedding in the rotated space of the organisation in scope; one that is there already comes back as it is.

    Raises:
        ComparisonError: it has gone through another rotation, which cannot be undone here.
    """
    seed = _seed(embedding.model)
    space = _space(seed)
    if embedding.space == space:
        return embedding
    if embedding.space:
        raise ComparisonError("This embedding was rotated under another secret: enrol the voice again.")
    turned = orthogonal(seed, dimensions=len(embedding.vector)) @ embedding.vector.astype(np.float64)
    return Embedding(embedding.model, turned.astype(np.float32), space)


def rotate_all(embeddings: Sequence[Embedding]) -> list[Embedding]:
    """Unrotated embeddings by one model in the rotated space of the organisation in scope; the matrix is made once.

    Raises:
        ComparisonError: they are of several models, or one of them is rotated already.
    """
    models = {embedding.model for embedding in embeddings}
    if len(models) > 1 or any(embedding.space for embedding in embeddings):
        raise ComparisonError("Rotate embeddings together that one model made and that were not rotated before.")
    if not embeddings:
        return []
    seed = _seed(embeddings[0].model)
    matrix = orthogonal(seed, dimensions=len(embeddings[0].vector))
    turned = np.stack([embedding.vector for embedding in embeddings]).astype(np.float64) @ matrix.T
    return [Embedding(embeddings[0].model, row, _space(seed)) for row in turned.astype(np.float32)]


def rotate_voice(voice: VoiceEmbedding) -> VoiceEmbedding:
    """What every encoder heard of a voice, each in the rotated space of the organisation in scope."""
    return replace(voice, parts=tuple(rotate(part) for part in voice.parts))


def alike(probe: VoiceEmbedding, *, to: VoiceEmbedding) -> VoiceEmbedding:
    """The probe in the spaces of the reference that it is to be compared with."""
    spaces = {part.model: part.space for part in to.parts}
    parts = (part if part.space == spaces.get(part.model, part.space) else rotate(part) for part in probe.parts)
    return replace(probe, parts=tuple(parts))


def pack(embedding: Embedding) -> bytes:
    """The rotated embedding as it is sealed: a mark, the name of its space, and little-endian float32."""
    rotated = rotate(embedding)
    return _MAGIC + bytes.fromhex(rotated.space) + np.ascontiguousarray(rotated.vector, dtype="<f4").tobytes()


def unpack(raw: bytes, *, model: ModelIdentity) -> Embedding:
    """What was packed, still rotated; what was sealed before there was a rotation is rotated now.

    Raises:
        ComparisonError: it was rotated under a secret that the organisation in scope does not have (any more).
    """
    if not raw.startswith(_MAGIC):
        return rotate(Embedding(model, np.frombuffer(raw, dtype="<f4").astype(np.float32)))
    start = len(_MAGIC) + _SPACE_BYTES
    vector = np.frombuffer(raw[start:], dtype="<f4").astype(np.float32)
    return rotate(Embedding(model, vector, raw[len(_MAGIC) : start].hex()))


def orthogonal(seed: bytes, *, dimensions: int) -> NDArray[np.float64]:
    """The orthogonal matrix that a 32-byte seed stands for, uniform over all of them.

    QR decomposition of a Gaussian matrix, with the signs of R's diagonal moved into Q: without that the result would
    not be uniform (F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007).
    """
    q, r = np.linalg.qr(_gaussian(seed, dimensions * dimensions).reshape(dimensions, dimensions))
    return np.asarray(q * np.sign(np.diag(r)))


def _gaussian(seed: bytes, count: int) -> NDArray[np.float64]:
    """Independent standard normal numbers from a ChaCha20 key stream (RFC 8439), by Box and Muller's transform."""
    half = (count + 1) // 2
    stream = Cipher(ChaCha20(seed, bytes(16)), mode=None).encryptor().update(bytes(16 * half))
    uniform = (np.frombuffer(stream, dtype="<u8") >> np.uint64(11)).astype(np.float64) * _UNIT
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform[:half]))
    angle = 2.0 * np.pi * uniform[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


def _seed(model: ModelIdentity) -> bytes:
    """Another one for each organisation and each model."""
    info = f"vivavoce/reference-rotation/v1|{model.name}|{model.sha256}".encode()
    return HKDF(SHA256(), 32, None, info).derive(organisation_secret(PURPOSE))


def _space(seed: bytes) -> str:
    return hashlib.sha256(b"vivavoce/reference-rotation/space\0" + seed).hexdigest()[: 2 * _SPACE_BYTES]
