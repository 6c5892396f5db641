"""A prepared voice as bytes: numbers only, so that opening one can never run anything."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synth_adapter.adaptation.analysis import ORDER
from synth_adapter.adaptation.mapping import INPUTS, Scale, SpectralMap
from synth_adapter.adaptation.pitch import PitchRange
from synth_adapter.errors import EngineError

_FORMAT = "vivavoce-adapted-voice-1"
_LAYERS = 3


@dataclass(frozen=True, eq=False)
class AdaptedVoice:
    """All that is needed to speak as someone: which stock voice says it, how fast, and what is changed after."""

    engine: str
    stock_voice: str
    pace: float
    stock_pitch: PitchRange
    speaker_pitch: PitchRange
    spectral_map: SpectralMap


def dump(voice: AdaptedVoice) -> bytes:
    """The voice as an uncompressed NumPy archive; the same voice gives the same bytes."""
    header = {
        "format": _FORMAT,
        "engine": voice.engine,
        "stock_voice": voice.stock_voice,
        "pace": voice.pace,
        "stock_pitch": asdict(voice.stock_pitch),
        "speaker_pitch": asdict(voice.speaker_pitch),
    }
    numbers = voice.spectral_map
    arrays: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8),
        "scales": np.stack([numbers.source.mean, numbers.source.deviation, numbers.target.mean,
                            numbers.target.deviation, numbers.produced]),
        **{f"weight{number}": weight for number, weight in enumerate(numbers.weights)},
        **{f"bias{number}": bias for number, bias in enumerate(numbers.biases)},
    }  # fmt: skip
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def load(artefact: bytes, *, engine: str) -> AdaptedVoice:
    """The voice in `artefact`; a corrupt one, or one that another engine made, raises a permanent `EngineError`."""
    try:
        with np.load(io.BytesIO(artefact), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays["header"].tobytes())
        if header["format"] != _FORMAT or header["engine"] != engine:
            raise EngineError(f"This voice was prepared for another engine than {engine}; prepare it again.",
                              permanent=True)  # fmt: skip
        return AdaptedVoice(
            engine=engine,
            stock_voice=str(header["stock_voice"]),
            pace=float(header["pace"]),
            stock_pitch=PitchRange(**header["stock_pitch"]),
            speaker_pitch=PitchRange(**header["speaker_pitch"]),
            spectral_map=_spectral_map(arrays),
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise EngineError(f"The prepared voice is corrupt ({type(error).__name__}); prepare it again.",
                          permanent=True) from error  # fmt: skip


def _spectral_map(arrays: dict[str, np.ndarray]) -> SpectralMap:
    weights = tuple(arrays[f"weight{number}"] for number in range(_LAYERS))
    biases = tuple(arrays[f"bias{number}"] for number in range(_LAYERS))
    scales = arrays["scales"]
    widths = [INPUTS, *(len(bias) for bias in biases)]
    fitting = all(weight.shape == (out, into) for weight, into, out in zip(weights, widths, widths[1:], strict=False))
    if scales.shape != (5, ORDER) or widths[-1] != ORDER or not fitting:
        raise ValueError("arrays of unexpected shape")
    if not all(np.isfinite(array).all() for array in (*weights, *biases, scales)):
        raise ValueError("numbers that are not finite")
    return SpectralMap(Scale(scales[0], scales[1]), Scale(scales[2], scales[3]), scales[4], weights, biases)
