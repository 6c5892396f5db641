from __future__ import annotations

from dataclasses import replace

import pytest

from consent.statement import Script, compare_words
from consent.wording import locales, wording

SCRIPT = Script(
    statement="I am Siobhan Nguyen. I agree that Northwind may make and use a synthetic version of my voice for "
    "narration and film dubbing until 21 November 2027.",
    phrase="amber, window, rocket, velvet, pirate",
    names=("Siobhan Nguyen", "Northwind"),
    purposes=("narration", "film dubbing"),
    agreement="agree that",
    negations=("not", "don't", "never", "no"),
    vocabulary=wording("en").phrase_words,
    language="en",
)
PERFECT = f"{SCRIPT.statement} Amber, window, rocket, velvet, pirate."


def test_the_script_read_as_it_stands_is_heard_without_error() -> None:
    heard = compare_words(PERFECT, script=SCRIPT)
    assert (heard.word_error_rate, heard.agreement, heard.negations) == (0.0, True, ())
    assert (heard.purposes_missing, heard.phrase, heard.name_likeness) == ((), True, 100.0)


def test_mangled_names_do_not_count() -> None:
    said = PERFECT.replace("Siobhan Nguyen", "Shiv on when").replace("Northwind", "North Wind")
    heard = compare_words(said, script=SCRIPT)
    assert heard.word_error_rate == 0.0
    assert 0 < heard.name_likeness < 100


def test_a_date_said_as_an_ordinal_or_in_words_is_nearly_the_same() -> None:
    said = PERFECT.replace("21 November 2027", "the 21st of November 2027")
    assert compare_words(said, script=SCRIPT).word_error_rate < 0.25


def test_words_left_out_are_errors() -> None:
    said = PERFECT.replace("may make and use a synthetic version of my voice", "")
    assert compare_words(said, script=SCRIPT).word_error_rate > 0.25


def test_speech_that_has_nothing_to_do_with_it_is_all_errors() -> None:
    heard = compare_words("The quick brown fox jumps over the lazy dog.", script=SCRIPT)
    assert heard.word_error_rate >= 0.9
    assert not heard.agreement
    assert not heard.phrase


def test_silence_is_no_agreement() -> None:
    heard = compare_words("", script=SCRIPT)
    assert (heard.word_error_rate, heard.agreement, heard.phrase) == (1.0, False, False)
    assert heard.purposes_missing == ("narration", "film dubbing")


@pytest.mark.parametrize("word", ["not", "don't", "don\u2019t", "never"])
def test_one_small_word_that_turns_the_yes_into_a_no_is_noticed(word: str) -> None:
    said = PERFECT.replace("I agree", f"I do {word} agree, or I agree")
    assert compare_words(said, script=SCRIPT).negations == (word.replace("\u2019", "").replace("'", ""),)


def test_a_negation_in_a_name_is_a_name() -> None:
    script = replace(SCRIPT, statement=SCRIPT.statement.replace("Siobhan", "No"), names=("No Nguyen", "Northwind"))
    assert compare_words(f"{script.statement} {script.phrase}", script=script).negations == ()


def test_a_pronoun_swallowed_before_the_yes_does_not_make_it_a_no() -> None:
    heard = compare_words(PERFECT.replace("I agree", "agree"), script=SCRIPT)
    assert heard.agreement
    assert heard.word_error_rate < 0.05


def test_to_disagree_is_not_to_agree() -> None:
    assert not compare_words(PERFECT.replace("I agree", "I disagree"), script=SCRIPT).agreement


def test_an_ending_that_ears_confuse_does_not_lose_a_purpose() -> None:
    assert compare_words(PERFECT.replace("narration", "narrations"), script=SCRIPT).purposes_missing == ()
    assert compare_words(PERFECT.replace("narration", "nation"), script=SCRIPT).purposes_missing == ("narration",)


def test_a_purpose_that_was_skipped_is_named() -> None:
    said = PERFECT.replace("narration and film dubbing", "narration")
    heard = compare_words(said, script=SCRIPT)
    assert heard.word_error_rate < 0.25
    assert heard.purposes_missing == ("film dubbing",)


@pytest.mark.parametrize(
    "said",
    [
        "amber window rocket velvet",
        "window amber rocket velvet pirate",
        "amber window rocket velvet parrot",
        "amber window rocket velvet person",
        "ember wind rock velvet pirate",
        "amber window rocket silver pirate",
        "",
    ],
)
def test_the_phrase_is_heard_word_by_word_and_in_order_or_not_at_all(said: str) -> None:
    assert not compare_words(f"{SCRIPT.statement} {said}", script=SCRIPT).phrase


@pytest.mark.parametrize(("word", "heard"), [("pirate", "pirates"), ("velvet", "velved"), ("window", "windows")])
def test_a_word_of_the_phrase_misspelt_by_ears_is_still_that_word(word: str, heard: str) -> None:
    assert compare_words(PERFECT.replace(word, heard), script=SCRIPT).phrase


@pytest.mark.parametrize("locale", locales())
def test_no_word_of_the_list_is_ever_taken_for_another(locale: str) -> None:
    words = wording(locale).phrase_words
    bare = replace(SCRIPT, statement="", agreement="", names=(), purposes=(), negations=())
    for wanted in words:
        script = replace(bare, phrase=wanted, vocabulary=words, language=locale)
        taken = [word for word in words if compare_words(word, script=script).phrase]
        assert taken == [wanted]


def test_hesitation_between_the_words_of_the_phrase_does_no_harm() -> None:
    said = f"{SCRIPT.statement} Amber, er, window, and rocket. Velvet. Pirate!"
    assert compare_words(said, script=SCRIPT).phrase


def test_chatter_after_the_script_counts_against_it() -> None:
    said = PERFECT + " " + "and by the way what a lovely day it is today in the park" * 2
    assert compare_words(said, script=SCRIPT).word_error_rate > 0.25


GERMAN = Script(
    statement="Ich bin Jürgen Weiß. Ich bin einverstanden, dass Nordwind eine künstliche Kopie meiner Stimme machen "
    "und benutzen darf, für Vorlesen und digitale Helfer, bis zum 21. November 2027.",
    phrase="laterne, hamster, kürbis, kapitän, zitrone",
    names=("Jürgen Weiß", "Nordwind"),
    purposes=("Vorlesen", "digitale Helfer"),
    agreement=wording("de").agreement,
    negations=wording("de").negations,
    vocabulary=wording("de").phrase_words,
    language="de",
)
ALOUD = (
    "Ich bin Jürgen Weiss, ich bin einverstanden, dass Nordwind eine künstliche Kopie meiner Stimme machen und "
    "benutzen darf für vorlesen und digitale Helfer bis zum einundzwanzigsten November zweitausendsiebenundzwanzig. "
    "Laterne Hamster Kürbis Kapitän Zitrone."
)


class TestGerman:
    def test_the_script_read_aloud_is_heard_without_error(self) -> None:
        heard = compare_words(ALOUD, script=GERMAN)
        assert (heard.word_error_rate, heard.agreement, heard.negations) == (0.0, True, ())
        assert (heard.purposes_missing, heard.phrase, heard.name_likeness) == ((), True, 100.0)

    @pytest.mark.parametrize("word", ["nicht", "nie", "keinesfalls nicht", "niemals"])
    def test_one_small_word_that_turns_the_yes_into_a_no_is_noticed(self, word: str) -> None:
        said = ALOUD.replace("ich bin einverstanden", f"ich bin {word} einverstanden")
        assert compare_words(said, script=GERMAN).negations == (word.rsplit(maxsplit=1)[-1],)

    @pytest.mark.parametrize("said", ["ich bin dagegen, dass", "ich widerspreche, dass", "ich bin verstanden, dass"])
    def test_something_else_is_not_a_yes(self, said: str) -> None:
        assert not compare_words(ALOUD.replace("ich bin einverstanden, dass", said), script=GERMAN).agreement

    def test_a_purpose_that_was_skipped_is_named(self) -> None:
        said = ALOUD.replace(" und digitale Helfer", "")
        assert compare_words(said, script=GERMAN).purposes_missing == ("digitale Helfer",)

    def test_a_word_misspelt_by_ears_is_that_word_and_another_is_not(self) -> None:
        assert compare_words(ALOUD.replace("Kapitän", "Kapiteen"), script=GERMAN).phrase
        assert not compare_words(ALOUD.replace("Kapitän", "Kaminchen"), script=GERMAN).phrase

    def test_another_year_is_an_error(self) -> None:
        said = ALOUD.replace("siebenundzwanzig", "siebenunddreißig")
        assert 0 < compare_words(said, script=GERMAN).word_error_rate < 0.1
