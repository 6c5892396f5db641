"""Every clip that the detector learns from or is judged by: bona fide and made, in three parts that share no speaker.

Made clips are kept in the cache; a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from rich.progress import track

from bench.speakers.embeddings import CACHE, CORPUS
from bench.spoofing import systems
from bench.spoofing.sentences import SENTENCES
from synth_adapter.backends.kokoro import dialect
from synth_adapter.waveform import Waveform

RATE = systems.RATE
FOLDER = CACHE.parent / "spoofing"
TEST_KOKORO = {"af_heart", "af_nova", "am_echo", "am_puck", "bf_lily", "bm_lewis", "af_sky", "am_adam"}
TEST_FLITE = {"slt", "kal16"}
COPIES = 60
"""Bona fide recordings of which copies are made, for training; a third as many for the test."""
TEST_SHARE = 0.3
LEAST_SECONDS = 2.0
Part = Literal["train", "test"]
Copier = Callable[[Waveform, int], Waveform]
COPIERS: Mapping[str, Copier] = {
    "WORLD copy": lambda sound, _: systems.by_world(sound),
    "Griffin-Lim copy": lambda sound, seed: systems.by_griffin_lim(sound, seed=seed),
    "mel copy": lambda sound, _: systems.by_mel(sound),
    "replay": lambda sound, seed: systems.by_replay(sound, seed=seed),
}


@dataclass(frozen=True)
class Clip:
    """One recording at 16 kHz: `system` is `bonafide` or what made it, `source` where its speaker was recorded.

    `original` names the recording of which it is a copy.
    """

    name: str
    system: str
    source: str
    speaker: str
    part: Part
    path: Path
    original: str = ""

    @property
    def bona_fide(self) -> bool:
        return self.system == "bonafide"

    def read(self) -> Waveform:
        samples, rate = soundfile.read(self.path, dtype="float32", always_2d=True)
        return Waveform(np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32)), rate).resampled(RATE)


def recorded() -> list[Clip]:
    """The corpus: bona fide speakers of LibriSpeech's training set in both parts, everything else in the test."""
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["seconds"]) > LEAST_SECONDS]
    return [
        Clip(
            name=row["path"],
            system=row["label"].removeprefix("spoof/"),
            source=row["source"],
            speaker=row["speaker"],
            part=_part(row["source"], row["speaker"], row["label"]),
            path=CORPUS / row["path"],
        )
        for row in rows
    ]


def made() -> list[Clip]:
    """Every clip that is made here, made now where it is missing."""
    return _all([*copied(COPIERS), *_spoken()])


def made_by(copiers: Mapping[str, Copier], *, copies: int) -> list[Clip]:
    """Copies by other means than those of the recipe, for experiments."""
    return _all(copied(copiers, copies=copies))


def _all(wanted: Iterable[tuple[Clip, Callable[[], Waveform]]]) -> list[Clip]:
    wanted = list(wanted)
    FOLDER.mkdir(parents=True, exist_ok=True)
    missing = [(clip, make) for clip, make in wanted if not clip.path.is_file()]
    for clip, make in track(missing, description="Making speech"):
        sound = make()
        unfinished = clip.path.with_suffix(".part")
        soundfile.write(unfinished, sound.samples, RATE, format="FLAC", subtype="PCM_16")
        unfinished.rename(clip.path)
    return [clip for clip, _ in wanted]


def _part(source: str, speaker: str, label: str) -> Part:
    if label != "bonafide" or source not in {"librispeech_train", "vctk_stargan"}:
        return "test"
    return "test" if draw(speaker) < TEST_SHARE else "train"


def draw(name: str) -> float:
    """A number in 0..1 that belongs to a name."""
    return zlib.crc32(name.encode()) / 2**32


def copied(copiers: Mapping[str, Copier], *, copies: int = COPIES) -> Iterator[tuple[Clip, Callable[[], Waveform]]]:
    """Copies of so many bona fide training recordings and a third as many of the test, with what makes each."""
    bona_fide = [clip for clip in recorded() if clip.bona_fide and clip.source == "librispeech_train"]
    ordered = sorted(bona_fide, key=lambda clip: draw(clip.name))
    train, test = ([clip for clip in ordered if clip.part == part] for part in ("train", "test"))
    for clip in [*train[:copies], *test[: copies // 3]]:
        seed = zlib.crc32(clip.name.encode())
        for system, make in copiers.items():
            made = _clip(system, clip.speaker, Path(clip.name).stem, clip.part, original=clip.name)
            yield made, lambda clip=clip, seed=seed, make=make: make(_excerpt(clip), seed)


def _spoken() -> Iterator[tuple[Clip, Callable[[], Waveform]]]:
    for voice in systems.FLITE_VOICES:
        for number in range(8):
            text = _sentence(f"{voice}{number}")
            part: Part = "test" if voice in TEST_FLITE else "train"
            yield _clip("flite", voice, str(number), part), lambda v=voice, t=text: systems.by_flite(t, voice=v)
    for index, voice in enumerate(systems.ESPEAK_VOICES):
        for number in range(2):
            text, part = _sentence(f"{voice}{number}"), "test" if index % 4 == 0 else "train"
            yield _clip("espeak-ng", voice, str(number), part), lambda v=voice, t=text: systems.by_espeak(t, voice=v)
    for number, text in enumerate(SENTENCES):
        yield _clip("Piper", "joe", str(number), "test"), lambda t=text: systems.by_piper(t)
    yield from _spoken_by_kokoro()


def _spoken_by_kokoro() -> Iterator[tuple[Clip, Callable[[], Waveform]]]:
    engine = systems.kokoro()
    voices = [voice for voice in engine.stock_voices if dialect(voice) is not None]
    for number in range(3):
        for voice in voices:
            text, part = _sentence(f"{voice}{number}"), "test" if voice in TEST_KOKORO else "train"
            clip = _clip("Kokoro", voice, str(number), part)
            yield clip, lambda v=voice, t=text: systems.by_kokoro(engine, t, voice=v)


def _sentence(name: str) -> str:
    return SENTENCES[int(draw(name) * len(SENTENCES))]


def _excerpt(clip: Clip) -> Waveform:
    """The six seconds of a recording of which copies are made."""
    return clip.read().cut(0.5, 6.5)


def _clip(system: str, speaker: str, name: str, part: Part, *, original: str = "") -> Clip:
    path = FOLDER / f"{system.replace(' ', '-')}_{speaker}_{name}.flac".lower()
    return Clip(path.stem, system, system, speaker, part, path, original)
