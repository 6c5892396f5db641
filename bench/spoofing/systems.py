"""Speech that is nobody's, made here: four synthesisers, two kinds of copy-synthesis, and replay, all at 16 kHz."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyworld
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, istft, lfilter, sosfilt, stft

from synth_adapter.backends.kokoro import Kokoro, dialect
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

RATE = 16_000
WINDOW, HOP = 512, 128
FLITE_VOICES = ("kal", "awb", "rms", "slt", "kal16")
ESPEAK_VOICES = tuple(
    f"{accent}+{variant}"
    for accent, variant in zip(
        ("en-us", "en-gb", "en-gb-scotland", "en-029", "en-gb-x-rp") * 4,
        (f"{sex}{number}" for number in range(1, 6) for sex in ("m", "f", "m", "f")),
        strict=True,
    )
)

Samples = NDArray[np.float64]


def kokoro() -> Kokoro:
    """The engine with its English stock voices."""
    return Kokoro(
        model=locate("kokoro").path, voices=locate("kokoro-voices").path, config=locate("kokoro-config").path, threads=1
    )


def by_kokoro(engine: Kokoro, text: str, *, voice: str) -> Waveform:
    return engine.speak(text, stock_voice=voice, language=dialect(voice) or "en-us").resampled(RATE)


def by_piper(text: str) -> Waveform:
    """One VITS voice with the published settings; espeak-ng says how words sound."""
    session, config = _piper()
    settings = config["inference"]
    heard = _asked(["espeak-ng", "-v", config["espeak"]["voice"], "-q", "--ipa", text]).split()
    known = config["phoneme_id_map"]
    signs = [number for sign in f"{' '.join(heard)}." if sign in known for number in (*known[sign], *known["_"])]
    numbers = np.array([[*known["^"], *known["_"], *signs, *known["$"]]], np.int64)
    scales = np.array([settings["noise_scale"], settings["length_scale"], settings["noise_w"]], np.float32)
    given = {"input": numbers, "input_lengths": np.array([numbers.size], np.int64), "scales": scales}
    samples = np.asarray(session.run(None, given)[0]).ravel()
    level = 0.7 / max(1e-9, float(np.abs(samples).max()))
    return Waveform((level * samples).astype(np.float32), config["audio"]["sample_rate"]).resampled(RATE)


def by_flite(text: str, *, voice: str) -> Waveform:
    return _spoken(["flite", "-voice", voice, "-t", text, "-o"])


def by_espeak(text: str, *, voice: str) -> Waveform:
    return _spoken(["espeak-ng", "-v", voice, text, "-w"])


def by_world(sound: Waveform) -> Waveform:
    """Bona fide speech taken apart by WORLD and put together again (Morise et al. 2016)."""
    samples = sound.samples.astype(np.float64)
    pitch, times = pyworld.dio(samples, RATE)
    pitch = pyworld.stonemask(samples, pitch, times, RATE)
    envelope = pyworld.cheaptrick(samples, pitch, times, RATE)
    noise = pyworld.d4c(samples, pitch, times, RATE)
    return _finished(pyworld.synthesize(pitch, envelope, noise, RATE))


def by_griffin_lim(sound: Waveform, *, seed: int, bands: int = 80, rounds: int = 24) -> Waveform:
    """Bona fide speech from its own mel spectrum: phases are found by fast Griffin-Lim (Perraudin et al. 2013)."""
    magnitude = _through_mel(np.abs(_stft(sound.samples.astype(np.float64))), bands)
    angles = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitude.shape))
    before = np.zeros_like(angles)
    for _ in range(rounds):
        rebuilt = _stft(_istft(magnitude * angles))[:, : magnitude.shape[1]]
        angles = rebuilt + 0.99 * (rebuilt - before)
        angles /= np.maximum(np.abs(angles), 1e-9)
        before = rebuilt
    return _finished(_istft(magnitude * angles))


def by_mel(sound: Waveform, *, bands: int = 80) -> Waveform:
    """Bona fide speech whose fine structure went through a mel spectrum, with its own phases: the best of vocoders."""
    spectrum = _stft(sound.samples.astype(np.float64))
    return _finished(_istft(_through_mel(np.abs(spectrum), bands) * np.exp(1j * np.angle(spectrum))))


def by_replay(sound: Waveform, *, seed: int) -> Waveform:
    """Bona fide speech as a small loudspeaker plays it in a room: band, resonances, bent tops, echo."""
    draw = np.random.default_rng(seed)
    band = butter(2, [draw.uniform(150, 450), draw.uniform(5_000, 7_400)], "bandpass", fs=RATE, output="sos")
    samples = sosfilt(band, sound.samples.astype(np.float64))
    for hertz in draw.uniform(300, 5_000, 4):
        pole = 0.97 * np.exp(2j * np.pi * hertz / RATE)
        ring = lfilter([1.0], np.real(np.poly([pole, pole.conjugate()])), samples)
        samples = samples + draw.uniform(0.05, 0.3) * ring * (np.std(samples) / max(1e-9, float(np.std(ring))))
    samples = np.tanh(draw.uniform(1.0, 2.5) * samples / max(1e-9, float(np.abs(samples).max())))
    length = int(draw.uniform(0.2, 0.6) * RATE)
    tail = draw.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= draw.uniform(0.3, 0.8) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _finished(fftconvolve(samples, tail)[: len(samples)] * 0.3)


def mel_bank(bands: int, bins: int, *, top: float = RATE / 2) -> NDArray[np.float64]:
    """Triangles of shape (bands, bins), evenly spaced in mel (O'Shaughnessy), over 0 to `top` hertz."""
    edges = 700.0 * np.expm1(np.linspace(0.0, np.log1p(top / 700.0), bands + 2))
    hertz = np.linspace(0.0, RATE / 2, bins)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0.0, None))


def _through_mel(magnitude: NDArray[np.float64], bands: int) -> NDArray[np.float64]:
    bank = mel_bank(bands, len(magnitude))
    share = bank / np.maximum(bank.sum(axis=0, keepdims=True), 1e-9)
    return np.asarray(share.T @ ((bank @ magnitude) / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)))


def _stft(samples: Samples) -> NDArray[np.complex128]:
    return np.asarray(stft(samples, nperseg=WINDOW, noverlap=WINDOW - HOP)[2])


def _istft(spectrum: NDArray[np.complex128]) -> Samples:
    return np.asarray(istft(spectrum, nperseg=WINDOW, noverlap=WINDOW - HOP)[1])


@functools.cache
def _piper() -> tuple[onnxruntime.InferenceSession, dict[str, Any]]:
    folder = locate("piper-joe").path
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    config = json.loads((folder / "en_US-joe-medium.onnx.json").read_text(encoding="utf-8"))
    path = str(folder / "en_US-joe-medium.onnx")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]), config


def _asked(command: list[str]) -> str:
    """What a program writes to its standard output."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed program, own text


def _spoken(command: list[str]) -> Waveform:
    """The file that a speaking program writes; its name is appended to `command`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run([*command, str(path)], check=True, capture_output=True)  # noqa: S603 - fixed programs, own texts
        samples, rate = soundfile.read(path, dtype="float32")
    return Waveform(samples, rate).resampled(RATE)


def _finished(samples: Samples) -> Waveform:
    peak = float(np.max(np.abs(samples), initial=1e-9))
    return Waveform((samples * min(1.0, 0.99 / peak)).astype(np.float32), RATE)
