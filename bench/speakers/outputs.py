"""What the local engine says in the voices of the readers with ten utterances; made once, kept in the cache.

Six utterances are learnt from and make the reference, as in an enrolment; the sentences are none of them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from bench.speakers.embeddings import CACHE, takes
from bench.speakers.trials import Heard
from safety.comparison import Comparison, Embedding, VoiceEmbedding, compare, mean_of
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoders, speaker_models, transcriber
from synth_adapter.decoding import decode
from synth_adapter.ports import TranscribedSample
from synth_adapter.registry import engine
from synth_adapter.waveform import Waveform

ENROLLED, READ_ALOUD = 6, 10
SENTENCES = (
    "The morning was quiet, and the boats had not yet left the harbour.",
    "Please bring three apples, a loaf of bread, and the letter on the table.",
    "Nobody had expected the winter to last so long that year.",
    "Welcome back. Your library books are due on Friday.",
)


@dataclass(frozen=True)
class Output:
    """One sentence in a speaker's voice, and which takes the voice was learnt from."""

    speaker: str
    learnt_from: tuple[str, ...]
    waveform: Waveform


def enrolled() -> dict[str, list[Path]]:
    """The recordings that each voice is learnt from."""
    found: dict[str, list[Path]] = defaultdict(list)
    for take in takes():
        if take.source == "librispeech_testother":
            found[take.speaker].append(take.path)
    return {name: sorted(paths)[:ENROLLED] for name, paths in sorted(found.items()) if len(paths) >= READ_ALOUD}


def outputs() -> list[Output]:
    """Every sentence in every voice; made where they are not in the cache, a minute or two for each voice."""
    return [
        Output(speaker, tuple(path.name for path in paths), waveform)
        for speaker, paths in track(enrolled().items(), description="outputs")
        for waveform in _spoken(speaker, paths)
    ]


def _spoken(speaker: str, paths: list[Path]) -> list[Waveform]:
    release = engine().release
    key = hashlib.sha256(f"{release}{SENTENCES}{[path.name for path in paths]}".encode()).hexdigest()[:16]
    kept = CACHE / f"output-{speaker}-{key}.npz"
    if not kept.is_file():
        waveforms = [decode(path.read_bytes()).waveform for path in paths]
        samples = [TranscribedSample(w, transcriber().transcribe(w, language="en").text) for w in waveforms]
        voice = engine().prepare(samples)
        spoken = [engine().synthesise(sentence, language="en", voice=voice) for sentence in SENTENCES]
        CACHE.mkdir(parents=True, exist_ok=True)
        np.savez(kept, rate=spoken[0].rate, **{str(n): sound.samples for n, sound in enumerate(spoken)})
    content = np.load(kept)
    return [Waveform(content[str(n)], int(content["rate"])) for n in range(len(SENTENCES))]


def compared(heard: Sequence[Heard], *, point: str) -> dict[str, list[tuple[Comparison, str]]]:
    """Each output against its own reference and the clean takes of all others, by speaker; with the name compared."""
    clean = [one for one in heard if one.condition == "clean"]
    found: dict[str, list[tuple[Comparison, str]]] = {}
    for output in outputs():
        own = [_voice(one) for one in clean if one.take.rpartition("/")[2] in output.learnt_from]
        others = [(_voice(one), one.speaker) for one in clean if one.speaker != output.speaker]
        probe = embed_voice(output.waveform, encoders=speaker_encoders())
        found.setdefault(output.speaker, []).extend(
            (compare(probe, reference, calibration=calibration(), point=point), name)
            for reference, name in [(mean_of(own), output.speaker), *others]
        )
    return found


def _voice(heard: Heard) -> VoiceEmbedding:
    parts = tuple(Embedding(model, vector) for model, vector in zip(speaker_models(), heard.vectors, strict=True))
    return VoiceEmbedding(parts, heard.seconds, heard.bandwidth_hz)
