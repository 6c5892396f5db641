"""From text to the phonemes that Kokoro reads, by way of espeak-ng in a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from synth_adapter.errors import EngineError

_ESPEAK_LANGUAGES = {"en": "en-us", "en-us": "en-us", "en-gb": "en-gb"}

# Kokoro was trained on one letter per diphthong and affricate (A as in day, I my, W now, Y boy, O no, Q British no),
# on ɹ-coloured vowels written out, and without length marks in American English. Longer keys are tried first.
_COMMON = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "ə^l": "ᵊl",
    "ʔˌn̩": "tᵊn", "ʔn̩": "tᵊn", "n̩": "ᵊn", "m̩": "ᵊm", "l̩": "ᵊl", "ʔ": "t",
    "e": "A", "r": "ɹ", "x": "k", "ç": "k", "ɐ": "ə", "ɬ": "l", "ʲ": "", "̃": "",
}  # fmt: skip
_AMERICAN = {"o^ʊ": "O", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɚ": "əɹ", "i^ə": "iə", "ɾ": "T", "o": "ɔ", "ː": ""}
_BRITISH = {"ə^ʊ": "Q", "e^ə": "ɛː", "i^ə": "ɪə", "ɚ": "ə", "ɾ": "t", "o^ʊ": "Q"}
_SPELLINGS = {"en-us": _COMMON | _AMERICAN, "en-gb": _COMMON | _BRITISH}


def espeak_language(language: str) -> str:
    """The espeak-ng name of a BCP 47 tag, or `EngineError` where Kokoro has no voices for it."""
    try:
        return _ESPEAK_LANGUAGES[language.lower()]
    except KeyError:
        spoken = ", ".join(sorted(_ESPEAK_LANGUAGES))
        raise EngineError(f"Kokoro does not speak '{language}' here; it speaks {spoken}.", permanent=True) from None


def respell(ipa: str, *, language: str) -> str:
    """Espeak's IPA (diphthongs and affricates tied with `^`) in the spelling that Kokoro was trained on."""
    spellings = _SPELLINGS[espeak_language(language)]
    longest_first = "|".join(re.escape(key) for key in sorted(spellings, key=len, reverse=True))
    return re.sub(longest_first, lambda found: spellings[found.group()], ipa).replace("^", "")


class Phonemizer:
    """Keeps one espeak-ng process alive, starts another when it died, and never waits longer than `timeout`."""

    def __init__(self, *, timeout: float = 20.0) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)

    def phonemes(self, text: str, *, language: str) -> str:
        """Kokoro's phonemes of `text`, punctuation kept; raises `EngineError`."""
        question = {"text": " ".join(text.split()), "language": espeak_language(language)}
        with self._lock:
            reply = self._ask(json.dumps(question).encode() + b"\n")
        if "error" in reply:
            raise EngineError(f"espeak-ng refused the text: {reply['error']}", permanent=True)
        return respell(reply["phonemes"], language=language)

    def close(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _ask(self, question: bytes) -> Any:
        process = self._alive()
        assert process.stdin is not None  # noqa: S101 - opened with PIPE two lines above
        try:
            process.stdin.write(question)
            process.stdin.flush()
            return json.loads(self._read_line(process))
        except (OSError, ValueError) as error:
            self.close()
            raise EngineError(f"The phoneme process failed and will be restarted: {error}", permanent=False) from error

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():  # forked: the parent's pipes are not ours to share
            self._process, self._owner = None, os.getpid()
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "synth_adapter.phonemizing_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parents[1],
                bufsize=0,
            )
        return self._process

    def _read_line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None  # noqa: S101 - opened with PIPE
        deadline, line = time.monotonic() + self._timeout, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(timeout=max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"no answer within {self._timeout:g} s")
                part = os.read(process.stdout.fileno(), 65536)
                if not part:
                    raise ConnectionResetError("it ended without an answer")
                line += part
        return line
