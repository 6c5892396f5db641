"""What is to be said in the ceremonies of the evaluation, and the synthesisers that say it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial

from django.utils import timezone

from bench.spoofing import material, systems
from bench.spoofing.material import Clip
from consent import notice
from consent.notice import Terms
from consent.phrases import WORDS_IN_PHRASE, new_phrase
from consent.scope import Purpose
from consent.statement import Script
from consent.wording import wording
from safety.registry import transcriber
from safety.transcripts import normalise_words
from synth_adapter.waveform import Waveform

LANGUAGE = "en"
FOREIGN = {"fs2_aishell_real", "fs2_aishell_fake"}
LEAST_SECONDS, LEAST_WORDS = 7.5, 18
AGREEMENT_WORDS = 3
NAMES = ("Ruth Cohen", "Northwind Audio")


def script_from(transcript: str) -> Script | None:
    """A script of which the transcript is the reading; None where it has too few words to try anybody with."""
    words = normalise_words(transcript, LANGUAGE)
    if len(words) < LEAST_WORDS:
        return None
    spoken = wording(LANGUAGE)
    return Script(
        statement=" ".join(words[:-WORDS_IN_PHRASE]),
        phrase=" ".join(words[-WORDS_IN_PHRASE:]),
        names=(),
        purposes=(),
        agreement=" ".join(words[:AGREEMENT_WORDS]),
        negations=spoken.negations,
        vocabulary=spoken.phrase_words,
        language=LANGUAGE,
    )


def script_to_read(number: int) -> Script:
    """A real statement and a fresh phrase, as a request for consent would have them."""
    words, purposes = wording(LANGUAGE), [Purpose.NARRATION, Purpose.ACCESSIBILITY]
    written = notice.write(
        Terms(
            name=NAMES[0],
            organisation=NAMES[1],
            purposes=purposes,
            languages=["en"],
            intended_use="Reading books aloud.",
            territory=["GB"],
            compensation="",
            recipients=[],
            clips_may_be_distributed=False,
            valid_until=timezone.now() + timedelta(days=365 + number),
        ),
        locale=LANGUAGE,
    )
    return Script(
        statement=written.statement,
        phrase=new_phrase(locale=LANGUAGE),
        names=NAMES,
        purposes=tuple(notice.spoken_purposes(purposes, words=words)),
        agreement=words.agreement,
        negations=words.negations,
        vocabulary=words.phrase_words,
        language=LANGUAGE,
    )


def readings() -> dict[str, Iterator[tuple[Clip, Waveform, Script]]]:
    """By system: who reads, the reading, and what was to be read."""
    kokoro = systems.kokoro()
    found = {
        "Kokoro reading the statement (seen)": _read_aloud(
            sorted(material.TEST_KOKORO) * 3, partial(systems.by_kokoro, kokoro)
        )
    }
    if shutil.which("flite"):
        found["flite reading the statement (seen)"] = _read_aloud(sorted(material.TEST_FLITE) * 8, systems.by_flite)
    if shutil.which("espeak-ng"):
        voices = systems.ESPEAK_VOICES[::4]
        found["espeak-ng reading the statement (seen)"] = _read_aloud(voices * 4, systems.by_espeak)
        found["Piper reading the statement (unseen)"] = _read_aloud(
            ["joe"] * 24,
            lambda text, voice: systems.by_piper(text),  # noqa: ARG005 -- it has one voice
        )
    if len(found) < len(("Kokoro", "flite", "espeak-ng", "Piper")):
        print("flite and espeak-ng are not all here: their readings, and Piper's, were left out.")
    return {**found, "corpus clips (unseen)": _of_the_corpus()}


def _read_aloud(voices: Iterable[str], speak: Callable[..., Waveform]) -> Iterator[tuple[Clip, Waveform, Script]]:
    for number, voice in enumerate(voices):
        script = script_to_read(number)
        sound = speak(f"{script.statement} {script.phrase}.", voice=voice)
        clip = Clip(f"{voice}-{number}", "synthetic", "synthetic", voice, "test", material.FOLDER)
        yield clip, sound, script


def _of_the_corpus() -> Iterator[tuple[Clip, Waveform, Script]]:
    for clip in material.recorded():
        if clip.bona_fide or clip.source in FOREIGN or (sound := clip.read()).seconds < LEAST_SECONDS:
            continue
        script = script_from(transcriber().words(sound, language=LANGUAGE))
        if script is not None:
            yield clip, sound, script
