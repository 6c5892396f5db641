"""What a speaker reads aloud for enrolment, by language."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

FALLBACK = "en"


@dataclass(frozen=True)
class Sentences:
    """Sentences of one language, and how many of them have to be good."""

    locale: str
    texts: tuple[str, ...]
    needed: int


@functools.cache
def sentences(locale: str) -> Sentences:
    """The sentences of a language; English where there are none."""
    path = Path(__file__).with_name(f"{locale}.toml")
    chosen = path if locale.isalnum() and path.is_file() else path.with_name(f"{FALLBACK}.toml")
    table = tomllib.loads(chosen.read_text(encoding="utf-8"))
    return Sentences(chosen.stem, tuple(table["sentences"]), int(table["needed"]))
