"""The shapes of what comes in and goes out over HTTP."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from consent.scope import Purpose


class ReasonSerializer(serializers.Serializer[Any]):
    """One reason, with its rule and a way forward."""

    rule = serializers.CharField()
    effect = serializers.ChoiceField(choices=["hold", "deny"])
    explanation = serializers.CharField()
    way_forward = serializers.CharField()
    measured = serializers.DictField()


class ConsentAskSerializer(serializers.Serializer[Any]):
    """What a speaker is asked to agree to."""

    speaker_name = serializers.CharField(max_length=200)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=[p.value for p in Purpose]), allow_empty=False
    )
    languages = serializers.ListField(child=serializers.RegexField(r"^[a-z]{2}$"), allow_empty=False, max_length=20)
    intended_use = serializers.CharField(max_length=2_000)
    valid_until = serializers.DateTimeField()

    def validate_valid_until(self, value: Any) -> Any:
        if value <= timezone.now():
            raise serializers.ValidationError("The end date lies in the past.")
        return value


class ConsentSerializer(serializers.Serializer[Any]):
    """A consent as its organisation sees it."""

    id = serializers.UUIDField()
    speaker = serializers.CharField(source="speaker.name")
    status = serializers.CharField()
    purposes = serializers.SerializerMethodField()
    languages = serializers.ListField(child=serializers.CharField())
    intended_use = serializers.CharField()
    requested_at = serializers.DateTimeField()
    given_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField()

    def get_purposes(self, consent: Any) -> list[str]:
        return sorted(purpose.purpose for purpose in consent.purposes.all())


class NewConsentSerializer(ConsentSerializer):
    """A new consent with the link that only its speaker may have."""

    ceremony_url = serializers.CharField()


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
    """A speaker's recording of the statement and the phrase."""

    challenge = serializers.UUIDField()
    audio = serializers.FileField(allow_empty_file=True)


class RecordingSerializer(serializers.Serializer[Any]):
    """What became of a recording."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    consent_status = serializers.CharField(source="consent.status")


class ReceiptSerializer(serializers.Serializer[Any]):
    """The speaker's signed copy, with the address at which they can take their consent back."""

    receipt = serializers.JSONField(source="body")
    signature = serializers.CharField()
    key_id = serializers.CharField()


class NewReceiptSerializer(ReceiptSerializer):
    """A receipt with its own secret link."""

    receipt_url = serializers.CharField()
    withdraw_url = serializers.CharField()


class WithdrawnSerializer(serializers.Serializer[Any]):
    """What a withdrawal did."""

    status = serializers.CharField()
    voices_erased = serializers.IntegerField()
    permits_voided = serializers.IntegerField()
    clips_made_unreleasable = serializers.IntegerField()
    key_shredded = serializers.BooleanField()


class VoiceAskSerializer(serializers.Serializer[Any]):
    """A voice to be enrolled from one to twenty samples."""

    consent = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2})?$")
    samples = serializers.ListField(child=serializers.FileField(allow_empty_file=True), allow_empty=False)


class VoiceSerializer(serializers.Serializer[Any]):
    """A voice and where it stands."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    language = serializers.CharField()
    status = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    consent = serializers.UUIDField(source="consent_id")
    evidence = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_evidence(self, voice: Any) -> dict[str, Any]:
        prepared = getattr(voice, "prepared", None)
        return dict(prepared.evidence) if prepared is not None else {}


class SynthesisAskSerializer(serializers.Serializer[Any]):
    """What shall be said, by whom, and what for."""

    voice = serializers.UUIDField()
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=100_000)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2})?$")
    purpose = serializers.CharField(max_length=64)


class DecisionSerializer(serializers.Serializer[Any]):
    """One answer of the gate."""

    id = serializers.UUIDField()
    stage = serializers.CharField()
    effect = serializers.CharField()
    reasons = ReasonSerializer(many=True, source="objections")
    policy_version = serializers.CharField()
    decided_at = serializers.DateTimeField()


class JobSerializer(serializers.Serializer[Any]):
    """A request's way so far."""

    id = serializers.UUIDField()
    voice = serializers.UUIDField(source="voice_id")
    purpose = serializers.CharField()
    status = serializers.CharField()
    reasons = ReasonSerializer(many=True)
    decisions = DecisionSerializer(many=True)
    clip = serializers.UUIDField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    examination = serializers.DictField(allow_null=True)
    mark = serializers.ListField(child=serializers.DictField(), allow_null=True)
    timings = serializers.DictField(allow_null=True)
    audio_url = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()


class UploadSerializer(serializers.Serializer[Any]):
    """A recording for the detector."""

    audio = serializers.FileField(allow_empty_file=True)


class DetectionSerializer(serializers.Serializer[Any]):
    """What the marks of an upload said."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    sha256 = serializers.CharField()
    result = serializers.DictField()


class EntrySerializer(serializers.Serializer[Any]):
    """One audit entry."""

    id = serializers.UUIDField()
    event = serializers.CharField()
    actor = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    refs = serializers.DictField()
    data = serializers.DictField()  # type: ignore[assignment]  # the entry's own field of that name


class ProblemSerializer(serializers.Serializer[Any]):
    """An RFC 9457 problem document."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    way_forward = serializers.CharField()
    reasons = ReasonSerializer(many=True, required=False)
