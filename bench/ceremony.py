"""The ceremony's mistakes: people whom it turns away, and attacks that it lets through, each with a 95 % interval.

Nobody in the corpus reads our statement, so what a recording says, as the ears make it out of the clean recording, is
taken for the statement, and its last words for the one-time phrase; it is then sent as a telephone sends it, and heard
and weighed by exactly the code that verifies a ceremony. Words of old books are harder to hear than ours, so people are
also counted with the words apart. Synthesisers do read a real statement, with names. The
detector of synthetic speech learnt from none of these speakers. The intervals are Wilson's and take recordings for
independent, which those of one speaker are not quite.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from django.utils import timezone
from rich.progress import track

from bench.ceremony_scripts import FOREIGN, LANGUAGE, LEAST_SECONDS, readings, script_from
from bench.figures import Figure, of_proportion
from bench.replays import WAYS, hashes, known
from bench.speakers.trials import part_of
from bench.spoofing import channels, material, systems
from bench.spoofing.material import Clip
from consent import heard_before
from consent.hearing import Heard, hear
from consent.phrases import new_phrase
from consent.reasons import Reason
from consent.statement import Script, compare_words
from consent.verdict import judge
from safety.comparison import compare
from safety.registry import calibration, transcriber
from synth_adapter.waveform import Waveform

SHORT = {"fsdd", "stylespeech_ref"}
PEOPLE, PLAYED, SENT_AGAIN = 80, 40, 30
"""How many recordings are listened to at most: afresh, from a loudspeaker, and sent a second time each way."""
OPUS_BITS = 32_000
OF_WORDS = {
    "statement-not-heard",
    "agreement-not-heard",
    "statement-negated",
    "purpose-not-heard",
    "phrase-not-heard",
    "name-not-heard",
}
OUTCOMES = ("accepted", "held", "refused")


@dataclass(frozen=True)
class Heeded:
    """One recording as it was sent, what was to be said in it, and what the ceremony made of it."""

    clip: Clip
    sound: Waveform
    script: Script
    heard: Heard
    reasons: tuple[Reason, ...]

    @property
    def outcome(self) -> str:
        return outcome_of(self.reasons)


def outcome_of(reasons: Sequence[Reason]) -> str:
    """`accepted` without a reason against it, `refused` with one that denies, `held` with others."""
    if not reasons:
        return "accepted"
    return "refused" if any(reason.effect == "deny" for reason in reasons) else "held"


def by_phone(sound: Waveform, *, name: str) -> Waveform:
    """As a telephone sends it: sometimes a room, always its microphone and some noise, and Opus at 32 kbit/s."""
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    samples = sound.samples.astype(np.float64)
    if draw.random() < channels.IN_A_ROOM:
        samples = channels.room(samples, draw)
    samples = channels.noisy(channels.microphone(samples, draw), draw, decibels=draw.uniform(20.0, 45.0))
    samples *= 10 ** draw.uniform(-0.6, 0.0) * 0.9 / max(1e-9, float(np.abs(samples).max()))
    return Waveform(channels.coded(samples, codec="libopus", bits=OPUS_BITS).astype(np.float32), channels.RATE)


def evaluate() -> list[Figure]:
    """Every figure of the ceremony; a synthesiser whose program is not here is left out, and said to be."""
    people = [told for told in track(list(_people()), description="ceremony: people") for told in _told(told)]
    figures = _rows("bona fide speakers, by telephone", [one.outcome for one in people], wanted="accepted")
    figures += _rows("bona fide speakers, words apart", map(_words_apart, people), wanted="accepted")
    figures += _rows("right voice, wrong words", map(_wrong_words, people, [*people[1:], *people[:1]]))
    figures += _rows("right voice and statement, another phrase", map(_wrong_phrase, people))
    figures += _rows("sent again ten ways, were the phrase the same", _sent_again(people[:SENT_AGAIN]))
    figures += _rows("a recording never sent, from a loudspeaker", _played(people[:PLAYED]))
    for system, sounds in readings().items():
        read = [_weighed(clip, sound, script) for clip, sound, script in track(list(sounds), f"ceremony: {system}")]
        figures += _rows(f"synthetic, {system}", [one.outcome for one in read])
        figures += _taken_for_living(system, read)
    return [*figures, *_against_samples(people)]


def _people() -> Iterator[Clip]:
    """Bona fide English speakers from whom the detector did not learn; every speaker's first recordings come first."""
    clips = [clip for clip in material.recorded() if clip.bona_fide and clip.part == "test"]
    clips = [clip for clip in clips if clip.source not in FOREIGN | SHORT]
    turn = Counter[str]()
    ordered = []
    for clip in sorted(clips, key=lambda clip: material.draw(clip.name)):
        if clip.read().seconds >= LEAST_SECONDS:
            ordered.append((turn[clip.speaker], clip))
            turn[clip.speaker] += 1
    yield from [clip for _, clip in sorted(ordered, key=lambda one: one[0])][:PEOPLE]


def _told(clip: Clip) -> Iterator[Heeded]:
    sound = clip.read()
    script = script_from(transcriber().words(sound, language=LANGUAGE))
    if script is not None:
        yield _weighed(clip, sound, script)


def _weighed(clip: Clip, sound: Waveform, script: Script) -> Heeded:
    sent = by_phone(sound, name=clip.name)
    heard = hear(sent, script=script)
    return Heeded(clip, sent, script, heard, tuple(_judged(heard)))


def _judged(heard: Heard, *, seen_before: bool = False) -> list[Reason]:
    now = timezone.now()
    return judge(heard, received_at=now, expires_at=now, matches=(), seen_before=seen_before)


def _words_apart(one: Heeded) -> str:
    """What is left against somebody: the corpus' words are rarer than ours, and ears hear them worse."""
    return outcome_of([reason for reason in one.reasons if reason.rule not in OF_WORDS])


def _wrong_words(one: Heeded, other: Heeded) -> str:
    return outcome_of(_judged(replace(one.heard, words=compare_words(one.heard.transcript, script=other.script))))


def _wrong_phrase(one: Heeded) -> str:
    asked = replace(one.script, phrase=new_phrase(locale=LANGUAGE))
    return outcome_of(_judged(replace(one.heard, words=compare_words(one.heard.transcript, script=asked))))


def _sent_again(people: Sequence[Heeded]) -> Iterator[str]:
    """Each against what was kept of all of them; what is not known again is listened to like any other."""
    kept = [hashes(heard_before.listen(one.sound)) for one in people]
    for one in track(people, description="ceremony: sent again"):
        for way in WAYS.values():
            again = way(one.sound)
            if known(again, kept):
                yield "refused"
            else:
                yield outcome_of(_judged(hear(again, script=one.script)))


def _played(people: Sequence[Heeded]) -> Iterator[str]:
    for one in track(people, description="ceremony: from a loudspeaker"):
        played = systems.by_replay(one.clip.read(), seed=zlib.crc32(one.clip.name.encode()))
        yield _weighed(one.clip, played, one.script).outcome


def _against_samples(people: Sequence[Heeded]) -> list[Figure]:
    """Whether what a ceremony heard and what is enrolled are held to be one voice; calibrated on none of these."""
    takes = Counter(clip.speaker for clip in material.recorded() if clip.bona_fide)
    mine = [one for one in people if one.heard.embedding and part_of(one.clip.speaker, takes) == "report"]
    own, others, met = Counter[str](), Counter[str](), set()
    for one, other in combinations(mine, 2):
        speakers = frozenset({one.clip.speaker, other.clip.speaker})
        if len(speakers) > 1 and speakers in met:
            continue
        met.add(speakers)
        if one.heard.embedding is None or other.heard.embedding is None:
            continue
        found = compare(one.heard.embedding, other.heard.embedding, calibration=calibration()).outcome
        (own if len(speakers) == 1 else others)[found] += 1
    name = "ceremony: samples of"
    return [
        of_proportion(f"{name} {whose}: {what}", counted[key], counted.total(), goal=None, direction="at most")
        for whose, counted in (("the speaker", own), ("another speaker", others))
        for what, key in (("held", "inconclusive"), ("refused", "no_match"), ("accepted", "match"))
        if counted.total()
    ]


def _taken_for_living(system: str, read: Sequence[Heeded]) -> list[Figure]:
    """How often only the words, which a better synthesiser would get right, stood in the way, if anything did."""
    living = sum(one.heard.living is not None and one.heard.living.outcome == "bona_fide" for one in read)
    name = f"ceremony: synthetic, {system}: taken for a living voice"
    return [of_proportion(name, living, len(read), goal=None, direction="at most")]


def _rows(name: str, outcomes: Iterable[str], *, wanted: str = "refused") -> list[Figure]:
    counted = Counter(outcomes)
    return [
        of_proportion(
            f"ceremony: {name}: {outcome}",
            counted[outcome],
            counted.total(),
            goal=None,
            direction="at least" if outcome == wanted else "at most",
        )
        for outcome in OUTCOMES
    ]
