"""Screens scripts by rules: language, intents and public figures, on every reading of the text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from django.conf import settings

from safety.ports import ModelIdentity, ScriptFinding
from safety.script.admission import admit
from safety.script.intents import intent_book
from safety.script.language import LanguageMatch, common_words, known_languages, language_mismatch
from safety.script.names import mentions, name_words
from safety.script.views import View, views

DENY, HOLD, NOTE = "deny", "hold", "note"
_WEIGHT = {DENY: 2, HOLD: 1, NOTE: 0}
_LOWERED = {DENY: HOLD, HOLD: NOTE, NOTE: NOTE}
_CLAIM_SEVERITY = {("plain", False): DENY, ("plain", True): HOLD, ("possible", False): HOLD}
_DATA = Path(__file__).resolve().parent.parent / "data"


class RuleScreen:
    """The `ScriptScreen` that needs no model; `model` names the exact rules, for the record of a decision."""

    def __init__(self) -> None:
        self.model = ModelIdentity(name="vivavoce-script-rules", sha256=_digest(_DATA))
        self._vocabulary = frozenset(intent_book().vocabulary | name_words() | common_words())

    def screen(self, text: str, *, language: str) -> tuple[ScriptFinding, ...]:
        """Every finding, one a rule, most severe first; raises `ScriptError` for a script that cannot be screened."""
        admit(text, limit=settings.SCRIPT_MAX_CHARACTERS)
        readings = views(text, vocabulary=self._vocabulary)
        framed = bool(intent_book().hits(readings[0].text, "framing"))
        found = [*_in_language(text, language)]
        for look in (_intents, _figures):
            found += _strongest(readings, look, framed=framed)
        return tuple(sorted(found, key=lambda finding: -_WEIGHT[finding.severity]))


def _strongest(
    readings: Iterable[View], look: Callable[[str], Iterable[ScriptFinding]], *, framed: bool
) -> list[ScriptFinding]:
    """The most severe finding of each rule over all readings, the plainest reading first.

    Words of a story or a lesson lower a finding by one step, but only where it was in plain sight: a disguise
    is no part of a story.
    """
    kept: dict[str, tuple[int, ScriptFinding]] = {}
    for view in readings:
        for finding in look(view.text):
            weight = _WEIGHT[finding.severity]
            if finding.rule not in kept or weight > kept[finding.rule][0]:
                lower = framed and view.name.startswith("plain")
                kept[finding.rule] = (weight, _lower(finding) if lower else finding)
    return [finding for _, finding in kept.values()]


def _lower(finding: ScriptFinding) -> ScriptFinding:
    explanation = f"{finding.explanation} It may be part of a story, a lesson or a warning."
    return replace(finding, severity=_LOWERED[finding.severity], explanation=explanation)


def _intents(text: str) -> Iterator[ScriptFinding]:
    for sighting in intent_book().sightings(text):
        intent = sighting.intent
        yield ScriptFinding(intent.rule, intent.severity, intent.explanation, " … ".join(sighting.words))


def _figures(text: str) -> Iterator[ScriptFinding]:
    for mention in mentions(text):
        figure = mention.figure
        severity = _CLAIM_SEVERITY.get((mention.claim, figure.shared_name), NOTE)
        if severity == NOTE:
            explanation = f"The script names {figure.name} ({figure.role}, {figure.country})."
            yield ScriptFinding("public-figure-mention", NOTE, explanation, mention.words)
        else:
            explanation = f"The script speaks as {figure.name} ({figure.role}, {figure.country})."
            yield ScriptFinding("public-figure-impersonation", severity, explanation, mention.words)


def _in_language(text: str, language: str) -> Iterator[ScriptFinding]:
    if language_mismatch(text, language) is LanguageMatch.INCONSISTENT:
        explanation = f"The script does not read like the language it is declared in ({language})."
        yield ScriptFinding("script-language", HOLD, explanation, text[:80])
    elif language.partition("-")[0].casefold() not in known_languages():
        explanation = f"There are no screening rules for this language ({language}); a person should read the script."
        yield ScriptFinding("script-language-not-screened", HOLD, explanation, text[:80])


@cache
def _digest(folder: Path) -> str:
    """The SHA-256 over names and contents of all data files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
