from __future__ import annotations

import pytest

from consent.plain_text import can_be_said, hidden_signs, piled_marks


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Amara\tOkafor\r\n", []),
        ("می\u200cخواهم", []),
        ("\U0001f469\u200d\U0001f680\ufe0f Ada", []),
        ("a\u202eb\u202ec\u2066", ["U+202E", "U+2066"]),
        ("a\x00\x1b", ["U+0000", "U+001B"]),
        ("\ud800\ue000\u2028\u200b", ["U+200B", "U+2028", "U+D800", "U+E000"]),
    ],
)
def test_what_nobody_sees_or_turns_the_text_around_is_named(text: str, hidden: list[str]) -> None:
    assert hidden_signs(text) == hidden


@pytest.mark.parametrize(
    ("text", "piled"), [("Nguyễn Thị", False), ("นำ้ใส", False), ("שָׁלוֹם", False), ("A" + "\u0301" * 9, True)]
)
def test_living_scripts_pile_few_marks_on_a_letter(text: str, piled: bool) -> None:
    assert piled_marks(text) is piled


@pytest.mark.parametrize(
    ("name", "said"), [("王", True), ("X Æ A-12", True), ("７", False), ("\U0001f3a4 !", False), ("", False)]
)
def test_a_name_without_a_letter_cannot_be_said(name: str, said: bool) -> None:
    assert can_be_said(name) is said
