"""Whoever renews or extends a consent must be the person who gave it: their voice passes on."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest
from django.utils import timezone

from consent import evidence, lifecycle, same_voice
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Speaker
from consent.same_voice import judge_same_voice
from safety.calibration import Calibration
from tests.consent.records import EVIDENCE, consent_of
from tests.ears import FIRST, SECOND, heard

pytestmark = pytest.mark.usefixtures("in_northwind")


@pytest.fixture(autouse=True)
def ears(monkeypatch: pytest.MonkeyPatch, measured_ears: Calibration) -> None:
    monkeypatch.setattr(same_voice, "calibration", lambda: measured_ears)
    monkeypatch.setattr(same_voice, "speaker_encoders", lambda: [SimpleNamespace(model=m) for m in (FIRST, SECOND)])


@pytest.fixture
def first(amara: Speaker) -> ConsentRecord:
    consent = consent_of(amara, "narration")
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


def keep_voice(consent: ConsentRecord) -> None:
    now = timezone.now()
    own = {"organisation_id": consent.organisation_id, "consent": consent}
    challenge = Challenge.objects.create(**own, phrase="", expires_at=now, used_at=now)
    recording = CeremonyRecording(**own, challenge=challenge, status="accepted")
    recording.sha256 = hashlib.sha256(consent.id.bytes).hexdigest()
    evidence.seal_embedding(recording, heard())
    recording.save()


def rules(consent: ConsentRecord, likeness: float) -> list[tuple[str, str]]:
    return [(reason.rule, reason.effect) for reason in judge_same_voice(consent, heard(likeness))]


@pytest.mark.parametrize(
    ("likeness", "expected"),
    [
        (0.9, []),
        (0.45, [("speaker-uncertain", "hold")]),
        (0.1, [("not-the-consenting-speaker", "deny")]),
    ],
)
def test_the_new_voice_is_compared_with_the_one_that_stands(
    first: ConsentRecord, likeness: float, expected: list[tuple[str, str]]
) -> None:
    keep_voice(first)
    assert rules(consent_of(first.speaker, "narration", replaces=first), likeness) == expected


def test_where_the_earlier_voice_is_not_kept_nobody_can_tell(first: ConsentRecord) -> None:
    request = consent_of(first.speaker, "narration", replaces=first)
    assert rules(request, 1.0) == [("earlier-voice-not-kept", "deny")]


def test_from_a_consent_that_ended_no_voice_passes_so_none_is_compared(first: ConsentRecord) -> None:
    request = consent_of(first.speaker, "narration", replaces=first)
    lifecycle.withdraw(first)
    assert rules(request, 0.1) == []


def test_a_first_consent_has_nobody_to_be_like(amara: Speaker) -> None:
    assert rules(consent_of(amara, "narration"), 0.1) == []


def test_it_is_the_latest_yes_that_counts(first: ConsentRecord) -> None:
    keep_voice(first)
    second = consent_of(first.speaker, "narration", replaces=first)
    lifecycle.give(second, evidence=EVIDENCE)
    request = consent_of(first.speaker, "narration", replaces=first)
    assert rules(request, 1.0) == [("earlier-voice-not-kept", "deny")]
    keep_voice(second)
    assert rules(request, 1.0) == []
    assert judge_same_voice(request, None) == []
