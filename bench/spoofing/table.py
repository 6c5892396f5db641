"""The features of every window of every clip, as it was recorded and after ways drawn at random; kept in the cache."""

from __future__ import annotations

import hashlib
import inspect
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

import safety.spoofing.features as heard
from bench.spoofing import channels, material
from bench.spoofing.material import Clip
from safety.spoofing.windows import windows
from synth_adapter.waveform import Waveform

TRAIN_WAYS, TEST_WAYS = 2, 1
TRAIN_WINDOWS, TEST_WINDOWS = 3, 3
Listen = Callable[[Waveform], NDArray[np.float32]]


@dataclass(frozen=True)
class Table:
    """Row by row: features, the clip's index, the way (0 as recorded) and the window within the clip."""

    clips: Sequence[Clip]
    features: NDArray[np.float32]
    clip: NDArray[np.int64]
    way: NDArray[np.int64]

    @property
    def made(self) -> NDArray[np.bool_]:
        return np.array([not clip.bona_fide for clip in self.clips])[self.clip]

    @property
    def systems(self) -> NDArray[np.str_]:
        return np.array([clip.system for clip in self.clips])[self.clip]

    @property
    def train(self) -> NDArray[np.bool_]:
        return np.array([clip.part == "train" for clip in self.clips])[self.clip]


def table(clips: Sequence[Clip], *, listen: Listen = heard.features, ways: int = TRAIN_WAYS) -> Table:
    """Every clip's rows, computed where the cache does not have them; `listen` describes one window.

    `ways` is how many drawn ways a training clip goes besides being heard as recorded.
    """
    code = b"".join(Path(inspect.getfile(source)).read_bytes() for source in (listen, channels))
    folder = material.FOLDER / f"features-{hashlib.sha256(code).hexdigest()[:12]}-{ways}"
    folder.mkdir(parents=True, exist_ok=True)
    for clip in track([c for c in clips if not _kept(folder, c).is_file()], description="Listening"):
        way, rows = zip(*_rows(clip, listen, ways), strict=True)
        np.savez(_kept(folder, clip), ways=np.array(way), rows=np.stack(rows))
    kept = [np.load(_kept(folder, clip)) for clip in clips]
    return Table(
        clips=clips,
        features=np.concatenate([content["rows"] for content in kept]),
        clip=np.repeat(np.arange(len(clips)), [len(content["ways"]) for content in kept]),
        way=np.concatenate([content["ways"] for content in kept]),
    )


def _kept(folder: Path, clip: Clip) -> Path:
    return folder / f"{hashlib.sha256(clip.name.encode()).hexdigest()[:16]}-{clip.part}.npz"


def _rows(clip: Clip, listen: Listen, ways: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    draw = np.random.default_rng(zlib.crc32(clip.name.encode()))
    sound = clip.read()
    training = clip.part == "train"
    for way in range(1 + (ways if training else TEST_WAYS)):
        for window in windows(sound)[: TRAIN_WINDOWS if training else TEST_WINDOWS]:
            one = Waveform(window.samples, window.rate)
            yield way, listen(channels.passed(one, draw) if way else one)
