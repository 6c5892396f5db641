import os
import signal
from collections.abc import Iterator

import pytest

from synth_adapter.errors import EngineError
from synth_adapter.phonemes import Phonemizer, espeak_language, respell


@pytest.fixture(scope="module")
def phonemizer() -> Iterator[Phonemizer]:
    phonemizer = Phonemizer()
    yield phonemizer
    phonemizer.close()


def test_diphthongs_and_affricates_become_single_letters() -> None:
    assert respell("t^ʃˈɔ^ɪs dˈe^ɪ nˈo^ʊ nˈa^ʊ mˈa^ɪ d^ʒˈʌd^ʒ", language="en-us") == "ʧˈYs dˈA nˈO nˈW mˈI ʤˈʌʤ"


def test_american_vowels_carry_their_r_and_no_length() -> None:
    assert respell("bˈɜːd wˈɔːɾɚ", language="en-us") == "bˈɜɹd wˈɔTəɹ"


def test_british_vowels_keep_their_length() -> None:
    assert respell("bˈɜːd wˈɔːtə nˈə^ʊ", language="en-gb") == "bˈɜːd wˈɔːtə nˈQ"


def test_syllabic_consonants_get_a_small_vowel() -> None:
    assert respell("bˈʌʔn̩", language="en-us") == "bˈʌtᵊn"


def test_a_sentence_keeps_its_punctuation(phonemizer: Phonemizer) -> None:
    assert phonemizer.phonemes("Good day, judge! Why now?", language="en") == "ɡˈʊd dˈA, ʤˈʌʤ! wˌI nˈW?"


def test_line_breaks_in_a_text_are_spaces(phonemizer: Phonemizer) -> None:
    assert phonemizer.phonemes("good\nday", language="en") == phonemizer.phonemes("good day", language="en")


def test_american_and_british_differ(phonemizer: Phonemizer) -> None:
    spoken = {language: phonemizer.phonemes("no water", language=language) for language in ("en-US", "en-GB")}
    assert spoken == {"en-US": "nˈO wˈɔTəɹ", "en-GB": "nˈQ wˈɔːtə"}


@pytest.mark.parametrize("language", ["de", "", "en-us; rm"])
def test_a_language_without_voices_is_refused_for_good(language: str) -> None:
    with pytest.raises(EngineError, match="does not speak") as refused:
        espeak_language(language)
    assert refused.value.permanent


def test_a_process_that_died_is_replaced(phonemizer: Phonemizer) -> None:
    before = phonemizer.phonemes("still here", language="en")
    process = phonemizer._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert phonemizer.phonemes("still here", language="en") == before


def test_a_process_that_does_not_answer_in_time_is_ended_and_trying_again_may_help() -> None:
    impatient = Phonemizer(timeout=0.0)
    with pytest.raises(EngineError, match="no answer within 0 s") as failed:
        impatient.phonemes("too late", language="en")
    assert (failed.value.permanent, impatient._process) == (False, None)
