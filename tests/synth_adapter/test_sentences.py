import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_adapter import sentences


def test_a_short_text_stays_whole() -> None:
    assert sentences.split("One. Two!  Three?", longest=40) == ["One. Two! Three?"]


def test_cuts_fall_between_sentences() -> None:
    assert sentences.split("One is here. Two is there. Three.", longest=20) == ["One is here.", "Two is there. Three."]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    assert sentences.split("When it rains, we stay at home.", longest=20) == ["When it rains,", "we stay at home."]


def test_a_long_clause_is_cut_between_words() -> None:
    assert sentences.split("we stay at home today", longest=10) == ["we stay at", "home today"]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_gives_nothing(text: str) -> None:
    assert sentences.split(text, longest=10) == []


@given(st.text(alphabet="ab .,!?—”é", max_size=200), st.integers(min_value=1, max_value=50))
def test_no_letter_is_lost_and_no_piece_too_long(text: str, longest: int) -> None:
    pieces = sentences.split(text, longest=longest)
    assert "".join(pieces).replace(" ", "") == "".join(text.split())
    assert all(0 < len(piece) <= longest for piece in pieces)
