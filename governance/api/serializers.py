"""The shapes of what comes in and goes out over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from consent.scope import Purpose
from consent.wording import locales
from governance.api import fields
from governance.retention.schedule import schedule
from watermark.duties import Sign

LONGEST_CONSENT = timedelta(days=100 * 365)


class ReasonSerializer(serializers.Serializer[Any]):
    """One reason, with its rule and a way forward."""

    rule = serializers.CharField()
    effect = serializers.ChoiceField(choices=["hold", "deny"])
    explanation = serializers.CharField()
    way_forward = serializers.CharField()
    measured = serializers.DictField()


class ConsentAskSerializer(serializers.Serializer[Any]):
    """What a speaker is asked to agree to."""

    speaker_name = fields.NameField(max_length=200)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=[p.value for p in Purpose]), allow_empty=False
    )
    languages = serializers.ListField(child=serializers.RegexField(r"^[a-z]{2}$"), allow_empty=False, max_length=20)
    speaker_email = serializers.EmailField(max_length=254, help_text="Where the speaker alone reads mail.")
    intended_use = fields.PlainTextField(max_length=2_000, help_text="In plain words, at least eight of them.")
    territory = serializers.ListField(
        child=serializers.CharField(max_length=16),
        allow_empty=False,
        max_length=300,
        help_text="Countries where the voice may be used (ISO 3166-1, two letters), or `worldwide` alone.",
    )
    compensation = fields.PlainTextField(max_length=1_000, help_text="What the speaker gets; `none` if nothing.")
    recipients = serializers.ListField(
        child=fields.PlainTextField(max_length=200),
        max_length=50,
        help_text="Who else gets the speech, by name; an empty list means the organisation alone.",
    )
    clips_may_be_distributed = fields.SaidField(help_text="Whether they may pass it on and publish it.")
    valid_until = serializers.DateTimeField()
    locale = serializers.ChoiceField(choices=locales(), default="en", help_text="The language of the ceremony.")
    deliver = serializers.BooleanField(default=True, help_text="Whether the link is mailed to the speaker, too.")
    jurisdictions = serializers.ListField(
        child=serializers.CharField(max_length=16),
        default=list,
        help_text="Places whose laws on keeping and destroying apply, such as `US-IL`; none means all of them.",
    )

    def validate_jurisdictions(self, value: list[str]) -> list[str]:
        unknown = schedule().unknown(value)
        if unknown:
            known = ", ".join(schedule().rules)
            raise serializers.ValidationError(f"Nothing is known of {', '.join(unknown)}; known are {known}.")
        return value

    def validate_valid_until(self, value: Any) -> Any:
        if value <= timezone.now():
            raise serializers.ValidationError("The end date lies in the past.")
        if value > timezone.now() + LONGEST_CONSENT:
            raise serializers.ValidationError("The end date lies more than a lifetime ahead.")
        return value


class ConsentSerializer(serializers.Serializer[Any]):
    """A consent as its organisation sees it."""

    id = serializers.UUIDField()
    speaker = serializers.CharField(source="speaker.name")
    status = serializers.CharField()
    purposes = serializers.SerializerMethodField()
    languages = serializers.ListField(child=serializers.CharField())
    jurisdictions = serializers.ListField(child=serializers.CharField())
    intended_use = serializers.CharField()
    territory = serializers.ListField(child=serializers.CharField())
    compensation = serializers.CharField()
    recipients = serializers.ListField(child=serializers.CharField())
    clips_may_be_distributed = serializers.BooleanField()
    locale = serializers.CharField()
    requested_at = serializers.DateTimeField()
    given_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField()

    replaces = serializers.UUIDField(source="replaces_id", allow_null=True)

    def get_purposes(self, consent: Any) -> list[str]:
        return sorted(named.purpose for named in consent.purposes.all() if named.taken_back_at is None)


class NewConsentSerializer(ConsentSerializer):
    """A new consent with the link that only its speaker may have."""

    ceremony_url = serializers.CharField(help_text="For programs.")
    page_url = serializers.CharField(help_text="For the speaker, in a browser.")


class ReceiptSerializer(serializers.Serializer[Any]):
    """The speaker's signed copy, with the address at which they can take their consent back."""

    receipt = serializers.JSONField(source="body")
    signature = serializers.CharField()
    key_id = serializers.CharField()
    sd_jwt = serializers.CharField()


class NewReceiptSerializer(ReceiptSerializer):
    """A receipt with its own secret link."""

    receipt_url = serializers.CharField()
    withdraw_url = serializers.CharField()
    data_url = serializers.CharField()


class CertificateSerializer(serializers.Serializer[Any]):
    """A certificate of destruction, signed over its canonical form (RFC 8785)."""

    certificate = serializers.JSONField()
    signature = serializers.CharField()
    key_id = serializers.CharField()
    public_key = serializers.CharField()


class WithdrawnSerializer(serializers.Serializer[Any]):
    """What a withdrawal did."""

    status = serializers.CharField()
    voices_erased = serializers.IntegerField()
    permits_voided = serializers.IntegerField()
    clips_made_unreleasable = serializers.IntegerField()
    key_shredded = serializers.BooleanField()
    destruction = CertificateSerializer()


class VoiceAskSerializer(serializers.Serializer[Any]):
    """A voice to be enrolled from one to twenty samples."""

    consent = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2})?$")
    samples = serializers.ListField(child=fields.AudioField(), allow_empty=False)


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
    """What shall be said, by whom, and what for; a consent token may name the voice and the purpose."""

    voice = serializers.UUIDField(required=False)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=100_000)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2})?$")
    purpose = serializers.CharField(max_length=64, required=False)
    consent_token = serializers.CharField(
        max_length=2_000,
        required=False,
        help_text="From `/v1/consents/<id>/tokens`; then `voice` and `purpose` may go.",
    )
    audible_disclosure = serializers.ChoiceField(
        choices=[sign.value for sign in Sign],
        default=Sign.NONE.value,
        help_text="What the clip shall begin with to say that it is synthetic; never less than its territory asks for.",
    )

    def to_internal_value(self, data: Any) -> Any:
        with_token = isinstance(data, Mapping) and "consent_token" in data
        for name in ("voice", "purpose"):
            self.fields[name].required = not with_token
        return super().to_internal_value(data)


class DecisionSerializer(serializers.Serializer[Any]):
    """One answer of the gate."""

    id = serializers.UUIDField()
    stage = serializers.CharField()
    effect = serializers.CharField()
    reasons = ReasonSerializer(many=True, source="objections")
    policy_version = serializers.CharField()
    decided_at = serializers.DateTimeField()


class AudibleDisclosureSerializer(serializers.Serializer[Any]):
    """By what the clip says aloud that it is synthetic, and for how many of its first seconds."""

    kind = serializers.ChoiceField(choices=[sign.value for sign in Sign])
    seconds = serializers.FloatField()


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
    audible_disclosure = AudibleDisclosureSerializer(allow_null=True)
    examination = serializers.DictField(allow_null=True)
    mark = serializers.ListField(child=serializers.DictField(), allow_null=True)
    timings = serializers.DictField(allow_null=True)
    audio_url = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()


class UploadSerializer(serializers.Serializer[Any]):
    """A recording for the detector."""

    audio = fields.AudioField()


class DetectionSerializer(serializers.Serializer[Any]):
    """What the marks of an upload said."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    sha256 = serializers.CharField()
    result = serializers.DictField()


class ProblemSerializer(serializers.Serializer[Any]):
    """An RFC 9457 problem document."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    way_forward = serializers.CharField()
    reasons = ReasonSerializer(many=True, required=False)
