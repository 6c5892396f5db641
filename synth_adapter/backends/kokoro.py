"""Kokoro-82M through ONNX Runtime: one text in one stock voice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synth_adapter import sentences
from synth_adapter.errors import EngineError
from synth_adapter.phonemes import Phonemizer
from synth_adapter.waveform import Waveform

RATE = 24_000
_STYLES = 510  # a stock voice has one style vector for every length of text
_STYLE_WIDTH = 256
_PIECE_CHARACTERS = 240  # espeak gives at most about two phonemes a character of prose


def dialect(stock_voice: str) -> str | None:
    """The English that a stock voice speaks, or None when it speaks another language."""
    return {"a": "en-us", "b": "en-gb"}.get(stock_voice[:1])


class Kokoro:
    """Speaks in stock voices; loads model, vocabulary and voices once, or raises `EngineError`."""

    def __init__(self, *, model: Path, voices: Path, config: Path, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 - an ML library, loaded by the backend that needs it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._vocabulary: dict[str, int] = json.loads(config.read_text(encoding="utf-8"))["vocab"]
        self._styles = {path.stem: _read_styles(path) for path in sorted(voices.glob("*.bin"))}
        if not self._styles:
            raise EngineError(f"There are no stock voices in {voices}.", permanent=True)
        self._phonemizer = Phonemizer()

    @property
    def stock_voices(self) -> tuple[str, ...]:
        """Names such as `af_heart`: language (a American, b British), sex, name."""
        return tuple(self._styles)

    def speak(self, text: str, *, stock_voice: str, language: str, pace: float = 1.0) -> Waveform:
        """`text` in a stock voice at 24 kHz, `pace` times as fast as it is used to; raises `EngineError`."""
        styles = self._styles_of(stock_voice)
        pieces = [
            phonemes
            for piece in sentences.split(text, longest=_PIECE_CHARACTERS)
            for phonemes in sentences.split(self._phonemizer.phonemes(piece, language=language), longest=_STYLES - 1)
        ]
        spoken = [self._say(tokens, styles, pace) for tokens in map(self._tokens, pieces) if tokens]
        if not spoken:
            raise EngineError("There is nothing to say in this text.", permanent=True)
        return Waveform(np.clip(np.concatenate(spoken), -1.0, 1.0).astype(np.float32), RATE)

    def close(self) -> None:
        """End the phoneme process; speaking again starts another."""
        self._phonemizer.close()

    def _styles_of(self, stock_voice: str) -> NDArray[np.float32]:
        """The styles of one stock voice, or of an even blend such as `af_bella+bf_emma`: somebody who is neither."""
        missing = [name for name in stock_voice.split("+") if name not in self._styles]
        if missing:
            raise EngineError(f"There is no stock voice '{missing[0]}'.", permanent=True)
        blend: NDArray[np.float32] = np.mean([self._styles[name] for name in stock_voice.split("+")], axis=0)
        return blend.astype(np.float32)

    def _tokens(self, phonemes: str) -> list[int]:
        if not any(phoneme.isalpha() for phoneme in phonemes):
            return []
        return [token for token in map(self._vocabulary.get, phonemes) if token is not None]

    def _say(self, tokens: list[int], styles: NDArray[np.float32], pace: float) -> NDArray[np.float32]:
        given = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": styles[len(tokens)][None, :],
            "speed": np.array([pace], dtype=np.float32),
        }
        spoken: NDArray[np.float32] = self._session.run(["audio"], given)[0]
        if not np.isfinite(spoken).all():
            raise EngineError("Kokoro produced samples that are not numbers.", permanent=False)
        return spoken


def _read_styles(path: Path) -> NDArray[np.float32]:
    styles = np.fromfile(path, dtype="<f4")
    if styles.size != _STYLES * _STYLE_WIDTH:
        raise EngineError(f"{path.name} is not a Kokoro voice; fetch the weights again.", permanent=True)
    return styles.reshape(_STYLES, _STYLE_WIDTH)
