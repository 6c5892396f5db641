"""What the HTTP interface takes and shows of lists of protected voices."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api import fields


class ListAskSerializer(serializers.Serializer[Any]):
    """A new list."""

    name = serializers.CharField(max_length=200)
    owner = serializers.CharField(max_length=200)
    source = serializers.CharField(max_length=200, default="", allow_blank=True)  # type: ignore[assignment]  # the name is the data\'s
    action = serializers.ChoiceField(choices=["deny", "hold"], default="deny")
    threshold_offset = serializers.FloatField(default=0.0, min_value=-10.0, max_value=10.0)
    expires_after_days = serializers.IntegerField(default=None, allow_null=True, min_value=1, max_value=36_500)


class ListSerializer(serializers.Serializer[Any]):
    """A list; the platform's are shown to everybody, without the people on them."""

    id = serializers.UUIDField()
    platform = serializers.SerializerMethodField()
    name = serializers.CharField()
    owner = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the name is the data\'s
    action = serializers.CharField()
    threshold_offset = serializers.FloatField()
    expires_after_days = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_platform(self, listing: Any) -> bool:
        return listing.organisation_id is None


class PersonAskSerializer(serializers.Serializer[Any]):
    """A person to be protected, with a recording of them."""

    name = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=2_000)
    action = serializers.ChoiceField(choices=["deny", "hold"], default=None, allow_null=True)
    aliases = serializers.ListField(child=serializers.CharField(max_length=200), max_length=20, default=list)
    source = serializers.CharField(max_length=200, default="", allow_blank=True)  # type: ignore[assignment]  # the name is the data\'s
    expires_at = serializers.DateTimeField(default=None, allow_null=True)
    audio = serializers.FileField(allow_empty_file=True)


class ProtectedVoiceSerializer(serializers.Serializer[Any]):
    """A person on a list of the organisation's own."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the name is the data\'s
    action = serializers.CharField()
    added_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class ReasonAskSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=2_000)


class StatementAskSerializer(serializers.Serializer[Any]):
    """A statement of reasons."""

    statement = serializers.CharField(max_length=5_000)


class ChangeSerializer(serializers.Serializer[Any]):
    """A proposed change, who stands behind it, and what became of it."""

    id = serializers.UUIDField()
    list = serializers.UUIDField(source="listing_id")
    kind = serializers.CharField()
    voice = serializers.UUIDField(source="voice_id", allow_null=True)
    particulars = serializers.DictField()
    status = serializers.CharField()
    proposed_by = serializers.CharField()
    approvals = serializers.ListField(child=serializers.CharField())
    decided_by = serializers.CharField()
    statement = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class AppealAskSerializer(serializers.Serializer[Any]):
    """An appeal against a finding."""

    voice = serializers.UUIDField()
    grounds = serializers.CharField(max_length=5_000)


class AppealDecisionSerializer(StatementAskSerializer):
    """A decision on an appeal."""

    grant = fields.SaidField()


class AppealSerializer(serializers.Serializer[Any]):
    """An appeal and where it stands."""

    id = serializers.UUIDField()
    voice = serializers.UUIDField(source="voice_id")
    grounds = serializers.CharField()
    status = serializers.CharField()
    statement = serializers.CharField()
    filed_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class DoNotCloneAskSerializer(serializers.Serializer[Any]):
    """Somebody's request that their own voice never be cloned."""

    name = serializers.CharField(max_length=100)
    aliases = serializers.ListField(child=serializers.CharField(max_length=100), max_length=10, default=list)
    locale = serializers.CharField(max_length=16, default="en")


class DoNotCloneSerializer(serializers.Serializer[Any]):
    """Where such a request stands."""

    status = serializers.CharField()
    phrase = serializers.CharField()
    expires_at = serializers.DateTimeField()
    reasons = serializers.ListField(child=serializers.DictField())


class NewDoNotCloneSerializer(DoNotCloneSerializer):
    """What to say aloud, and where to send the recording; the address is shown this once."""

    statement = serializers.CharField()
    url = serializers.CharField()
