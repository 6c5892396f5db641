"""What is said between a search and whoever asks: one JSON object each way, with its length before it."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from safety.comparison import Embedding, VoiceEmbedding
from safety.errors import SearchUnavailableError
from safety.ports import ModelIdentity

LONGEST_MESSAGE = 4 * 1024 * 1024
LONGEST_PATH = 103  # sun_path holds 108 bytes on Linux, 104 on macOS, the closing NUL included
_LENGTH_BYTES = 4


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    raw = json.dumps(message).encode()
    connection.sendall(len(raw).to_bytes(_LENGTH_BYTES) + raw)


def receive(connection: socket.socket) -> dict[str, Any]:
    """The next message; raises `SearchUnavailableError` for one that is cut off, over-long or no JSON object."""
    length = int.from_bytes(_exactly(connection, _LENGTH_BYTES))
    if length > LONGEST_MESSAGE:
        raise SearchUnavailableError(f"A message of {length} bytes is too long.")
    try:
        message = json.loads(_exactly(connection, length))
    except ValueError as error:
        raise SearchUnavailableError("The message is no JSON.") from error
    if not isinstance(message, dict):
        raise SearchUnavailableError("The message is no JSON object.")
    return message


def voice_as_json(voice: VoiceEmbedding) -> dict[str, Any]:
    parts = [
        {**asdict(part.model), "vector": base64.b64encode(part.vector.astype("<f4").tobytes()).decode()}
        for part in voice.parts
    ]
    return {"seconds": voice.seconds, "bandwidth_hz": voice.bandwidth_hz, "parts": parts}


def voice_from_json(said: Mapping[str, Any]) -> VoiceEmbedding:
    return VoiceEmbedding(
        parts=tuple(
            Embedding(
                ModelIdentity(part["name"], part["sha256"]),
                np.frombuffer(base64.b64decode(part["vector"]), dtype="<f4").astype(np.float32),
            )
            for part in said["parts"]
        ),
        seconds=said["seconds"],
        bandwidth_hz=said["bandwidth_hz"],
    )


@contextmanager
def address(path: Path) -> Iterator[str]:
    """The socket's address, also where its path is too long for one: then by way of its opened folder (Linux)."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _exactly(connection: socket.socket, count: int) -> bytes:
    pieces: list[bytes] = []
    missing = count
    while missing:
        piece = connection.recv(min(missing, 65_536))
        if not piece:
            raise SearchUnavailableError("The message was cut off.")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
