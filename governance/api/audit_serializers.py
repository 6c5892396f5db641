"""The shapes of the audit trail over HTTP: filters, entries, openings, proofs between checkpoints, keys."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from audit.events import Event
from audit.listing import PAGE_LIMIT


class EntryFilterSerializer(serializers.Serializer[Any]):
    """Which entries are asked for, and from where on."""

    event = serializers.ChoiceField(choices=[event.value for event in Event], required=False)
    about = serializers.UUIDField(required=False, help_text="An identifier that the entry refers to.")
    since = serializers.DateTimeField(required=False, help_text="Inclusive.")
    until = serializers.DateTimeField(required=False, help_text="Exclusive.")
    after = serializers.UUIDField(required=False, help_text="The last entry of the page before.")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_LIMIT, default=PAGE_LIMIT)


class ExportAskSerializer(serializers.Serializer[Any]):
    """In which form, and beyond which place of the log."""

    format = serializers.ChoiceField(choices=["jsonl", "ocsf"], default="jsonl")
    after = serializers.IntegerField(required=False, min_value=-1, default=-1, help_text="The last place received.")


class SizesSerializer(serializers.Serializer[Any]):
    """Two sizes of the log, the smaller first."""

    def get_fields(self) -> dict[str, Any]:
        """Declared here, because `from` is a keyword of Python."""
        return {
            name: serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Entries in the log.")
            for name in ("from", "to")
        }

    def validate(self, sizes: dict[str, int]) -> dict[str, int]:
        if sizes["from"] > sizes["to"]:
            raise serializers.ValidationError("`from` is the smaller size.")
        return sizes


class EntrySerializer(serializers.Serializer[Any]):
    """One audit entry; `index` is its place in the log, null until the log has taken it up."""

    id = serializers.UUIDField()
    event = serializers.CharField()
    actor = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    refs = serializers.DictField()
    data = serializers.DictField()  # type: ignore[assignment]  # the entry's own field of that name
    index = serializers.SerializerMethodField()

    def get_index(self, entry: Any) -> int | None:
        found: int | None = self.context["places"].get(entry.id)
        return found


class SaltSerializer(serializers.Serializer[Any]):
    """What opens one commitment; the salt is null once its subject was erased."""

    commitment = serializers.CharField(help_text="SHA-256, in hexadecimal.")
    salt = serializers.CharField(allow_null=True, help_text="In hexadecimal.")


class OpeningSerializer(serializers.Serializer[Any]):
    """The bytes that were committed to, and the salts."""

    payload = serializers.CharField(help_text="In base64.")
    salts = SaltSerializer(many=True)


class PlaceSerializer(serializers.Serializer[Any]):
    """Where the entry stands in the log, and the leaf that stands for it."""

    index = serializers.IntegerField()
    leaf = serializers.CharField(help_text="In base64.")
    leaf_hash = serializers.CharField(help_text="In base64.")


class EntryDetailSerializer(EntrySerializer):
    """One entry with its leaf and everything needed to open it."""

    log = PlaceSerializer(allow_null=True)
    opening = OpeningSerializer()


class ConsistencySerializer(serializers.Serializer[Any]):
    """That the log of the larger size begins with the log of the smaller (RFC 9162, section 2.1.4)."""

    def get_fields(self) -> dict[str, Any]:
        """Declared here, because `from` is a keyword of Python."""
        return {
            "from": serializers.IntegerField(),
            "to": serializers.IntegerField(),
            "from_root": serializers.CharField(help_text="SHA-256, in base64."),
            "to_root": serializers.CharField(help_text="SHA-256, in base64."),
            "proof": serializers.ListField(child=serializers.CharField(help_text="SHA-256, in base64.")),
        }


class KeysSerializer(serializers.Serializer[Any]):
    """Who signs: the log's name and keys (C2SP vkeys), and the policy that names the witnesses (C2SP tlog-policy)."""

    origin = serializers.CharField()
    keys = serializers.ListField(child=serializers.CharField())
    policy = serializers.CharField(help_text="Text; empty when no witness is asked for.")
