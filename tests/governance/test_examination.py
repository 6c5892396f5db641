"""What an engine made is trusted no more than an upload: real speech of real people, offered as output."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from governance.examination import Findings, examine
from governance.examination.windows import OPENING_SECONDS
from safety import protected_voices
from safety.comparison import VoiceEmbedding, mean_of
from safety.hearing import embed_voice
from safety.registry import speaker_encoders, transcriber
from safety.speech import speech_segments
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.scope import current_organisation
from tests.cast import AMARA_SPEECH, IVO_SPEECH
from tests.corpus import speech_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("heard_once", "in_northwind")]
RATE = 16_000
Rules = Callable[..., set[str]]


def speech(speaker: str, *, between: tuple[float, float]) -> list[Waveform]:
    """A reader's recordings that last about so many seconds."""
    waveforms = [decode(raw).waveform for raw in speech_of(speaker)]
    shortest, longest = between
    return [waveform for waveform in waveforms if shortest <= waveform.seconds <= longest]


@pytest.fixture(scope="module")
def amara_speaks() -> list[Waveform]:
    return speech(AMARA_SPEECH, between=(4.0, 16.0))


@pytest.fixture(scope="module")
def ivo_speaks() -> Waveform:
    spoken = speech(IVO_SPEECH, between=(4.0, 16.0))[0]
    return spoken.cut(speech_segments(spoken)[0].start, spoken.seconds)


@pytest.fixture(scope="module")
def output(amara_speaks: list[Waveform]) -> Waveform:
    return amara_speaks[0]


@pytest.fixture(scope="module")
def reference(amara_speaks: list[Waveform]) -> VoiceEmbedding:
    return mean_of([embed_voice(waveform, encoders=speaker_encoders()) for waveform in amara_speaks[1:4]])


@pytest.fixture(scope="module")
def words(output: Waveform) -> str:
    return transcriber().transcribe(output, language="en").text


@pytest.fixture
def found(reference: VoiceEmbedding) -> Callable[..., Findings]:
    def examined(sound: Waveform, text: str = "", *, promised_rate: int = RATE) -> Findings:
        """Without a text, whatever is heard counts as asked for."""
        return examine(
            sound,
            text=text or transcriber().transcribe(sound, language="en").text,
            language="en",
            reference=reference,
            organisation_id=current_organisation(),
            promised_rate=promised_rate,
        )

    return examined


@pytest.fixture
def rules(found: Callable[..., Findings]) -> Rules:
    return lambda *given, **named: {objection.rule for objection in found(*given, **named).objections}


def joined(*parts: Waveform) -> Waveform:
    return Waveform(np.concatenate([part.samples for part in parts]), parts[0].rate)


class TestVoice:
    def test_the_consented_speaker_saying_the_words_passes_with_every_figure(
        self, found: Callable[..., Findings], output: Waveform, words: str
    ) -> None:
        findings = found(output, words)
        assert findings.objections == ()
        assert {"likeness_opening", "comparison_whole", "seconds_judged", "odd_seconds", "dnsmos", "heard"} <= set(
            findings.figures
        )

    def test_other_recordings_of_the_speaker_pass_as_well(self, rules: Rules, amara_speaks: list[Waveform]) -> None:
        assert [rules(waveform) for waveform in amara_speaks[4:7]] == [set()] * 3

    def test_another_speaker_does_not_pass(self, rules: Rules, ivo_speaks: Waveform) -> None:
        assert rules(ivo_speaks) == {"output-other-voice"}

    @pytest.mark.parametrize("seconds", [1.0, 2.0])
    def test_another_voice_in_the_first_second_does_not_pass(
        self, rules: Rules, output: Waveform, ivo_speaks: Waveform, seconds: float
    ) -> None:
        """Engines have been seen to leak another request's voice into the first seconds (vllm-omni issue 4370)."""
        start = speech_segments(output)[0].start
        swapped = joined(ivo_speaks.cut(0.0, seconds), output.cut(start + seconds, output.seconds))
        assert rules(swapped) == {"output-other-voice"}

    def test_a_second_speaker_in_the_middle_does_not_pass(
        self, found: Callable[..., Findings], output: Waveform, ivo_speaks: Waveform
    ) -> None:
        middle = max(OPENING_SECONDS + 0.5, output.seconds / 2)
        both = joined(output.cut(0.0, middle), ivo_speaks.cut(0.0, 2.0), output.cut(middle, output.seconds))
        (objection,) = found(both).objections
        assert objection.rule == "output-second-speaker"
        assert middle - 0.5 <= float(objection.measured["from_s"]) <= middle + 1.5

    def test_a_second_speaker_who_has_half_of_the_output_does_not_pass(
        self, rules: Rules, output: Waveform, ivo_speaks: Waveform
    ) -> None:
        assert "output-second-speaker" in rules(joined(output, ivo_speaks.cut(0.0, output.seconds)))

    def test_a_protected_voice_does_not_pass_even_where_it_is_the_consented_speakers(
        self, rules: Rules, output: Waveform, reference: VoiceEmbedding
    ) -> None:
        protected_voices.add(name="Amara", reason="She asked for it.", action="deny", voice=reference)
        assert rules(output) == {"output-protected-voice"}


class TestWords:
    def test_other_words_do_not_pass(self, rules: Rules, output: Waveform) -> None:
        asked = "Please transfer the whole amount to the account that I am going to read to you now."
        assert "output-other-words" in rules(output, asked)

    def test_words_that_nobody_asked_for_do_not_pass_though_most_are_right(
        self, rules: Rules, amara_speaks: list[Waveform]
    ) -> None:
        longest = max(amara_speaks, key=lambda waveform: waveform.seconds)
        said = transcriber().transcribe(longest, language="en").text.split()
        assert "output-words-inserted" in rules(longest, " ".join(said[:-4]))
        assert "output-words-missing" in rules(longest, " ".join([*said, "and", "then", "everybody", "went", "home"]))


class TestSound:
    def test_silence_does_not_pass(self, rules: Rules, words: str) -> None:
        silent = Waveform(np.zeros(6 * RATE, np.float32), RATE)
        assert {"output-silent", "output-quiet", "output-voice-unknown"} <= rules(silent, words)

    def test_a_long_gap_does_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        gap = Waveform(np.zeros(5 * RATE, np.float32), RATE)
        assert "output-silent" in rules(joined(output, gap, output.cut(0.0, 2.0)), words)

    def test_clipping_does_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        clipped = Waveform(np.clip(output.samples * 60, -1, 1).astype(np.float32), output.rate)
        assert "output-clipped" in rules(clipped, words)

    def test_an_offset_alone_does_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        assert rules(Waveform(output.samples * np.float32(0.5) + np.float32(0.05), output.rate), words) == {
            "output-offset"
        }

    def test_a_whisper_of_a_level_does_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        assert "output-quiet" in rules(Waveform(output.samples * np.float32(0.03), output.rate), words)

    def test_another_rate_than_the_engines_release_promises_does_not_pass(
        self, rules: Rules, output: Waveform, words: str
    ) -> None:
        assert rules(output, words, promised_rate=24_000) == {"output-other-rate"}
        assert rules(output.resampled(8_000), words) >= {"output-other-rate"}

    def test_speech_drowned_in_noise_does_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        noise = np.random.default_rng(4).standard_normal(len(output.samples)) * 2 * np.std(output.samples)
        assert "output-poor" in rules(Waveform((output.samples + noise).astype(np.float32), output.rate), words)

    def test_much_too_short_and_much_too_long_do_not_pass(self, rules: Rules, output: Waveform, words: str) -> None:
        assert "output-duration" in rules(output, words * 12)
        assert "output-duration" in rules(output, "Hi.")
