"""Public figures are found by whole name, in any disguise, and speaking as them is told from speaking of them."""

import pytest

from safety.script.names import mentions, public_figure, public_figures
from safety.script.views import views


def claims(text: str) -> list[tuple[str, str]]:
    plain = views(text, vocabulary=())[0]
    return [(mention.figure.name, mention.claim) for mention in mentions(plain.text)]


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("elon musk", "Elon Musk"),
        ("3l0n mu5k", "Elon Musk"),
        ("\u0415l\u043en Musk", "Elon Musk"),
        ("E l o n M u s k", "Elon Musk"),
        ("ElonMusk", "Elon Musk"),
        ("Emmanuel-Macron clone", "Emmanuel Macron"),
        ("Владимир Путин", "Vladimir Putin"),
        ("Wolodymyr Selenskyj", "Volodymyr Zelenskyy"),
        ("Gerhard Schroeder", "Gerhard Schröder"),
        ("markus soeder", "Markus Söder"),
        ("习近平", "Xi Jinping"),
        ("Trump", None),
        ("Macron", None),
        ("Sarah Biden", None),
        ("Ada Lovelace", None),
    ],
)
def test_the_name_of_a_voice_is_recognised_by_its_whole_name_only(name: str, figure: str | None) -> None:
    found = public_figure(name)
    assert (found and found.name) == figure


@pytest.mark.parametrize(
    "text",
    [
        "I am Joe Biden.",
        "I'm President Joe Biden and I approve.",
        "My name is Joe Biden",
        "Joe Biden here.",
        "This is Joe Biden speaking",
        "This is Joe Biden. Stay at home.",
        "Hier spricht Präsident Joe Biden.",
        "Je suis Joe Biden",
        "I, Joe Biden, tell you",
    ],
)
def test_speaking_as_somebody_is_a_plain_claim(text: str) -> None:
    assert claims(text) == [("Joe Biden", "plain")]


@pytest.mark.parametrize(
    "text",
    [
        "The senators met Joe Biden on Monday.",
        "I am not Joe Biden.",
        "I am writing about Joe Biden.",
        "He said that Joe Biden would come.",
    ],
)
def test_speaking_of_somebody_is_no_claim(text: str) -> None:
    assert claims(text) == [("Joe Biden", "none")]


def test_introducing_somebody_is_only_a_possible_claim() -> None:
    assert claims("This is Joe Biden arriving in Rome.") == [("Joe Biden", "possible")]


def test_a_possessive_is_no_mention() -> None:
    assert claims("I'm Joe Biden's neighbour.") == []


def test_the_longer_name_wins() -> None:
    assert claims("Donald Trump Junior came") == [("Donald Trump Junior", "none")]


def test_the_table_is_sound() -> None:
    figures = public_figures()
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names) > 500
    assert all(" " in figure.name or figure.country == "Eswatini" for figure in figures), "a bare surname matches all"
    assert all(figure.role and figure.country for figure in figures)
