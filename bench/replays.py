"""How often a replayed recording is known again, and how often a fresh one is taken for a replay.

`python -m bench.replays FOLDER` plays every bona fide recording of the corpus that lasts six seconds or more through
codecs and cuts, and looks for each among all as they were kept; every pair of different recordings is a chance to err.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import django
import numpy as np

django.setup()

from bench.spoofing.channels import RATE, coded  # noqa: E402 -- Django first
from consent.heard_before import LEAST_ALIGNED, UNHEARD, Print, _hash, _places, aligned, listen  # noqa: E402
from synth_adapter.decoding import decode  # noqa: E402
from synth_adapter.waveform import Waveform  # noqa: E402

LEAST_SECONDS = 6.0
SECRET = b"measured with any key"
Way = Callable[[Waveform], Waveform]


def coded_as(codec: str, bits: int) -> Way:
    return lambda sound: Waveform(coded(sound.samples, codec=codec, bits=bits).astype(np.float32), RATE)


def trimmed(sound: Waveform) -> Waveform:
    """From 1.237 s on, and without its last second."""
    return sound.cut(1.237, sound.seconds - 1.0)


def louder(sound: Waveform) -> Waveform:
    """12 dB louder, cut off where it is too loud."""
    return Waveform(np.clip(sound.samples * 4, -1, 1).astype(np.float32), sound.rate)


def noisy(sound: Waveform) -> Waveform:
    """White noise 20 dB under the sound."""
    noise = np.random.default_rng(1).normal(size=len(sound.samples)) * np.sqrt(np.mean(sound.samples**2)) / 10
    return Waveform((sound.samples + noise).astype(np.float32), sound.rate)


WAYS: dict[str, Way] = {
    "as it is": lambda sound: sound,
    "trimmed": trimmed,
    "12 dB louder, clipped": louder,
    "resampled to 8 kHz and back": lambda sound: sound.resampled(8_000).resampled(RATE),
    "noise 20 dB below": noisy,
    "MP3 32 kbit/s": coded_as("libmp3lame", 32_000),
    "Opus 24 kbit/s": coded_as("libopus", 24_000),
    "Opus 12 kbit/s": coded_as("libopus", 12_000),
    "trimmed, louder, 8 kHz, Opus 16 kbit/s": lambda sound: coded_as("libopus", 16_000)(
        louder(trimmed(sound)).resampled(8_000).resampled(RATE)
    ),
    "5 % faster": lambda sound: Waveform(sound.resampled(round(RATE / 1.05)).samples, RATE),
}


def recordings(folder: Path) -> Iterator[Waveform]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "bonafide"]
    for row in rows:
        if float(row["seconds"]) >= LEAST_SECONDS and int(row["sample_rate"]) >= RATE:
            yield decode((folder / row["path"]).read_bytes()).waveform.resampled(RATE)


def hashes(found: Print) -> list[int]:
    pairs = zip(found.values, found.heard, strict=True)
    return [_hash(int(value), secret=SECRET) if heard else UNHEARD for value, heard in pairs]


def known(sound: Waveform, kept: Sequence[list[int]]) -> bool:
    """Whether one of the kept fingerprints is that of a recording that holds a stretch of this one."""
    places = _places(listen(sound), secret=SECRET)
    return any(aligned(places, row) >= LEAST_ALIGNED for row in kept)


def main(folder: Path) -> None:
    sounds = list(recordings(folder))
    kept = [hashes(listen(sound)) for sound in sounds]
    among = [set(row) - {UNHEARD} for row in kept]
    strangers: list[int] = []
    for name, way in WAYS.items():
        own = []
        for number, sound in enumerate(sounds):
            places = _places(listen(way(sound)), secret=SECRET)
            own.append(aligned(places, kept[number]))
            if name in {"as it is", "Opus 12 kbit/s"}:
                others = (row for other, row in enumerate(kept) if other != number and among[other] & places.keys())
                strangers += [aligned(places, row) for row in others]
        found = sum(score >= LEAST_ALIGNED for score in own)
        low = np.percentile(own, [0, 5, 50]).astype(int)
        print(f"{name:42} found {found} of {len(own)}; aligned frames least, 5 %, median: {low.tolist()}", flush=True)
    pairs = 2 * len(sounds) * (len(sounds) - 1)
    wrong = sum(score >= LEAST_ALIGNED for score in strangers)
    print(f"different recordings: {wrong} of {pairs} pairs taken for one; highest {sorted(strangers)[-10:]}")
    tail = {least: sum(score >= least for score in strangers) for least in range(2, 18, 2)}
    print(f"pairs of different recordings with at least so many aligned frames: {tail}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
