"""Makes the evaluation's synthetic speech once and keeps it in the cache: stock voices, and the local engine's voices.

Run with `python -m bench.mark.engine_speech`; a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

import soundfile  # noqa: E402 -- Django must be configured first
from rich.progress import track  # noqa: E402 -- likewise

from bench.mark.material import MADE  # noqa: E402 -- likewise
from bench.speakers.embeddings import CORPUS  # noqa: E402 -- likewise
from bench.spoofing.sentences import SENTENCES  # noqa: E402 -- likewise
from bench.spoofing.systems import kokoro  # noqa: E402 -- likewise
from safety.registry import transcriber  # noqa: E402 -- likewise
from synth_adapter.backends.kokoro import dialect  # noqa: E402 -- likewise
from synth_adapter.decoding import decode  # noqa: E402 -- likewise
from synth_adapter.ports import TranscribedSample  # noqa: E402 -- likewise
from synth_adapter.registry import engine  # noqa: E402 -- likewise
from synth_adapter.waveform import Waveform  # noqa: E402 -- likewise

STOCK_CLIPS, SENTENCES_EACH = 48, 3
ADAPTED_SPEAKERS, ADAPTED_CLIPS, ENROLLED = 2, 6, 6


def main() -> None:
    """Make what is not there yet."""
    MADE.mkdir(parents=True, exist_ok=True)
    for name, sound in track(_stock(), total=STOCK_CLIPS, description="stock voices"):
        _keep(name, sound)
    for name, sound in track(_adapted(), total=ADAPTED_SPEAKERS * ADAPTED_CLIPS, description="adapted voices"):
        _keep(name, sound)


def text(number: int) -> str:
    """Some eleven seconds or more of speech, another for each number."""
    return " ".join(SENTENCES[(number * SENTENCES_EACH + place) % len(SENTENCES)] for place in range(SENTENCES_EACH))


def _stock() -> Iterator[tuple[str, Waveform | None]]:
    speaker = kokoro()
    voices = [voice for voice in speaker.stock_voices if dialect(voice)]
    for number in range(STOCK_CLIPS):
        voice = voices[number % len(voices)]
        name = f"kokoro-{voice}-{number:03}"
        said = None
        if not _there(name):
            said = speaker.speak(text(number), stock_voice=voice, language=dialect(voice) or "en-us")
        yield name, said
    speaker.close()


def _adapted() -> Iterator[tuple[str, Waveform | None]]:
    """In voices learnt from the corpus by the local engine, at the rate it delivers."""
    takes: dict[str, list[Path]] = {}
    for path in sorted((CORPUS / "librispeech_testother").glob("*.flac")):
        takes.setdefault(path.name.partition("-")[0], []).append(path)
    for speaker, paths in list(takes.items())[:ADAPTED_SPEAKERS]:
        names = [f"local-{speaker}-{number:03}" for number in range(ADAPTED_CLIPS)]
        voice = b"" if all(map(_there, names)) else _prepared(paths[:ENROLLED])
        for number, name in enumerate(names):
            yield name, None if _there(name) else engine().synthesise(text(number), language="en", voice=voice)


def _prepared(paths: list[Path]) -> bytes:
    takes = [decode(path.read_bytes()).waveform for path in paths]
    return engine().prepare([TranscribedSample(w, transcriber().transcribe(w, language="en").text) for w in takes])


def _there(name: str) -> bool:
    return (MADE / f"{name}.flac").is_file()


def _keep(name: str, sound: Waveform | None) -> None:
    if sound is not None:
        unfinished = MADE / f"{name}.part"
        soundfile.write(unfinished, sound.samples, sound.rate, format="FLAC", subtype="PCM_24")
        unfinished.rename(MADE / f"{name}.flac")


if __name__ == "__main__":
    main()
