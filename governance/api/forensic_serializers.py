"""The shapes of forensics over HTTP: what is handed in, how far it is, what was found, custody, and the way back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.api import fields
from governance.forensics import originals, signing_secrets, whose
from watermark.keyed.seeking import MOST_CLAIMED


class ExaminationAskSerializer(serializers.Serializer[Any]):
    """A file, the case that it belongs to, and what is asked about it."""

    audio = fields.AudioField()
    case_number = fields.PlainTextField(max_length=100, help_text="Under which you file it.")
    question = fields.PlainTextField(max_length=2_000, help_text="What you want to know, in your own words.")
    claimed_clips = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=MOST_CLAIMED,
        required=False,
        default=list,
        help_text="Clips that somebody says are in it: looked for by their own codes at every speed.",
    )
    webhook_url = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="Told when the examination has ended."
    )


class CaseFilterSerializer(serializers.Serializer[Any]):
    """Which examinations are asked for."""

    case = serializers.CharField(max_length=100, required=False, default="", help_text="A case number.")


class WebhookSerializer(serializers.Serializer[Any]):
    """What became of the message that it has ended."""

    url = serializers.CharField(source="webhook_url")
    state = serializers.CharField(source="webhook_state")
    attempts = serializers.IntegerField(source="webhook_attempts")
    next_at = serializers.DateTimeField(source="webhook_due_at", allow_null=True)
    answer = serializers.CharField(source="webhook_answer")


class ListedExaminationSerializer(serializers.Serializer[Any]):
    """An examination in a list."""

    id = serializers.UUIDField()
    case_number = serializers.CharField()
    question = serializers.CharField()
    filename = serializers.CharField()
    sha256 = serializers.CharField()
    status = serializers.CharField()
    progress = serializers.FloatField()
    verdict = serializers.SerializerMethodField()
    received_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)

    def get_verdict(self, examination: Any) -> str:
        return str(examination.result.get("verdict", ""))


class OriginalSerializer(serializers.Serializer[Any]):
    """Until when the original is kept, what keeps it beyond that, or when and why it was destroyed."""

    until = serializers.DateTimeField(allow_null=True)
    held_since = serializers.DateTimeField(allow_null=True)
    destroyed_at = serializers.DateTimeField(allow_null=True)
    destroyed_because = serializers.CharField(allow_null=True)


class CaseHoldAskSerializer(serializers.Serializer[Any]):
    """Which case's files are to be kept, and by which order."""

    case_number = fields.PlainTextField(max_length=100)
    reason = fields.PlainTextField(max_length=2_000, help_text="The order or the claim, with its reference.")


class CaseHoldSerializer(CaseHoldAskSerializer):
    """A legal hold on the files of a case."""

    id = serializers.UUIDField()
    placed_by = serializers.CharField()
    placed_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)


class ExaminationSerializer(ListedExaminationSerializer):
    """An examination with everything that was found."""

    requested_by = serializers.CharField()
    claimed_clips = serializers.ListField(child=serializers.UUIDField())
    media_type = serializers.CharField()
    size = serializers.IntegerField()
    original_kept = serializers.BooleanField(source="blob")
    original = serializers.SerializerMethodField()
    protocol = serializers.DictField()
    protocol_sha256 = serializers.CharField()
    protocol_entry = serializers.UUIDField(source="protocol_entry_id")
    explanation = serializers.CharField()
    result = serializers.SerializerMethodField()
    webhook = serializers.SerializerMethodField()

    @extend_schema_field(OriginalSerializer)
    def get_original(self, examination: Any) -> dict[str, Any]:
        found = originals.fate(examination)
        gone = found.destroyed
        return dict(
            OriginalSerializer(
                {
                    "until": found.until,
                    "held_since": found.hold and found.hold.placed_at,
                    "destroyed_at": gone and gone.at,
                    "destroyed_because": gone and gone.parameters["reason"],
                }
            ).data
        )

    def get_result(self, examination: Any) -> dict[str, Any]:
        return whose.shown(examination)

    def get_webhook(self, examination: Any) -> dict[str, Any] | None:
        return dict(WebhookSerializer(examination).data) if examination.webhook_url else None


class CustodyEventSerializer(serializers.Serializer[Any]):
    """One link of the chain of custody; its hash is over all the others."""

    sequence = serializers.IntegerField()
    at = serializers.CharField()
    actor = serializers.CharField()
    action = serializers.CharField()
    in_sha256 = serializers.CharField()
    out_sha256 = serializers.CharField()
    tool = serializers.CharField()
    parameters = serializers.DictField()
    previous_sha256 = serializers.CharField()
    sha256 = serializers.CharField()


class CustodySerializer(serializers.Serializer[Any]):
    """The chain of custody, and the hash of its last link, which stands for all of it."""

    examination = serializers.UUIDField()
    original_sha256 = serializers.CharField()
    head_sha256 = serializers.CharField()
    events = CustodyEventSerializer(many=True)


class ClipAskSerializer(serializers.Serializer[Any]):
    """Which of the clips that the examination found."""

    clip = serializers.UUIDField()


class StepSerializer(serializers.Serializer[Any]):
    """One step on the way from a clip back to its consent."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    what = serializers.CharField()
    at = serializers.DateTimeField()
    entry = serializers.UUIDField(source="entry_id", allow_null=True)
    event = serializers.CharField()
    index = serializers.IntegerField(allow_null=True)
    standing = serializers.CharField()
    details = serializers.DictField()


class WhySerializer(serializers.Serializer[Any]):
    """Why the original is deleted; it stays in the chain of custody."""

    reason = fields.PlainTextField(max_length=500)


class SigningSecretSerializer(serializers.Serializer[Any]):
    """What the signatures of our messages are checked with (Standard Webhooks)."""

    secret = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True, help_text="None for the one from the beginning.")
    former_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then messages bear the former secret's signature, too."
    )


class RotationSerializer(serializers.Serializer[Any]):
    """For how long the former secret goes on signing beside the new one."""

    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=signing_secrets.LONGEST_OVERLAP_HOURS,
        default=signing_secrets.USUAL_OVERLAP_HOURS,
        help_text="0 for a secret that leaked.",
    )


class VerdictSerializer(serializers.Serializer[Any]):
    """What the public detector says; "not_marked" never means genuine."""

    verdict = serializers.ChoiceField(choices=["marked", "not_marked", "inconclusive"])
