"""Everything that is on record about a speaker: each model with its way to them, and what of it is withheld."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Field, Model

from consent.models import (
    CeremonyCode,
    CeremonyRecording,
    CeremonySession,
    Challenge,
    ConsentPurpose,
    ConsentRecord,
    Receipt,
    Reminder,
    Representative,
    Speaker,
    SpeakerLink,
    SpeakerMail,
)
from governance.hold_models import LegalHold
from governance.models import (
    Clip,
    ClipFile,
    Decision,
    DestructionCertificate,
    Incident,
    Permit,
    Review,
    SynthesisRequest,
)
from safety.models import EnrolledVoice
from tenancy.models import SubjectKey
from voices.models import OfferedSample, PreparedVoice, Reference, Sample, Voice
from watermark.models import MarkedClip


@dataclass(frozen=True)
class Records:
    """Rows of one model: `path` leads from them to the speaker's identifier; `withheld` columns stay here, and why."""

    model: type[Model]
    path: str
    file: str
    withheld: tuple[str, ...] = ()
    because: str = ""


_CONSENT, _VOICE, _REQUEST = "consent__speaker_id", "voice__speaker_id", "request__voice__speaker_id"
_LINK, _CLIP = "link__consent__speaker_id", "clip__voice__speaker_id"
_KEYS = "secret: whoever has it could act in the speaker's name, or open what is locked"
_OTHERS = "may name other people, or be under a court's seal; ask the organisation"
_WAITS = "waits to be sent to you, and may hold a code; once it is sent nothing of it is kept"
_COPY = "holds the same numbers as voice-in-numbers, sealed under a key that belongs to no organisation"
_MARK = "is a hash of the clip's fingerprint, which you have as a file, and goes into its mark"

RECORDS = (
    Records(Speaker, "id", "speaker"),
    Records(ConsentRecord, "speaker_id", "consents"),
    Records(ConsentPurpose, "speaker_id", "consent-purposes"),
    Records(Receipt, _CONSENT, "receipts"),
    Records(Reminder, _CONSENT, "reminders"),
    Records(SpeakerLink, _CONSENT, "links", withheld=("token_hash",), because=_KEYS),
    Records(CeremonyCode, _LINK, "codes", withheld=("code_hash",), because=_KEYS),
    Records(CeremonySession, _LINK, "sessions", withheld=("token_hash",), because=_KEYS),
    Records(SpeakerMail, _CONSENT, "mails", withheld=("sealed",), because=_WAITS),
    Records(Challenge, _CONSENT, "phrases"),
    Records(CeremonyRecording, _CONSENT, "ceremony-recordings"),
    Records(Representative, _CONSENT, "representatives"),
    Records(Review, "speaker_id", "reviews"),
    Records(OfferedSample, _CONSENT, "offered-samples"),
    Records(Voice, "speaker_id", "voices"),
    Records(Sample, _VOICE, "samples"),
    Records(Reference, _VOICE, "references"),
    Records(EnrolledVoice, "speaker_id", "copies-to-find-duplicates", withheld=("sealed",), because=_COPY),
    Records(PreparedVoice, _VOICE, "prepared-voices"),
    Records(SynthesisRequest, _VOICE, "requests"),
    Records(Decision, _REQUEST, "decisions"),
    Records(Permit, _REQUEST, "permits"),
    Records(Incident, _VOICE, "incidents"),
    Records(Clip, _VOICE, "clips"),
    Records(ClipFile, _CLIP, "clip-files"),
    Records(MarkedClip, "subject_id", "marked-clips", withheld=("content",), because=_MARK),
    Records(LegalHold, "speaker_id", "legal-holds", withheld=("reason", "placed_by"), because=_OTHERS),
    Records(DestructionCertificate, "speaker_id", "certificates-of-destruction"),
    Records(SubjectKey, "subject_id", "key", withheld=("wrapped", "wrapped_secret"), because=_KEYS),
)


def rows(records: Records, *, speaker_id: UUID) -> Iterator[Model]:
    """The speaker's rows of one model, in the organisation in scope."""
    found = records.model._default_manager.filter(**{records.path: speaker_id})  # noqa: SLF001 - Django's public name
    yield from found.order_by("pk").iterator(chunk_size=200)


def path_to_speaker(model: type[Model]) -> str:
    """How rows of this model lead to their speaker."""
    return next(records.path for records in RECORDS if records.model is model)


def as_json(row: Model, *, withheld: tuple[str, ...]) -> dict[str, Any]:
    """Every column of a row but those withheld, as plain JSON; a column added later is shown as well."""
    columns = [column for column in row._meta.concrete_fields if column.name not in withheld]  # noqa: SLF001 - as above
    return {column.attname: _plain(column, getattr(row, column.attname)) for column in columns}


def _plain(column: Field[Any, Any], value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        raise TypeError(f"{column} holds bytes: withhold it, and say why, or open it into a file of the pack.")
    return value
