"""The shapes of a ceremony over HTTP: the way in, what is shown, what is recorded, and who speaks for a speaker."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from consent.models import Capacity, RecordingStatus, RepresentativeStatus
from consent.outcome import answer_by
from governance.api import fields
from governance.api.serializers import ReasonSerializer


class CodeSentSerializer(serializers.Serializer[Any]):
    """The same for everybody, whether or not somebody could be written to."""

    status = serializers.CharField()
    seconds = serializers.IntegerField()


class CodeSerializer(serializers.Serializer[Any]):
    """The code that came by mail; `cookie` keeps the session out of the answer, in a cookie."""

    code = serializers.CharField(max_length=20)
    cookie = serializers.BooleanField(default=False)


class SessionSerializer(serializers.Serializer[Any]):
    """What opens the ceremony, sent as the header `Ceremony-Session`."""

    session = serializers.CharField(required=False)
    expires_at = serializers.DateTimeField()


class AgeSerializer(serializers.Serializer[Any]):
    """Whether the speaker is 18 or older."""

    adult = fields.SaidField()


class CeremonySerializer(serializers.Serializer[Any]):
    """What a speaker is shown first."""

    organisation = serializers.CharField(source="organisation.name")
    speaker = serializers.CharField(source="speaker.name")
    status = serializers.CharField()
    notice = serializers.CharField(source="notice_text")
    notice_sha256 = serializers.CharField()
    statement = serializers.CharField()


class ChallengeSerializer(serializers.Serializer[Any]):
    """The one-time phrase; say the statement, then the phrase."""

    id = serializers.UUIDField()
    phrase = serializers.CharField()
    statement = serializers.CharField(source="consent.statement")
    expires_at = serializers.DateTimeField()


class RecordingAskSerializer(serializers.Serializer[Any]):
    """A speaker's recording of the statement and the phrase.

    In the mode `repetition` there are several parts called `audio`, one for each sentence said after somebody.
    """

    challenge = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=["reading", "repetition"], default="reading")
    audio = fields.AudioField()


class RecordingSerializer(serializers.Serializer[Any]):
    """What became of a recording; one that is held waits for a person, whose answer may be expected by then."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    consent_status = serializers.CharField(source="consent.status")
    answer_expected_by = serializers.SerializerMethodField()

    def get_answer_expected_by(self, recording: Any) -> datetime | None:
        waits = recording.status == RecordingStatus.HELD and recording.verified_at is not None
        return answer_by(recording.verified_at) if waits else None


class RepresentativeAskSerializer(serializers.Serializer[Any]):
    """Who says yes for the speaker, in what right, why, and the document (PDF, PNG or JPEG) that shows it."""

    who = serializers.CharField(max_length=200)
    capacity = serializers.ChoiceField(choices=Capacity.choices)
    statement = serializers.CharField(max_length=5_000)
    document = serializers.FileField(allow_empty_file=True)


class RepresentativeSerializer(serializers.Serializer[Any]):
    """Where it stands; a person always decides, whose answer may be expected by then."""

    id = serializers.UUIDField()
    who = serializers.CharField(source="name")
    capacity = serializers.CharField()
    status = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    consent_status = serializers.CharField(source="consent.status")
    named_at = serializers.DateTimeField()
    answer_expected_by = serializers.SerializerMethodField()

    def get_answer_expected_by(self, representative: Any) -> datetime | None:
        waits = representative.status == RepresentativeStatus.HELD
        return answer_by(representative.named_at) if waits else None
