"""How the story is told on the terminal: numbered steps, each with its outcome, its reasons and its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape

console = Console(highlight=False, soft_wrap=True, emoji=False)


class UnexpectedOutcomeError(Exception):
    """The story did not go as it must; the demonstration fails."""


@contextmanager
def chapter(title: str) -> Iterator[None]:
    """A part of the story."""
    console.print(f"\n[bold]{escape(title)}[/bold]")
    yield


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """One step; what is put into the list is its outcome."""
    started = time.perf_counter()
    outcome: list[str] = []
    with console.status(f"{title} …"):
        yield outcome
    seconds = time.perf_counter() - started
    console.print(
        f"  {escape(title)}: [bold]{escape(' · '.join(outcome) or 'done')}[/bold] [dim]({seconds:.1f} s)[/dim]"
    )


def note(text: str) -> None:
    """Something the reader should know."""
    console.print(f"  [dim]{escape(text)}[/dim]")


def show_reasons(reasons: list[dict[str, Any]]) -> None:
    """Every reason, with its rule and a way forward."""
    for reason in reasons:
        measured = ", ".join(f"{key} {value}" for key, value in reason["measured"].items())
        tail = f" [{measured}]" if measured else ""
        console.print(f"    – {escape(reason['rule'])}: {escape(reason['explanation'] + tail)}")
        console.print(f"      [dim]{escape(reason['way_forward'])}[/dim]")


def demand(*, that: bool, otherwise: str) -> None:
    """The demonstration proves something only if it can fail."""
    if not that:
        raise UnexpectedOutcomeError(otherwise)
