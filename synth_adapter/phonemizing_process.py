"""A process of its own around espeak-ng: reads JSON lines of text, answers JSON lines of phonemes.

phonemizer and espeak-ng are GPL-3.0, so nothing imports this module: it is started with `-m` and spoken to over
pipes, which keeps their licence to this process.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper


@cache
def _backend(language: str) -> Any:
    return EspeakBackend(language, preserve_punctuation=True, with_stress=True, tie="^", language_switch="remove-flags")


def answer(line: str) -> dict[str, str]:
    """`{"text", "language"}` to `{"phonemes"}` (IPA, ties as `^`), or to `{"error"}`."""
    try:
        asked = json.loads(line)
        return {"phonemes": _backend(asked["language"]).phonemize([asked["text"]], strip=True)[0]}
    except (ValueError, KeyError, IndexError, RuntimeError) as error:
        return {"error": str(error) or type(error).__name__}


def main() -> None:
    """Serve until standard input closes, which it does when the parent ends."""
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
