"""Where people must be able to hear that speech is synthetic, and by what: the operator's word, by territory; pure.

What jurisdictions ask for is a summary of what was read about them in November 2026, and no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

EVERYWHERE, UNION, WORLDWIDE = "*", "EU", "worldwide"
MEMBER_STATES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table
)
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class Sign(StrEnum):
    """What people must be able to hear, the least first."""

    NONE = "none"
    RHYTHM = "rhythm"
    WORDS = "words"


KNOWN: Mapping[str, Sign] = {
    "CN": Sign.RHYTHM,  # GB 45438-2025: a spoken prompt, or the rhythm short-long short-short
    "EU": Sign.WORDS,  # AI Act, Art. 50(4), and its code of practice: who deploys a deep fake says so at its start
    "IN": Sign.WORDS,  # IT Rules as amended on 20 February 2026: a prominent label
    "US-CA": Sign.NONE,  # SB 942: latent disclosure, which manifest and mark are
}


class DutyError(ValueError):
    """What was written down is no list of territories and signs."""


def read(written: str) -> dict[str, Sign]:
    """The signs by territory in a list such as `CN,EU=words`; a territory without a sign gets what is known of it.

    A territory is a country (ISO 3166-1, two letters), a part of one (ISO 3166-2), `EU`, or `*` for everywhere.

    Raises:
        DutyError: an entry is none of that, names a territory twice, or leaves out a sign that is not known.
    """
    found: dict[str, Sign] = {}
    for entry in filter(None, (part.strip() for part in written.split(","))):
        place, _, sign = (part.strip() for part in entry.partition("="))
        place = place.upper()
        if place != EVERYWHERE and not _PLACE.fullmatch(place):
            raise DutyError(f"{place!r} is no territory: write two letters such as CN, US-CA, EU, or * for everywhere.")
        if place in found:
            raise DutyError(f"{place} is there twice.")
        if not sign and place not in KNOWN:
            raise DutyError(f"Nothing is known of {place}: say what must be heard there, such as {place}=words.")
        if sign and sign not in list(Sign):
            raise DutyError(f"{sign!r} is no sign: write {', '.join(Sign)}.")
        found[place] = Sign(sign) if sign else KNOWN[place]
    return found


def owed(territory: Sequence[str], *, duties: Mapping[str, Sign]) -> Sign:
    """The strictest sign among the duties of the countries where speech may be used; `worldwide`, or none, is all."""
    anywhere = not territory or WORLDWIDE in territory
    return strictest(
        sign
        for place, sign in duties.items()
        if anywhere or place == EVERYWHERE or any(_covers(place, country) for country in territory)
    )


def strictest(signs: Iterable[Sign]) -> Sign:
    """The one that asks for most; `none` where there is none."""
    return max(signs, key=list(Sign).index, default=Sign.NONE)


def _covers(place: str, country: str) -> bool:
    """A duty of a part of a country holds in all of it: a consent names no parts."""
    return place.partition("-")[0] == country or (place == UNION and country in MEMBER_STATES)
