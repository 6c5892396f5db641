"""Seal, open, shred, salt: every stored voice is encrypted under its speaker's own key, which can be destroyed.

The keys themselves come from `tenancy.hierarchy`; all of it happens in the organisation in scope.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils import timezone

from tenancy import sealing
from tenancy.errors import KeyringError
from tenancy.hierarchy import forget_subject, organisation_ledger_secret, subject_keys
from tenancy.models import SubjectKey
from tenancy.recording import record
from tenancy.registry import key_management
from tenancy.scope import current_organisation

__all__ = [
    "key_management",
    "ledger_salt",
    "open_range",
    "open_sealed",
    "open_stream",
    "organisation_secret",
    "seal",
    "seal_stream",
    "shred",
    "subject_key_exists",
]

_KIND = re.compile(r"[a-z][a-z0-9-]*")
_SECRET_SALT = b"vivavoce/organisation-secret/v1"
_SECRET_BYTES = 32


def seal(plaintext: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """`plaintext` encrypted and bound to the organisation, the subject, the kind and the object.

    Raises:
        ShreddedError: the subject's key was destroyed, and nothing more may be kept of them.
    """
    context = _object_context(subject_id, kind, object_id)
    return sealing.seal_under(subject_keys(subject_id).sealing, plaintext, context=context)


def seal_stream(file: BinaryIO, *, subject_id: UUID, kind: str, object_id: UUID) -> Iterator[bytes]:
    """As `seal`, piece by piece; the key is fetched now, so the pieces may be taken after the scope has ended."""
    context = _object_context(subject_id, kind, object_id)
    return sealing.seal_stream(subject_keys(subject_id).sealing, file, context=context)


def open_sealed(sealed: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """What was sealed.

    Raises:
        TamperedError: a bit was changed, or the bytes were sealed for anything but exactly this.
        ShreddedError: the subject's key was destroyed.
        KeyringError: key management does not answer, or it is another than the one that wrapped the organisation's key.
    """
    context = _object_context(subject_id, kind, object_id)
    return sealing.open_under(subject_keys(subject_id).sealing, sealed, context=context)


def open_stream(file: BinaryIO, *, subject_id: UUID, kind: str, object_id: UUID) -> Iterator[bytes]:
    """As `open_sealed`, piece by piece; each is authentic when it comes, but that none is missing shows last."""
    context = _object_context(subject_id, kind, object_id)
    return sealing.open_stream(subject_keys(subject_id).sealing, file, context=context)


def open_range(
    file: BinaryIO, *, subject_id: UUID, kind: str, object_id: UUID, size: int, start: int, length: int
) -> bytes:
    """`length` bytes from `start` of what was sealed, fewer at its end; `file` holds `size` sealed bytes."""
    context = _object_context(subject_id, kind, object_id)
    key = subject_keys(subject_id).sealing
    return sealing.open_range(key, file, context=context, size=size, start=start, length=length)


def shred(*, subject_id: UUID) -> None:
    """Destroys the subject's key and ledger secret, for good; the row stays and keeps new ones from being made.

    The database's own files and backups hold the wrapped key until they are vacuumed and expire.
    """
    SubjectKey.objects.get_or_create(
        organisation_id=current_organisation(), subject_id=subject_id, defaults={"shredded_at": timezone.now()}
    )
    key = SubjectKey.objects.select_for_update(of=("self",)).get(subject_id=subject_id)
    forget_subject(subject_id)
    if key.wrapped is not None:
        key.wrapped, key.wrapped_secret, key.organisation_key = None, None, None
        key.shredded_at = timezone.now()
        key.save(update_fields=["wrapped", "wrapped_secret", "organisation_key", "shredded_at"])
        # Only now: this entry's own salt can no longer come from the secret that is gone.
        record("subject:key:shredded", refs={"speaker": subject_id})


def ledger_salt(subject_id: UUID | None, *, event_id: UUID) -> bytes:
    """The 32-byte salt of one event's commitment: HMAC-SHA256 of the event's identifier under a secret.

    Args:
        subject_id: whose secret; None for the organisation's own, where no subject is concerned or left.
        event_id: the entry that is committed to.

    Raises:
        ShreddedError: the subject's secret was destroyed, and the commitments made with it match nothing any more.
    """
    secret = organisation_ledger_secret() if subject_id is None else subject_keys(subject_id).ledger
    return hmac.digest(secret, event_id.bytes, "sha256")


def organisation_secret(purpose: str) -> bytes:
    """32 bytes that only this organisation has, the same at every call and for no other purpose (HKDF, RFC 5869)."""
    if not _KIND.fullmatch(purpose):
        raise KeyringError(f"{purpose!r} is no purpose of a secret: use lower-case letters, digits and hyphens.")
    info = f"{current_organisation()}|{purpose}".encode()
    return HKDF(SHA256(), _SECRET_BYTES, _SECRET_SALT, info).derive(organisation_ledger_secret())


def subject_key_exists(*, subject_id: UUID) -> bool:
    """Is there a key that still opens what was sealed for this subject? A shredded or never made one is none."""
    return SubjectKey.objects.filter(subject_id=subject_id, wrapped__isnull=False).exists()


def _object_context(subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    if not _KIND.fullmatch(kind):
        raise KeyringError(f"{kind!r} is no kind of sealed object: use lower-case letters, digits and hyphens.")
    return f"vivavoce|object|{current_organisation()}|{subject_id}|{kind}|{object_id}".encode()
