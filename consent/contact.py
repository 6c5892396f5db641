"""A speaker's e-mail address: sealed under their own key, so that it goes with them, and never in a log."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from consent.errors import ConsentError
from consent.models import Speaker
from tenancy import blobs
from tenancy.destroyed import Destroyed
from tenancy.errors import ShreddedError

KIND = "speaker-contact"
LONGEST = 254  # RFC 5321


def checked(address: str) -> str:
    """The address without space around it; raises `ConsentError` (consent-scope) for what is none."""
    bare = address.strip()
    try:
        validate_email(bare)
    except ValidationError:
        bare = ""
    if not bare or len(bare) > LONGEST:
        raise ConsentError("consent-scope", "Give an e-mail address at which the speaker alone reads their mail.")
    return bare


def keep(speaker: Speaker, address: str) -> None:
    """Seal the address of a speaker who has none yet.

    Raises:
        ConsentError: another address is known, or all that was kept of the speaker was destroyed. Whoever could put
            another address in its place could answer for the speaker.
    """
    try:
        known = address_of(speaker)
    except ShreddedError as error:
        raise ConsentError("consent-scope", "What was kept of this speaker was destroyed; ask them anew.") from error
    if known is None:
        plain = checked(address).encode()
        speaker.contact_blob = blobs.put(plain, subject_id=speaker.id, kind=KIND, object_id=speaker.id)
        speaker.save(update_fields=["contact_blob"])
    elif known.casefold() != checked(address).casefold():
        raise ConsentError("consent-scope", "This speaker is known at another address; ask them there.")


def address_of(speaker: Speaker) -> str | None:
    """Where the speaker reads mail; None where nobody said.

    Raises:
        ShreddedError: the speaker's key was destroyed.
    """
    if not speaker.contact_blob:
        return None
    return blobs.get(speaker.contact_blob, subject_id=speaker.id, kind=KIND, object_id=speaker.id).decode()


def forget(speaker_id: UUID) -> list[Destroyed]:
    """Delete a speaker's address once this is committed."""
    speaker = Speaker.objects.select_for_update().get(id=speaker_id)
    name, speaker.contact_blob = speaker.contact_blob, ""
    if not name:
        return []
    speaker.save(update_fields=["contact_blob"])
    transaction.on_commit(lambda: blobs.delete(name), robust=True)
    return [Destroyed(KIND, speaker_id, None)]
