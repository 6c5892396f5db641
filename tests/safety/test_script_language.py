"""Whether a script matches its declared language has three answers."""

import pytest

from safety.script.language import LanguageMatch, language_mismatch

SENTENCES = {
    "en": "The boat was late and we had to wait for it in the rain.",
    "de": "Das Boot war zu spät, und wir mussten im Regen auf die Fähre warten.",
    "fr": "Le bateau était en retard et nous avons attendu sous la pluie avec les enfants.",
    "es": "El barco llegó tarde y los niños esperaron en el puerto con la abuela.",
    "it": "La barca era in ritardo e noi abbiamo aspettato nel porto con i bambini.",
    "pt": "O barco chegou tarde e nós não saímos do porto com os meninos.",
    "nl": "De boot was te laat en we moesten in de regen op het strand wachten.",
}


@pytest.mark.parametrize("declared", SENTENCES)
@pytest.mark.parametrize("written", SENTENCES)
def test_a_sentence_matches_its_own_language_and_no_other(declared: str, written: str) -> None:
    expected = LanguageMatch.CONSISTENT if declared == written else LanguageMatch.INCONSISTENT
    assert language_mismatch(SENTENCES[written], declared) is expected


@pytest.mark.parametrize("text", ["Okay!", "Waterloo", "123", "Angela Merkel"])
def test_too_few_words_are_unknown(text: str) -> None:
    assert language_mismatch(text, "de") is LanguageMatch.UNKNOWN


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Доброе утро, друзья", "ru", LanguageMatch.CONSISTENT),
        ("Доброе утро, друзья", "en", LanguageMatch.INCONSISTENT),
        ("おはようございます", "ja", LanguageMatch.CONSISTENT),
        ("Good morning to you", "ja", LanguageMatch.INCONSISTENT),
        ("안녕하세요", "ko", LanguageMatch.CONSISTENT),
        ("Hyvää huomenta", "fi", LanguageMatch.UNKNOWN),
    ],
)
def test_the_letters_are_judged_first(text: str, language: str, expected: LanguageMatch) -> None:
    assert language_mismatch(text, language) is expected


def test_regions_do_not_matter() -> None:
    assert language_mismatch(SENTENCES["pt"], "pt-BR") is LanguageMatch.CONSISTENT
