"""The picture beside a listening test's result: how often guessing gives each number of right answers, and yours."""

from __future__ import annotations

from dataclasses import dataclass

from governance.listening import chances, convincing

WIDTH, HEIGHT, FLOOR = 18, 84, 92
"""Of a bar and its gap, of the highest bar, and where all bars stand, in the units of the template's view box."""
_LEAST_HEIGHT = 1.5
_LABELLED = 4


@dataclass(frozen=True)
class Bar:
    """A number of right answers: place and size, whether luck hardly gives it, whether it is yours, its label."""

    x: int
    y: float
    height: float
    unlikely: bool
    yours: bool
    label: str

    @property
    def middle(self) -> int:
        return self.x + WIDTH // 2 - 1


def draw(right: int, *, of: int) -> list[Bar]:
    """One bar for each number of right answers from 0 to `of`, as high as guessing gives it often."""
    found, needed = chances(of=of), convincing(of=of)
    return [_bar(count, chance / max(found), needed, right) for count, chance in enumerate(found)]


def _bar(count: int, share: float, needed: int, right: int) -> Bar:
    height = max(_LEAST_HEIGHT, round(share * HEIGHT, 1))
    label = str(count) if count % _LABELLED == 0 or count == right else ""
    return Bar(count * WIDTH, round(FLOOR - height, 1), height, count >= needed, count == right, label)
