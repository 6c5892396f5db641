from __future__ import annotations

import pytest

from safety.names import keys


def may_be_one(first: str, second: str) -> bool:
    return not set(keys(first)).isdisjoint(keys(second))


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jürgen Müller", "JURGEN MULLER"),
        ("Søren Ærø", "Soeren Aeroe"),
        ("Sofia Andersson", "Sophia Anderson"),
        ("Catherine Clark", "Katherine Klark"),
        ("Anne-Marie Roux", "Anne Marie Roux"),
        ("Anne-Marie Roux", "Annemarie Roux"),
        ("Siobhán O'Neill", "Siobhan ONeill"),
        ("Vera Lind", "V3ra L1nd"),
        ("Vera Lind", "Vеrа Lind"),
        ("Vera Lind", "V e r a Lind".replace("V e r a", "V-e-r-a")),
        ("Schmidt Thomas", "Shmitt Tomas"),
    ],
)
def test_spelling_variants_and_disguises_fall_together(listed: str, asked: str) -> None:
    assert may_be_one(listed, asked)


@pytest.mark.parametrize(
    ("listed", "asked"),
    [("Vera Lind", "Vera Linda"), ("Vera Lind", "Lind Vera"), ("Vera Lind", "Vera"), ("Jan Berg", "Jens Berg")],
)
def test_other_names_stay_other_names(listed: str, asked: str) -> None:
    assert not may_be_one(listed, asked)


@pytest.mark.parametrize("name", ["", "  ", "\u0301", "7", "a", "- ."])
def test_what_is_no_name_has_no_key(name: str) -> None:
    assert keys(name) == []
