"""Accuracy on the speech corpus: comparison, search, the ceremony, the local engine, the script screen, the mark.

Speakers with ten utterances: six are enrolled from, four held out. Run with `make evaluate`; needs the corpus beside
the checkout (`VIVAVOCE_CORPUS`, default `../shared/corpus`).
"""

from __future__ import annotations

import csv
import logging
import os
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from rich.progress import track  # noqa: E402 -- Django must be configured first

from bench import ceremony, linkability, open_set, script_screening  # noqa: E402 -- likewise
from bench.figures import Figure, of_mean, report  # noqa: E402 -- likewise
from bench.mark import evaluation as mark  # noqa: E402 -- likewise
from bench.speakers import report as speakers_report  # noqa: E402 -- likewise
from safety.backends.ge2e import Ge2e  # noqa: E402 -- likewise
from safety.registry import speaker_encoder, transcriber  # noqa: E402 -- likewise
from safety.transcripts import word_error_rate  # noqa: E402 -- likewise
from synth_adapter.decoding import decode  # noqa: E402 -- likewise
from synth_adapter.ports import TranscribedSample  # noqa: E402 -- likewise
from synth_adapter.registry import engine  # noqa: E402 -- likewise
from synth_adapter.waveform import Waveform  # noqa: E402 -- likewise

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("VIVAVOCE_CORPUS", ROOT.parent / "shared" / "corpus"))
ENROLLED = 6
LISTS = (10, 100, 1_000, 100_000, 1_000_000)
SENTENCES = (
    "The morning was quiet, and the boats had not yet left the harbour.",
    "Please bring three apples, a loaf of bread, and the letter on the table.",
    "Nobody had expected the winter to last so long that year.",
)


def speakers() -> dict[str, list[Path]]:
    """Bona fide speakers with at least ten utterances."""
    found: dict[str, list[Path]] = defaultdict(list)
    with (CORPUS / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["label"] == "bonafide" and row["source"] == "librispeech_testother":
                found[row["speaker"]].append(CORPUS / row["path"])
    return {name: sorted(paths) for name, paths in sorted(found.items()) if len(paths) >= 10}  # noqa: PLR2004 -- the issue's number


def mean_embedding(encoder: object, waveforms: list[Waveform]) -> object:
    vectors = sum(encoder.embed(waveform) for waveform in waveforms)  # type: ignore[attr-defined]
    return vectors / float((vectors @ vectors) ** 0.5)


def judge_engine() -> list[Figure]:
    encoders = {"CAM++": speaker_encoder(), "GE2E": Ge2e()}
    ears = transcriber()
    scores: dict[str, list[float]] = {name: [] for name in encoders}
    held_out: dict[str, list[float]] = {name: [] for name in encoders}
    rates: list[float] = []
    for paths in track(speakers().values(), description="speakers"):
        waveforms = [decode(path.read_bytes()).waveform for path in paths]
        samples = [TranscribedSample(w, ears.transcribe(w, language="en").text) for w in waveforms[:ENROLLED]]
        voice = engine().prepare(samples)
        spoken = [engine().synthesise(sentence, language="en", voice=voice) for sentence in SENTENCES]
        heard = [ears.transcribe(waveform, language="en").text for waveform in spoken]
        rates.append(fmean(word_error_rate(s, h, language="en").rate for s, h in zip(SENTENCES, heard, strict=True)))
        for name, encoder in encoders.items():
            truth = mean_embedding(encoder, waveforms[ENROLLED:])
            scores[name].append(fmean(float(encoder.embed(waveform) @ truth) for waveform in spoken))
            enrolled = mean_embedding(encoder, waveforms[:ENROLLED])
            held_out[name].append(float(enrolled @ truth))
    figures = [
        of_mean(
            f"local engine: likeness to held-out speech, {name}",
            values,
            unit="cosine",
            goal=0.58 if name == "CAM++" else 0.757,
            direction="at least",
        )
        for name, values in scores.items()
    ]
    figures += [
        of_mean(f"the speaker's own speech, {name} (ceiling)", values, unit="cosine", goal=None, direction="at least")
        for name, values in held_out.items()
    ]
    return [*figures, of_mean("local engine: word error rate", rates, unit="fraction", goal=0.15, direction="at most")]


def main() -> int:
    """Measure, print, write."""
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    figures = [Figure(**{**found, "interval": tuple(found["interval"])}) for found in script_screening.evaluate()]
    if (CORPUS / "manifest.csv").is_file():
        figures += linkability.measured()
        figures += judge_engine()
        figures += speakers_report.evaluate(ROOT / "evaluation")
        figures += open_set.figures_of(open_set.try_out(list(LISTS)))
        figures += ceremony.evaluate()
        figures += [figure for figure in mark.evaluate() if figure.goal is not None]
    else:
        print(f"The speech corpus is not at {CORPUS}: the engine's figures were skipped.")
    report(figures, title="Accuracy", destination=ROOT / "evaluation" / "results.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
