"""Listen to the samples of a voice: sound, amount, words, voice and marks of each, and what they are together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from safety.comparison import Embedding, embed
from safety.errors import SpeechError
from safety.registry import speaker_encoder, transcriber
from safety.speech import SpeakerFinding, net_speech_seconds, one_speaker
from synth_adapter.measures import Measures, measure
from synth_adapter.waveform import Waveform
from watermark import marking
from watermark.ports import Reading


@dataclass(frozen=True)
class HeardSample:
    """What was made of one sample; an embedding of None means that no voice could be made out."""

    position: int
    measures: Measures
    net_speech_seconds: float
    speakers: SpeakerFinding
    marks: tuple[Reading, ...]
    embedding: Embedding | None
    transcript: str

    def figures(self) -> dict[str, Any]:
        """The figures that are kept with the sample; no words of it are among them."""
        return {
            **asdict(self.measures),
            "net_speech_seconds": round(self.net_speech_seconds, 2),
            "one_speaker": asdict(self.speakers),
            "marks": [{"marker": m.marker, "outcome": m.outcome, "score": round(m.score, 4)} for m in self.marks],
        }


def listen(waveform: Waveform, *, position: int, language: str) -> HeardSample:
    """Listen to one sample; `position` counts from one."""
    encoder = speaker_encoder()
    try:
        embedding = embed(waveform, encoder=encoder)
    except SpeechError:
        embedding = None
    return HeardSample(
        position=position,
        measures=measure(waveform),
        net_speech_seconds=net_speech_seconds(waveform),
        speakers=one_speaker(waveform, encoder=encoder),
        marks=marking.detect(waveform),
        embedding=embedding,
        transcript=transcriber().transcribe(waveform, language=language).text,
    )


def reference_of(samples: Sequence[HeardSample]) -> Embedding | None:
    """The normalised mean of the samples' embeddings; None where not one voice could be made out."""
    embeddings = [sample.embedding for sample in samples if sample.embedding is not None]
    if not embeddings:
        return None
    mean = np.mean([embedding.vector for embedding in embeddings], axis=0)
    length = float(np.linalg.norm(mean))
    if length == 0.0:
        return None
    return Embedding(embeddings[0].model, np.asarray(mean / length, dtype=np.float32))
