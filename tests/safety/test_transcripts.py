import pytest

from safety.errors import ComparisonError
from safety.transcripts import contains_statement, normalise_words, word_error_rate

CONSENT = "I consent to the use of my voice for the audio guide."


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Don't stop, Mr. Smith!", "don\u2019t stop mister smith"),
        ("It costs $1,250, plus 20%.", "it costs one thousand two hundred and fifty dollars plus twenty percent"),
        ("On the 21st of May 1998", "on the twenty-first of may nineteen ninety-eight"),
        ("Room B12 & C", "room b twelve and c"),
        ("\ufb01ne CAF\u00c9", "fine cafe\u0301"),
    ],
)
def test_what_sounds_the_same_compares_as_the_same(written: str, heard: str) -> None:
    assert word_error_rate(written, heard, language="en-GB").rate == 0


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Straße Nr. 5", "strasse nummer fünf"),
        ("Es kostet 1.250 €, plus 20 %.", "es kostet eintausendzweihundertfünfzig euro plus zwanzig prozent"),
        ("am 21. Mai 1998", "am einundzwanzigsten Mai neunzehnhundertachtundneunzig"),
        ("bis zum 21. November 2027", "bis zum einundzwanzigsten November zwei tausend sieben und zwanzig"),
        ("3,5 Grad", "drei Komma fünf Grad"),
        ("Frau Dr. Müller & Söhne", "frau doktor müller und söhne"),
    ],
)
def test_what_sounds_the_same_in_german_compares_as_the_same(written: str, heard: str) -> None:
    assert word_error_rate(written, heard, language="de-AT").rate == 0


def test_other_languages_keep_their_own_words_and_marks() -> None:
    assert normalise_words("你好\uff0c世界。", "zh") == ["你", "好", "世", "界"]
    assert normalise_words("नमस्ते दुनिया", "hi") == ["नमस्ते", "दुनिया"]
    assert normalise_words("J'ai six and", "fr") == ["jai", "six", "and"]


def test_errors_are_counted_per_kind() -> None:
    errors = word_error_rate("the red fox runs home", "red box runs home now", language="en")
    assert (errors.missing, errors.inserted, errors.substituted) == (("the",), ("now",), (("fox", "box"),))
    assert errors.rate == pytest.approx(3 / 5)


def test_hearing_nothing_is_every_word_missing() -> None:
    assert word_error_rate("say this", "", language="en").rate == 1


def test_nothing_cannot_be_compared_with() -> None:
    with pytest.raises(ComparisonError, match="no words"):
        word_error_rate("…", "anything", language="en")


def test_a_statement_is_found_among_other_words() -> None:
    heard = f"Hello, my name is Ada. {CONSENT} The code is blue seven."
    assert contains_statement(CONSENT, heard, language="en", most_errors=0)


def test_a_statement_with_a_slip_is_found_only_within_the_tolerance() -> None:
    heard = "Well, I consent to the use of my voice for an audio guide, thank you."
    assert contains_statement(CONSENT, heard, language="en", most_errors=0.1)
    assert not contains_statement(CONSENT, heard, language="en", most_errors=0.05)


@pytest.mark.parametrize(
    "heard",
    [
        "I do not consent to the use of my voice for the audio guide.",
        "I don't consent to the use of my voice for the audio guide.",
        "I refuse. I consent to the use of my voice for the audio guide.",
        "I never consent to the use of my voice for the audio guide.",
        "",
    ],
)
def test_a_no_is_never_heard_as_a_yes(heard: str) -> None:
    assert not contains_statement(CONSENT, heard, language="en", most_errors=0.5)
