"""What the marks cost: PESQ, ViSQOL, DNSMOS, words heard otherwise, likeness to the speaker; per layer and together."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.progress import track

from bench.mark import attacks, borrowed, material, system, trials
from bench.mark.rivals import AwareSystem, PerthSystem
from bench.mark.system import KeyedSystem
from safety.backends.dnsmos import Dnsmos
from safety.registry import speaker_encoder, transcriber
from safety.transcripts import word_error_rate
from synth_adapter.waveform import Waveform

RATE, SECONDS = 16_000, 5.0
Layer = Callable[[Waveform, str], Waveform]


def measured(count: int, *, words: int, aware: int) -> list[dict[str, Any]]:
    """One record per clip and layer, kept in the cache; words and likeness for the first `words` clips."""
    path = trials.FOLDER / f"keyed-{system.revision()}" / "quality.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    done = {(one["clip"], one["layer"]) for one in records}
    layers = _layers()
    with path.open("a", encoding="utf-8") as file:
        for number, place in enumerate(track(_with_another(count), description="quality")):
            clip = place.read()
            for name, marked in layers.items():
                if (place.name, name) in done or (name == "AWARE" and number >= aware):
                    continue
                rated = _rated(clip, marked(clip, place.name))
                if number < words:
                    rated |= _understood(place, clip, marked(clip, place.name))
                records.append({"clip": place.name, "layer": name, **rated})
                file.write(json.dumps(records[-1]) + "\n")
                file.flush()
    return records


def summary(records: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """By layer and measure: mean, worst, standard error, count."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for layer in dict.fromkeys(one["layer"] for one in records):
        of_layer = [one for one in records if one["layer"] == layer]
        found[layer] = {}
        for measure in ("pesq", "visqol", "dnsmos", "snr", "likeness", "words"):
            values = np.array([one[measure] for one in of_layer if measure in one])
            if len(values):
                worst = values.max() if measure == "words" else values.min()
                error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
                found[layer][measure] = {
                    "mean": float(values.mean()),
                    "worst": float(worst),
                    "error": float(error),
                    "n": len(values),
                }
    return found


def _layers() -> dict[str, Layer]:
    keyed, perth = KeyedSystem(), PerthSystem()
    layers: dict[str, Layer] = {
        "keyed": keyed.mark,
        "Perth": perth.mark,
        "keyed and Perth": lambda clip, name: perth.mark(keyed.mark(clip, name), name),
        "no mark, Opus 24k": lambda clip, _name: attacks.attacked(clip, "opus 24k"),
        "no mark, MP3 64k": lambda clip, _name: attacks.attacked(clip, "mp3 64k"),
    }
    if borrowed.there("aware"):
        layers["AWARE"] = functools.lru_cache(1)(AwareSystem().mark)
    return layers


def _with_another(count: int) -> list[material.Place]:
    """Clips of recordings that have a second one, with which the speaker is compared."""
    places = material.held_out(100_000, seconds=SECONDS)
    twice = {place.path for place in places if place.name.endswith("#1")}
    return [place for place in places if place.path in twice and place.name.endswith("#0")][:count]


def _rated(clip: Waveform, marked: Waveform) -> dict[str, float]:
    before, after = clip.resampled(RATE).samples, marked.resampled(RATE).samples
    shared = min(len(before), len(after))
    before, after = before[:shared], after[:shared]
    after = after * (np.dot(before, after) / np.dot(after, after))  # AWARE changes the level: no metric should mind
    rated = {
        "snr": float(10 * np.log10(np.sum(before**2) / max(1e-12, float(np.sum((after - before) ** 2))))),
        "dnsmos": _dnsmos().rate(Waveform(after, RATE)).overall - _dnsmos().rate(Waveform(before, RATE)).overall,
    }
    if borrowed.there("pesq"):
        rated["pesq"] = float(borrowed.module("pesq").pesq(RATE, before, after, "wb"))
    if borrowed.there("visqol"):
        heard = _visqol().measure_from_arrays(before.astype(np.float64), after.astype(np.float64), RATE)
        rated["visqol"] = float(heard.moslqo)
    return {name: round(value, 4) for name, value in rated.items()}


def _understood(place: material.Place, clip: Waveform, marked: Waveform) -> dict[str, float]:
    """Share of words heard otherwise than before, and the change of likeness to the recording's second clip."""
    said = transcriber().transcribe(clip.resampled(RATE), language="en").text
    heard = transcriber().transcribe(marked.resampled(RATE), language="en").text
    start = place.start + place.seconds
    other = material.Place(place.path, place.name, start, place.seconds, place.rate, place.by_engine).read()
    encoder = speaker_encoder()
    reference, before, after = (encoder.embed(sound.resampled(RATE)) for sound in (other, clip, marked))
    found = {"likeness": float(reference @ after) - float(reference @ before)}
    if said:
        found["words"] = float(word_error_rate(said, heard, language="en").rate)
    return {name: round(value, 4) for name, value in found.items()}


@functools.cache
def _dnsmos() -> Dnsmos:
    return Dnsmos()


@functools.cache
def _visqol() -> Any:
    api = borrowed.module("visqol.api").VisqolApi()
    api.create(mode="speech")
    return api
