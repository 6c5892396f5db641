"""Runs trials, one line of JSON each: mark a clip, attack it, examine it; what is there already is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.progress import track

from bench.mark import attacks, material, system
from bench.mark.rivals import AwareSystem, PerthSystem
from bench.mark.system import KeyedSystem
from bench.speakers.embeddings import CACHE
from synth_adapter.waveform import Waveform

FOLDER = CACHE / "mark"
OVERWRITTEN, REMARKED, AVERAGED = "overwritten by another key", "marked again by us", "average of 5 marked copies"
COPIES = 5
OF_KEYS = (OVERWRITTEN, REMARKED, AVERAGED)


class MarkingSystem(Protocol):
    """What the table asks of a mark."""

    name: str

    def mark(self, clip: Waveform, name: str) -> Waveform:
        """The clip with the mark of `name`."""

    def examine(self, sound: Waveform, name: str) -> dict[str, Any]:
        """What is found of that mark."""


SYSTEMS: dict[str, Callable[[], MarkingSystem]] = {"keyed": KeyedSystem, "perth": PerthSystem, "aware": AwareSystem}


def revision_of(made: MarkingSystem) -> str:
    """Of the keyed mark its source, of the others their weights or version."""
    return str(getattr(made, "revision", None) or system.revision())


def names_of_attacks(wanted: Sequence[str], *, keyed: bool) -> tuple[str, ...]:
    """All attacks, or those whose names begin with one of `wanted`."""
    known = attacks.available() + (OF_KEYS if keyed else ())
    return tuple(name for name in known if not wanted or any(name.startswith(one) for one in wanted))


def run(made: MarkingSystem, places: Iterable[material.Place], names: Sequence[str], *, part: str) -> None:
    """Examine every clip after every attack; one process of a part writes one file."""
    folder = FOLDER / f"{made.name}-{revision_of(made)}"
    folder.mkdir(parents=True, exist_ok=True)
    done = {(line["clip"], line["clip_seconds"], line["attack"]) for line in lines(folder)}
    index, count = map(int, part.split("/"))
    chosen = [place for number, place in enumerate(places) if number % count == index]
    with (folder / f"trials-{index}-of-{count}.jsonl").open("a", encoding="utf-8") as file:
        for place in track(chosen, description=f"{made.name} {part}"):
            left = [name for name in names if (place.name, place.seconds, name) not in done]
            if not left:
                continue
            clip = place.read()
            marked = made.mark(clip, place.name)
            for name in left:
                found = made.examine(attacked(made, clip, marked, place.name, name), place.name)
                line = {"clip": place.name, "clip_seconds": place.seconds, "rate": place.rate, "attack": name, **found}
                file.write(json.dumps(line) + "\n")
            file.flush()


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Every trial in a folder; a last line that was broken off is left out."""
    for path in sorted(folder.glob("trials-*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            if text.endswith("}"):
                yield json.loads(text)


def attacked(made: MarkingSystem, clip: Waveform, marked: Waveform, name: str, attack: str) -> Waveform:
    """The marked clip after an attack; those of `OF_KEYS` need the mark itself, and the clip before it."""
    if not isinstance(made, KeyedSystem) or attack not in OF_KEYS:
        return attacks.attacked(marked, attack)
    if attack == OVERWRITTEN:
        return KeyedSystem(secrets=system.OTHER_SECRETS).mark(marked, "another")
    if attack == REMARKED:
        return made.mark(marked, f"{name} again")
    copies = [made.mark(clip, f"{name} copy {number}").samples for number in range(1, COPIES)]
    return Waveform(np.mean([marked.samples, *copies], axis=0, dtype=np.float32), marked.rate)
