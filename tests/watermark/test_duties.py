"""What is owed where: the operator's list is read strictly, and of several territories the strictest sign wins."""

from __future__ import annotations

import pytest

from watermark.duties import DutyError, Sign, owed, read

DUTIES = {"CN": Sign.RHYTHM, "EU": Sign.WORDS, "US-CA": Sign.RHYTHM, "JP": Sign.NONE}


def test_a_territory_without_a_sign_gets_what_is_known_of_it() -> None:
    written = " cn, EU = rhythm ,US-CA,BR=words,"
    assert read(written) == {"CN": Sign.RHYTHM, "EU": Sign.RHYTHM, "US-CA": Sign.NONE, "BR": Sign.WORDS}
    assert read("") == {}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("China=words", "no territory"),
        ("BR", "Nothing is known of BR"),
        ("*", "Nothing is known"),
        ("CN=bell", "no sign"),
        ("CN,cn=words", "twice"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(written: str, why: str) -> None:
    with pytest.raises(DutyError, match=why):
        read(written)


@pytest.mark.parametrize(
    ("territory", "sign"),
    [
        (["GB"], Sign.NONE),
        (["JP"], Sign.NONE),
        (["CN"], Sign.RHYTHM),
        (["CN", "DE"], Sign.WORDS),
        (["US"], Sign.RHYTHM),
        (["worldwide"], Sign.WORDS),
        ([], Sign.WORDS),
    ],
)
def test_the_strictest_sign_of_the_countries_is_owed_and_no_country_is_every_country(
    territory: list[str], sign: Sign
) -> None:
    assert owed(territory, duties=DUTIES) is sign
    assert owed(territory, duties={}) is Sign.NONE


def test_everywhere_is_everywhere() -> None:
    assert owed(["GB"], duties={"*": Sign.RHYTHM}) is Sign.RHYTHM
