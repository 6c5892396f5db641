"""The keys of the lists of protected voices follow when key management's key is rotated."""

from __future__ import annotations

from uuid import UUID

from safety.models import ProtectedList, ProtectedVoice, owned_by
from safety.search.sealed import key_context, voice_context
from tenancy.registry import key_management


class ProtectedVoiceKeys:
    """The `KeyHolder` of this app: every list's key, and voices from before there were lists, are wrapped by itself."""

    def behind(self, *, organisation_id: UUID | None) -> int:
        return len(self._lists(organisation_id, lock=False)) + len(self._voices(organisation_id, lock=False))

    def rewrap(self, *, organisation_id: UUID | None) -> int:
        management = key_management()
        lists, voices = self._lists(organisation_id, lock=True), self._voices(organisation_id, lock=True)
        for listing in lists:
            context = key_context(listing.id, listing.organisation_id)
            listing.wrapped_key = management.rewrap(bytes(listing.wrapped_key), context=context)
        for voice in voices:
            context = voice_context(voice.id, voice.organisation_id)
            voice.embedding = management.rewrap(bytes(voice.embedding), context=context)
        ProtectedList.objects.bulk_update(lists, ["wrapped_key"])
        ProtectedVoice.objects.bulk_update(voices, ["embedding"])
        return len(lists) + len(voices)

    def _lists(self, organisation_id: UUID | None, *, lock: bool) -> list[ProtectedList]:
        management = key_management()
        present = management.key_id
        rows = ProtectedList.objects.filter(owned_by(organisation_id)).order_by("id")
        locked = rows.select_for_update(no_key=True) if lock else rows
        return [row for row in locked if management.key_id_of(bytes(row.wrapped_key)) != present]

    def _voices(self, organisation_id: UUID | None, *, lock: bool) -> list[ProtectedVoice]:
        """Those that stand on no list; what a list's key seals is no business of key management's."""
        management = key_management()
        present = management.key_id
        rows = (
            ProtectedVoice.objects.filter(owned_by(organisation_id), listing=None).exclude(embedding=b"").order_by("id")
        )
        locked = rows.select_for_update(no_key=True) if lock else rows
        return [row for row in locked if management.key_id_of(bytes(row.embedding)) != present]
