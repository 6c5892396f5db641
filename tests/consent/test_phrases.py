from __future__ import annotations

import pytest

from consent.phrases import LEAST_WORDS, WORDS_IN_PHRASE, entropy_bits, new_phrase
from consent.statement import Script
from consent.wording import locales, wording


@pytest.mark.parametrize("locale", locales())
class TestWordList:
    def test_has_enough_words_each_of_them_once(self, locale: str) -> None:
        words = wording(locale).phrase_words
        assert len(words) == len(set(words))
        assert len(words) >= LEAST_WORDS
        assert entropy_bits(locale=locale) > 39.9

    def test_every_word_survives_normalisation_as_itself(self, locale: str) -> None:
        script = Script("", "", (), (), "", (), (), locale)
        words = wording(locale).phrase_words
        assert [script.words(word) for word in words] == [[word] for word in words]

    def test_no_word_is_a_negation_or_part_of_the_agreement(self, locale: str) -> None:
        table = wording(locale)
        script = Script("", "", (), (), "", (), (), locale)
        reserved = {word for text in (*table.negations, table.agreement) for word in script.words(text)}
        assert not reserved & set(table.phrase_words)

    def test_no_two_words_are_one_letter_apart(self, locale: str) -> None:
        words = wording(locale).phrase_words
        masks: dict[str, str] = {}
        for word in words:
            for position in range(len(word)):
                mask = f"{word[:position]}_{word[position + 1 :]}"
                assert masks.setdefault(mask, word) == word

    def test_a_phrase_is_five_different_words_of_the_list(self, locale: str) -> None:
        drawn = new_phrase(locale=locale).split(", ")
        assert len(set(drawn)) == WORDS_IN_PHRASE
        assert set(drawn) <= set(wording(locale).phrase_words)

    def test_phrases_do_not_repeat(self, locale: str) -> None:
        assert len({new_phrase(locale=locale) for _ in range(1_000)}) == 1_000
