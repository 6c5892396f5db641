"""Examine what an engine made, trusting it no more than any upload: whose voice, which words, sane audio."""

from __future__ import annotations

from uuid import UUID

from governance.examination.findings import Findings
from governance.examination.sound import examine_sound
from governance.examination.voice import examine_voice
from governance.examination.words import examine_words
from safety.comparison import VoiceEmbedding
from synth_adapter.waveform import Waveform

__all__ = ["Findings", "examine"]


def examine(
    output: Waveform, *, text: str, language: str, reference: VoiceEmbedding, organisation_id: UUID, promised_rate: int
) -> Findings:
    """Compare an engine's output with what was asked for and with the enrolled `reference` of the same models.

    Args:
        output: what the engine made, before it is marked.
        text: the words that were asked for.
        language: of the text, as BCP 47.
        reference: the consented speaker's, as the vault opens it.
        organisation_id: whose rotation the reference is in, and whose protected voices are asked for.
        promised_rate: the sample rate in hertz that the engine's release states.

    Raises:
        ComparisonError: the reference, or somebody who is listed, was heard by other models than are configured.
        SearchUnavailableError: a long list of protected voices could not be searched.
    """
    return (
        examine_sound(output, text=text, promised_rate=promised_rate)
        + examine_voice(output, reference=reference, organisation_id=organisation_id)
        + examine_words(output, text=text, language=language)
    )
