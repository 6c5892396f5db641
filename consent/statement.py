"""What was said, against what was to be said: the statement loosely, the one-time phrase word by word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from consent.names_heard import in_place_of, name_likeness
from safety.transcripts import normalise_words

FREE_INSERTIONS_PER_NAME = 3
LEAST_STEM, LONGEST_ENDING = 4, 3
LEAST_SPELLING_LIKENESS = 0.7


@dataclass(frozen=True)
class Script:
    """What was to be said; `names` are often mangled by ears, `vocabulary` holds the words of all phrases."""

    statement: str
    phrase: str
    names: Sequence[str]
    purposes: Sequence[str]
    agreement: str
    negations: Sequence[str]
    vocabulary: Sequence[str]
    language: str

    def words(self, text: str) -> list[str]:
        """Bare words of `text` in the script's language."""
        return normalise_words(text, self.language)


@dataclass(frozen=True)
class WordsHeard:
    """What of the script was heard; `name_likeness` (0 to 100, by spelling) is recorded and decides nothing.

    `name_sound` (0 to 1) is how much of the name that sounds through least was heard in its place.
    """

    word_error_rate: float
    agreement: bool
    negations: tuple[str, ...]
    purposes_missing: tuple[str, ...]
    phrase: bool
    name_likeness: float
    name_sound: float = 1.0


def compare_words(heard: str, *, script: Script) -> WordsHeard:
    """Compare a transcript with the script that was to be read."""
    said = script.words(heard)
    expected = {*script.words(script.statement), *script.words(script.phrase)}
    negations = {word for negation in script.negations for word in script.words(negation)} - expected
    return WordsHeard(
        word_error_rate=_word_error_rate(said, script),
        agreement=_contains_run(said, script.words(script.agreement)),
        negations=tuple(word for word in said if word in negations),
        purposes_missing=tuple(purpose for purpose in script.purposes if not _sounds_in(said, script.words(purpose))),
        phrase=_contains_phrase(said, script),
        name_likeness=min((_likeness(name, heard, script) for name in script.names), default=100.0),
        name_sound=min((_sound_of(name, said, script) for name in script.names), default=1.0),
    )


def _word_error_rate(said: list[str], script: Script) -> float:
    """Word errors in the statement outside names, over its words outside names; what was added counts anywhere."""
    statement = script.words(script.statement)
    free = [span for name in script.names if (span := _find_run(statement, script.words(name)))]
    in_names = {position for span in free for position in span}
    allowed = dict.fromkeys(free, FREE_INSERTIONS_PER_NAME)
    errors = 0
    for operation in Levenshtein.editops([*statement, *script.words(script.phrase)], said):
        position = operation.src_pos
        if operation.tag == "insert":
            near = next((span for span in free if span.start <= position <= span.stop and allowed[span]), None)
            if near is None:
                errors += 1
            else:
                allowed[near] -= 1
        elif position < len(statement) and position not in in_names:
            errors += 1
    return errors / max(1, len(statement) - len(in_names))


def _find_run(words: list[str], run: list[str]) -> range | None:
    """Where `run` first stands in `words`."""
    starts = (start for start in range(len(words) - len(run) + 1) if words[start : start + len(run)] == run)
    start = next(starts, None)
    return None if start is None or not run else range(start, start + len(run))


def _contains_run(words: list[str], run: list[str]) -> bool:
    return _find_run(words, run) is not None


def _sounds_in(words: list[str], run: list[str]) -> bool:
    """Whether `run` stands in `words`, but for endings: ears confuse `assistants` with `assistance`."""
    stems = [word[: max(LEAST_STEM, len(word) - LONGEST_ENDING)] for word in run]
    stretches = (words[start : start + len(run)] for start in range(len(words) - len(run) + 1))
    return any(all(heard.startswith(stem) for heard, stem in zip(stretch, stems, strict=True)) for stretch in stretches)


def _contains_phrase(words: list[str], script: Script) -> bool:
    """Whether each word of the phrase stands in `words`, in order."""
    remaining, wanted = iter(words), script.words(script.phrase)
    return bool(wanted) and all(any(_is_heard_as(word, heard, script) for heard in remaining) for word in wanted)


def _is_heard_as(word: str, heard: str, script: Script) -> bool:
    """The word itself, or one misspelt by ears (`bolder` for `boulder`) that is nearer to no other phrase word."""
    likeness = Levenshtein.normalized_similarity(heard, word)
    if likeness == 1.0 or likeness < LEAST_SPELLING_LIKENESS:
        return likeness == 1.0
    others = (other for other in script.vocabulary if other != word)
    return all(Levenshtein.normalized_similarity(heard, other) < likeness for other in others)


def _sound_of(name: str, said: list[str], script: Script) -> float:
    """How much of `name` sounds through where the statement has it; anywhere, should it stand nowhere."""
    expected, words = script.words(script.statement), script.words(name)
    span = _find_run(expected, words)
    stretch = said if span is None else in_place_of(span, expected=[*expected, *script.words(script.phrase)], said=said)
    return name_likeness(words, stretch, language=script.language)


def _likeness(name: str, heard: str, script: Script) -> float:
    """How much of `name` sounds through, as spelt, 0 to 100."""
    return fuzz.partial_ratio("".join(script.words(name)), "".join(script.words(heard)))
