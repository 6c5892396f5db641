"""A script that cannot be screened is turned away, with a reason."""

import pytest

from safety.script.admission import admit
from safety.script.errors import ScriptError

LIMIT = 50


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a" * 51, "script-too-long"),
        ("", "script-empty"),
        (" \n\t", "script-empty"),
        ("\u200b\u2060", "script-empty"),
        ("...!?", "script-empty"),
        ("hello\x00world", "script-control-characters"),
        ("hello\x1b[31m", "script-control-characters"),
        ("hello\x85world", "script-control-characters"),
        ("hello\ud800", "script-control-characters"),
        ("hello\ue000", "script-control-characters"),
    ],
)
def test_an_unreadable_script_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(ScriptError) as refusal:
        admit(text, limit=LIMIT)
    assert refusal.value.code == code
    assert refusal.value.message


@pytest.mark.parametrize("text", ["a" * 50, "Hello.\r\n\tSecond line.", "4", "नमस्ते", "👩\u200d🚀 hello"])
def test_a_readable_script_is_admitted(text: str) -> None:
    admit(text, limit=LIMIT)


def test_length_is_checked_before_anything_else_is_read() -> None:
    with pytest.raises(ScriptError) as refusal:
        admit("\x00" * 51, limit=LIMIT)
    assert refusal.value.code == "script-too-long"
