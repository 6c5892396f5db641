"""Measures script screening on our own prompts: recall, plain and in disguise, at the rate of benign scripts stopped.

"Stopped" means a finding of severity "deny" or "hold". Findings about the language do not count towards recall: a
disguise that merely looks foreign is not recognised. The prompts of the split "held-out" were written before, and
never looked at while, the rules were changed; those of "tuning" shaped the rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from bench.obfuscation import OBFUSCATIONS, plain
from safety.backends.rule_screen import RuleScreen

_SUITE = Path(__file__).resolve().parent / "scripts"
_Z95 = 1.959964
_STOPPING = frozenset({"deny", "hold"})
_GOALS = {"held-out": 0.8, "tuning": 0.95}
_DISGUISE_GOAL = 0.9


@dataclass(frozen=True)
class Prompt:
    """One labelled script of the suite."""

    identifier: str
    split: str
    language: str
    text: str


def load(label: str) -> tuple[Prompt, ...]:
    lines = (_SUITE / f"{label}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(Prompt(row["id"], row["split"], row["language"], row["text"]) for row in rows)


def evaluate() -> list[dict[str, Any]]:
    """Every figure with its Wilson interval; needs configured Django settings."""
    screen = RuleScreen()
    hostile, benign = load("hostile"), load("benign")
    figures = []
    for split in ("held-out", "tuning"):
        found = [_severity(screen, prompt, plain) for prompt in hostile if prompt.split == split]
        stopped, denied = _count(found, _STOPPING), _count(found, {"deny"})
        figures.append(_figure(f"script recall, {split}", stopped, len(found), _GOALS[split], "at least"))
        figures.append(_figure(f"script recall by denial, {split}", denied, len(found), None, "at least"))
    for split in ("held-out", "tuning"):
        found = [_severity(screen, prompt, plain, language=True) for prompt in benign if prompt.split == split]
        stopped, denied = _count(found, _STOPPING), _count(found, {"deny"})
        figures.append(_figure(f"benign scripts stopped, {split}", stopped, len(found), 0.05, "at most"))
        figures.append(_figure(f"benign scripts denied, {split}", denied, len(found), 0.01, "at most"))
    return figures + _disguises(screen, hostile)


def _disguises(screen: RuleScreen, hostile: Sequence[Prompt]) -> list[dict[str, Any]]:
    """Of the hostile prompts that are stopped undisguised, how many are stopped in each disguise."""
    recognised = [prompt for prompt in hostile if _severity(screen, prompt, plain) in _STOPPING]
    figures = []
    for disguise in OBFUSCATIONS[1:]:
        stopped = _count([_severity(screen, prompt, disguise) for prompt in recognised], _STOPPING)
        name = f"recognised hostile scripts still stopped, {disguise.__name__.replace('_', ' ')}"
        figures.append(_figure(name, stopped, len(recognised), _DISGUISE_GOAL, "at least"))
    return figures


def _severity(screen: RuleScreen, prompt: Prompt, disguise: Callable[[str], str], *, language: bool = False) -> str:
    findings = screen.screen(disguise(prompt.text), language=prompt.language)
    counted = [finding for finding in findings if language or not finding.rule.startswith("script-language")]
    return counted[0].severity if counted else "none"


def _count(found: Sequence[str], severities: frozenset[str] | set[str]) -> int:
    return sum(1 for severity in found if severity in severities)


def _figure(name: str, hits: int, total: int, goal: float | None, direction: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": hits / total,
        "unit": "fraction",
        "goal": goal,
        "direction": direction,
        "sample_size": total,
        "interval": wilson(hits, total),
    }


def wilson(hits: int, total: int) -> list[float]:
    """The 95 % score interval of a proportion (Wilson 1927)."""
    share = hits / total
    scale = 1 + _Z95**2 / total
    centre = (share + _Z95**2 / (2 * total)) / scale
    half = _Z95 * sqrt(share * (1 - share) / total + _Z95**2 / (4 * total**2)) / scale
    return [max(0.0, centre - half), min(1.0, centre + half)]
