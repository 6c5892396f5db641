"""Listen to the samples of a voice: sound, amount, words, voice and marks of each, and what they are together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from safety.calibration import Calibration
from safety.comparison import VoiceEmbedding
from safety.errors import SpeechError
from safety.hearing import embed_voice
from safety.ports import SpoofFinding
from safety.registry import speaker_encoder, speaker_encoders, spoof_detector, transcriber
from safety.speech import SpeakerFinding, net_speech_seconds, one_speaker
from safety.spoofing.demonstration import living_evidence
from safety.spoofing.takes import Take, fingerprint
from synth_adapter.measures import Measures, measure
from synth_adapter.waveform import Waveform
from voices import references
from voices.quality import checks, weight_of
from voices.references import Merged, Offered
from watermark import marking
from watermark.ports import Reading


@dataclass(frozen=True)
class HeardSample:
    """What was made of one sample; an embedding of None means that no voice could be made out.

    `language` is what its words were taken for, and `language_probability` how surely; empty where none were heard.
    `living` None means that nobody asked whether a living voice speaks, `take` None that no copies were looked for.
    """

    position: int
    measures: Measures
    net_speech_seconds: float
    speakers: SpeakerFinding
    marks: tuple[Reading, ...]
    embedding: VoiceEmbedding | None
    transcript: str
    language: str = ""
    language_probability: float = 0.0
    living: SpoofFinding | None = None
    take: Take | None = None

    def figures(self) -> dict[str, Any]:
        """The figures that are kept with the sample; no words of it are among them."""
        return {
            **asdict(self.measures),
            "checks": [check.as_json() for check in checks(self.measures)],
            "net_speech_seconds": round(self.net_speech_seconds, 2),
            "language": {"heard": self.language, "probability": round(self.language_probability, 3)},
            "one_speaker": asdict(self.speakers),
            "marks": [{"marker": m.marker, "outcome": m.outcome, "score": round(m.score, 4)} for m in self.marks],
            "living_voice": None if self.living is None else living_evidence(self.living),
        }


def listen(waveform: Waveform, *, position: int, language: str) -> HeardSample:
    """Listen to one sample; `position` counts from one."""
    seconds = net_speech_seconds(waveform)
    try:
        embedding = embed_voice(waveform, encoders=speaker_encoders(), net_seconds=seconds)
    except SpeechError:
        embedding = None
    heard = transcriber().transcribe(waveform, language=language)
    return HeardSample(
        position=position,
        measures=measure(waveform),
        net_speech_seconds=seconds,
        speakers=one_speaker(waveform, encoder=speaker_encoder()),
        marks=marking.detect(waveform),
        embedding=embedding,
        transcript=heard.text,
        language=heard.language,
        language_probability=heard.language_probability,
        living=spoof_detector().listen(waveform),
        take=fingerprint(waveform),
    )


def reference_of(samples: Sequence[HeardSample], *, calibration: Calibration) -> Merged | None:
    """What the samples make together, the unlike left out; None where not one voice could be made out."""
    offered = [
        Offered(
            sample.position,
            sample.embedding,
            weight_of(sample.measures, net_speech_seconds=sample.net_speech_seconds),
        )
        for sample in samples
        if sample.embedding is not None
    ]
    return references.merge(offered, calibration=calibration)
