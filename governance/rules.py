"""The rules of the gate: pure functions from facts to objections; a fact that did not come is itself an objection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

POLICY_VERSION = "2026-11-21.2"

Effect = Literal["hold", "deny"]


@dataclass(frozen=True)
class ConsentFacts:
    """What the speaker agreed to, as it stands now."""

    status: str
    purposes: tuple[str, ...]
    languages: tuple[str, ...]
    valid_until: datetime


@dataclass(frozen=True)
class ScriptFact:
    """One finding of the script screen."""

    rule: str
    severity: str
    explanation: str
    evidence: str


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip that is about to leave."""

    mark_verified: bool
    examination_passed: bool
    unreleasable_reason: str
    disclosure: str


@dataclass(frozen=True)
class DisclosureFacts:
    """What must be audible in the clip ("none", "rhythm", "words"), and whether it can be put there."""

    required: str
    possible: bool


@dataclass(frozen=True)
class Facts:
    """Everything that the gate may weigh; `None` means that nobody could say."""

    at: datetime
    purpose: str
    language: str
    consent: ConsentFacts | None
    voice_status: str | None
    key_present: bool | None
    script: tuple[ScriptFact, ...] | None
    disclosure: DisclosureFacts | None
    clip: ClipFacts | None


@dataclass(frozen=True)
class Objection:
    """A rule's complaint: what is wrong, why it matters, and what can be done."""

    rule: str
    effect: Effect
    explanation: str
    way_forward: str
    measured: Mapping[str, float | str] = field(default_factory=dict)


Rule = Callable[[Facts], Sequence[Objection]]

_AUDIBLE = ("none", "rhythm", "words")
"""What can be heard of a disclosure, the least first."""
_ENDED = {
    "requested": ("consent-not-given", "The speaker has been asked but has not said yes.", "Wait for the ceremony."),
    "withdrawn": ("consent-withdrawn", "The speaker has withdrawn their consent.", "Ask the speaker for a new one."),
    "expired": ("consent-expired", "The consent has run out.", "Ask the speaker to renew it."),
    "superseded": ("consent-superseded", "A newer consent of the speaker has taken its place.", "Use the newer one."),
}


def consent_is_given(facts: Facts) -> Sequence[Objection]:
    if facts.consent is None:
        return [Objection("consent-unknown", "deny", "No consent could be found for this voice.", "Ask the speaker.")]
    if facts.consent.status != "given":
        unknown = ("consent-unknown", "The state of the consent is not known.", "Look at the consent's page.")
        rule, explanation, way = _ENDED.get(facts.consent.status, unknown)
        return [Objection(rule, "deny", explanation, way)]
    if facts.at >= facts.consent.valid_until:
        return [Objection("consent-expired", "deny", "The consent has run out.", "Ask the speaker to renew it.")]
    return []


def purpose_is_in_scope(facts: Facts) -> Sequence[Objection]:
    if facts.consent is None or facts.purpose in facts.consent.purposes:
        return []
    agreed = ", ".join(facts.consent.purposes) or "nothing"
    text = f"The speaker agreed to {agreed}, not to {facts.purpose}."
    return [Objection("purpose-outside-scope", "deny", text, "Ask the speaker to agree to this purpose too.")]


def language_is_in_scope(facts: Facts) -> Sequence[Objection]:
    if facts.consent is None or facts.language.split("-")[0] in facts.consent.languages:
        return []
    agreed = ", ".join(facts.consent.languages) or "no language"
    text = f"The consent covers {agreed}, not {facts.language}."
    return [Objection("language-outside-scope", "deny", text, "Ask the speaker to agree to this language too.")]


def voice_is_ready(facts: Facts) -> Sequence[Objection]:
    if facts.voice_status == "ready":
        return []
    if facts.voice_status in {"checking", "preparing"}:
        return [Objection("voice-not-ready", "deny", "The voice is still being prepared.", "Ask again in a minute.")]
    if facts.voice_status in {"held", "suspended"}:
        text = "The voice waits for a reviewer."
        return [Objection("voice-held", "hold", text, "A reviewer decides; the voice's page gives the reason.")]
    text = f"The voice cannot be spoken with: it is {facts.voice_status or 'in an unknown state'}."
    return [Objection("voice-unusable", "deny", text, "Enrol the speaker again, with a valid consent.")]


def key_is_present(facts: Facts) -> Sequence[Objection]:
    if facts.key_present:
        return []
    text = "The key that protects this speaker's recordings is gone or could not be checked."
    return [Objection("speaker-key-absent", "deny", text, "If consent was withdrawn, nothing can bring it back.")]


def script_is_acceptable(facts: Facts) -> Sequence[Objection]:
    if facts.script is None:
        return [Objection("script-unscreened", "deny", "The script could not be screened.", "Try again later.")]
    return [_objection_to(found) for found in facts.script if found.severity != "note"]


def _objection_to(found: ScriptFact) -> Objection:
    """A finding's suggested effect, taken as given; a severity that nobody knows denies."""
    measured = {"words": found.evidence}
    if found.severity == "hold":
        return Objection(found.rule, "hold", found.explanation, "A reviewer reads the script and decides.", measured)
    way_forward = "Change the script. If this is a mistake, ask a reviewer."
    return Objection(found.rule, "deny", found.explanation, way_forward, measured)


def disclosure_can_be_made(facts: Facts) -> Sequence[Objection]:
    if facts.disclosure is None:
        return [_disclosure_unknown()]
    if facts.disclosure.possible:
        return []
    text = f"This speech must say aloud that it is synthetic, and there is no spoken notice in {facts.language}."
    return [Objection("disclosure-impossible", "deny", text, "Have the operator add a notice in this language.")]


def disclosure_is_heard(facts: Facts) -> Sequence[Objection]:
    if facts.disclosure is None:
        return [_disclosure_unknown()]
    if facts.clip is None or _AUDIBLE.index(facts.clip.disclosure) >= _AUDIBLE.index(facts.disclosure.required):
        return []
    text = f"The clip must disclose audibly that it is synthetic ({facts.disclosure.required}), and does not."
    return [Objection("disclosure-missing", "deny", text, "Ask for the speech again; it then says so.")]


def _disclosure_unknown() -> Objection:
    text = "Nobody can tell whether the clip must disclose audibly that it is synthetic."
    return Objection("disclosure-unknown", "deny", text, "Try again later.")


def clip_may_leave(facts: Facts) -> Sequence[Objection]:
    if facts.clip is None:
        return [Objection("clip-unknown", "deny", "Nothing is known of this clip.", "Ask for the speech again.")]
    found = []
    if facts.clip.unreleasable_reason:
        text = f"The clip is no longer released: {facts.clip.unreleasable_reason}."
        found.append(Objection("clip-unreleasable", "deny", text, "Ask for the speech again under a valid consent."))
    if not facts.clip.mark_verified:
        text = "The clip's mark was not read back."
        found.append(Objection("mark-unverified", "deny", text, "Ask for the speech again."))
    if not facts.clip.examination_passed:
        text = "The clip did not pass its examination."
        found.append(Objection("examination-failed", "deny", text, "A reviewer looks at the clip."))
    return found


SPEAKING: tuple[Rule, ...] = (
    consent_is_given,
    purpose_is_in_scope,
    language_is_in_scope,
    voice_is_ready,
    key_is_present,
    script_is_acceptable,
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "intake": (*SPEAKING, disclosure_can_be_made),
    "render": (*SPEAKING, disclosure_can_be_made),
    "delivery": (*SPEAKING, clip_may_leave, disclosure_is_heard),
}
