"""What every transcriber must do."""

from collections.abc import Callable

import numpy as np
import pytest

from safety.ports import Transcriber
from safety.transcripts import word_error_rate
from synth_adapter.waveform import Waveform

SPEECH = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."


class TranscriberContract:
    @pytest.fixture
    def transcriber(self) -> Transcriber:
        raise NotImplementedError

    def test_it_says_which_weights_it_is(self, transcriber: Transcriber) -> None:
        assert transcriber.model.name
        assert len(bytes.fromhex(transcriber.model.sha256)) == 32

    def test_it_hears_what_was_said_and_in_which_language(self, transcriber: Transcriber, president: Waveform) -> None:
        heard = transcriber.transcribe(president, language="en-US")
        assert word_error_rate(SPEECH, heard.text, language="en").rate == 0
        assert heard.language == "en"
        assert 0.5 < heard.language_probability <= 1

    def test_it_hears_the_same_words_where_nobody_asks_for_the_language(
        self, transcriber: Transcriber, president: Waveform
    ) -> None:
        heard = transcriber.transcribe(president, language="en")
        assert transcriber.words(president, language="en") == heard.text

    def test_it_notices_another_language_than_the_one_it_was_told(
        self, transcriber: Transcriber, recordings: Callable[[str], Waveform]
    ) -> None:
        chinese = recordings("fs2_aishell_real/SSB08220199_ground-truth.flac")
        assert transcriber.transcribe(chinese, language="en").language == "zh"

    @pytest.mark.parametrize("kind", ["zeros", "noise", "tone"])
    def test_it_invents_no_words_where_nobody_speaks(self, transcriber: Transcriber, kind: str) -> None:
        instants = np.arange(80_000) / 16_000
        sounds = {
            "zeros": np.zeros(80_000),
            "noise": np.random.default_rng(1).normal(0, 0.05, 80_000),
            "tone": 0.2 * np.sin(2 * np.pi * 440 * instants),
        }
        waveform = Waveform(sounds[kind].astype(np.float32), 16_000)
        assert transcriber.transcribe(waveform, language="en").text == ""
        assert transcriber.words(waveform, language="en") == ""
