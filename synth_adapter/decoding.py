"""Untrusted recordings become waveforms here: decoded in a short-lived process that can do little and not for long."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from django.conf import settings

from synth_adapter.decode_worker import MAX_RATE
from synth_adapter.errors import AudioError
from synth_adapter.measures import measure
from synth_adapter.waveform import Waveform

WORKER = Path(__file__).with_name("decode_worker.py")
BYTES_PER_SAMPLE = 4
LONGEST_ANSWER = 4_096
CHUNK = 1 << 20


@dataclass(frozen=True)
class Decoded:
    """A recording as sound: mono, whatever `channels` it had, at its rate; `truncated` if it ends before it says so."""

    waveform: Waveform
    container: str
    codec: str
    sha256: str
    truncated: bool
    channels: int


def decode(data: bytes) -> Decoded:
    """Decode WAV, FLAC, MP3, Ogg, WebM, M4A or AAC.

    Raises:
        AudioError: audio-empty, audio-too-large, audio-unsupported, audio-undecodable, audio-too-long, or
            audio-decoder-limit where it takes more time or memory than any honest recording does.
    """
    if not data:
        raise AudioError("audio-empty", "The recording has no bytes; send it again.")
    if len(data) > settings.AUDIO_MAX_BYTES:
        raise AudioError("audio-too-large", f"A recording has at most {settings.AUDIO_MAX_BYTES} bytes.")
    samples, answer = _run_worker(data)
    if "code" in answer:
        raise AudioError(str(answer["code"]), str(answer["message"]))
    values = np.frombuffer(samples, dtype="<f4").astype(np.float32)
    if len(values) != answer["count"]:
        raise AudioError("audio-undecodable", "The decoder broke off while it decoded this recording.")
    return Decoded(
        waveform=Waveform(values, int(answer["rate"])),
        container=str(answer["container"]),
        codec=str(answer["codec"]),
        sha256=hashlib.sha256(data).hexdigest(),
        truncated=bool(answer["truncated"]),
        channels=int(answer["channels"]),
    )


def decode_whole(data: bytes) -> Decoded:
    """Decode a recording that must be all there: besides what `decode` refuses, audio-truncated and audio-silent."""
    decoded = decode(data)
    if decoded.truncated:
        raise AudioError("audio-truncated", "The recording ends before it says it does; send the whole file again.")
    refuse_silence(decoded.waveform)
    return decoded


def refuse_silence(waveform: Waveform) -> None:
    """Raise `AudioError` (audio-silent) where nothing is loud enough to be heard."""
    if measure(waveform).silent:
        raise AudioError("audio-silent", "Nothing can be heard in the recording: is the microphone switched on?")


def _run_worker(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """The worker's samples and its closing line; whatever it does, no more than the limits come back."""
    limits = {
        "seconds": settings.AUDIO_MAX_SECONDS,
        "memory": settings.AUDIO_DECODE_MEMORY,
        "cpu_seconds": settings.AUDIO_DECODE_CPU_SECONDS,
    }
    most = settings.AUDIO_MAX_SECONDS * MAX_RATE * BYTES_PER_SAMPLE
    with subprocess.Popen(  # noqa: S603 - our own program, its argument made here
        [sys.executable, "-I", "-B", str(WORKER), json.dumps(limits)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"OPENBLAS_NUM_THREADS": "1", "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")},
    ) as worker:
        assert worker.stdin and worker.stdout and worker.stderr  # noqa: S101, PT018 - all three are pipes
        overdue = threading.Timer(settings.AUDIO_DECODE_WALL_SECONDS, worker.kill)
        feeder = threading.Thread(target=_feed, args=(worker.stdin, data), daemon=True)
        samples: bytes | None = None
        overdue.start()
        feeder.start()
        try:
            samples = _read_at_most(worker.stdout, most)
            said = worker.stderr.read(LONGEST_ANSWER) if samples is not None else b""
        finally:
            overdue.cancel()
            if samples is None:
                worker.kill()
            feeder.join()
    if samples is None:
        raise AudioError("audio-too-long", f"A recording has at most {settings.AUDIO_MAX_SECONDS} seconds.")
    return samples, _answer(worker.wait(), said)


def _read_at_most(pipe: IO[bytes], most: int) -> bytes | None:
    """All that comes, or None once it is more than `most`."""
    read = bytearray()
    while chunk := pipe.read(CHUNK):
        read += chunk
        if len(read) > most:
            return None
    return bytes(read)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    try:
        with pipe:
            pipe.write(data)
    except BrokenPipeError:
        return  # the worker has refused already, and says why


def _answer(status: int, said: bytes) -> dict[str, Any]:
    if status in {-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGALRM}:
        return {"code": "audio-decoder-limit", "message": "Decoding this recording takes longer than allowed."}
    if status < 0:
        return {"code": "audio-undecodable", "message": "The decoder failed on this recording; record it again."}
    if status > 0:
        raise RuntimeError(f"The decoding worker does not start; is AUDIO_DECODE_MEMORY enough? It said: {said!r}")
    answer = json.loads(said)
    if not isinstance(answer, dict):
        raise TypeError("The decoding worker answered with something other than an object.")
    return answer
