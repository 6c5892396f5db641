"""Guided repetition: a speaker who cannot read says each sentence after somebody; the pieces become one recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from consent.errors import ConsentError
from safety.speech import net_speech_seconds
from synth_adapter.decoding import Decoded, decode_whole
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform

RATE = 16_000
PAUSE_SECONDS = 0.5
LEAST_SPEECH_SECONDS = 0.4
FEWEST, MOST = 2, 24


def join(parts: Sequence[bytes]) -> bytes:
    """One recording (WAV, 16 kHz) of all pieces in order, half a second apart.

    Raises:
        AudioError: a piece cannot be used as sound, or holds no speech; the message says which.
        ConsentError: too few or too many pieces, or one twice.
    """
    if not FEWEST <= len(parts) <= MOST:
        raise ConsentError("recording-parts", f"Send {FEWEST} to {MOST} parts, one for each sentence.")
    pieces, hashes = [], set()
    for number, audio in enumerate(parts, start=1):
        decoded = _decode(audio, number=number)
        if decoded.sha256 in hashes:
            raise ConsentError("recording-parts", f"Part {number} is the same recording as an earlier one.")
        hashes.add(decoded.sha256)
        pieces.append(_piece(decoded.waveform, number=number))
    pause = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    return encode_wav(Waveform(np.concatenate([part for piece in pieces for part in (piece, pause)]), RATE))


def _decode(audio: bytes, *, number: int) -> Decoded:
    try:
        return decode_whole(audio)
    except AudioError as error:
        raise AudioError(error.code, f"Part {number} cannot be used. {error}") from error


def _piece(sound: Waveform, *, number: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if net_speech_seconds(sound) < LEAST_SPEECH_SECONDS:
        raise AudioError("audio-silent", f"Part {number} holds no speech; say that sentence again.")
    return sound.resampled(RATE).samples
