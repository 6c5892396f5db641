"""Speakers, what they were asked and agreed to, and the recordings with which they said so."""

from __future__ import annotations

from consent.models.doors import (
    CeremonyCode,
    CeremonySession,
    LinkGuess,
    SpeakerLink,
    SpeakerMail,
)
from consent.models.recordings import (
    Capacity,
    CeremonyRecording,
    Challenge,
    HeardBefore,
    RecordingStatus,
    Representative,
    RepresentativeStatus,
)
from consent.models.records import (
    ConsentPurpose,
    ConsentRecord,
    ConsentStatus,
    Receipt,
    Reminder,
    ReminderKind,
    Speaker,
)

__all__ = [
    "Capacity",
    "CeremonyCode",
    "CeremonyRecording",
    "CeremonySession",
    "Challenge",
    "ConsentPurpose",
    "ConsentRecord",
    "ConsentStatus",
    "HeardBefore",
    "LinkGuess",
    "Receipt",
    "RecordingStatus",
    "Reminder",
    "ReminderKind",
    "Representative",
    "RepresentativeStatus",
    "Speaker",
    "SpeakerLink",
    "SpeakerMail",
]
