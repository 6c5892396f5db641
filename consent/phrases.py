"""One-time phrases: words nobody can know beforehand, and that nobody hears wrongly."""

from __future__ import annotations

import math
import secrets

from consent.wording import wording

WORDS_IN_PHRASE = 5
LEAST_WORDS = 256


def new_phrase(*, locale: str) -> str:
    """Five different words, drawn at random: at least 39.9 bits, of which each consent offers a few minutes' guess."""
    words = list(wording(locale).phrase_words)
    drawn = [words.pop(secrets.randbelow(len(words))) for _ in range(WORDS_IN_PHRASE)]
    return ", ".join(drawn)


def entropy_bits(*, locale: str) -> float:
    """How many bits a phrase of that language holds."""
    count = len(wording(locale).phrase_words)
    return sum(math.log2(count - drawn) for drawn in range(WORDS_IN_PHRASE))
