"""Seal, open, shred: every stored voice is encrypted under its speaker's own key, which can be destroyed.

Key management wraps the organisation's key, that key wraps each subject's, and each object is sealed under a key
derived from its subject's. All of it happens in the organisation in scope, and no key outlives the call.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from tenancy.errors import KeyringError, ShreddedError
from tenancy.keyring_file import KEY_BYTES
from tenancy.models import OrganisationKey, SubjectKey
from tenancy.ports import KeyManagement
from tenancy.recording import record
from tenancy.scope import current_organisation
from tenancy.sealing import open_under, seal_under

_KIND = re.compile(r"[a-z][a-z0-9-]*")


def key_management() -> KeyManagement:
    backend: KeyManagement = import_string(settings.KEY_MANAGEMENT)()
    return backend


def seal(plaintext: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """`plaintext` encrypted and bound to the organisation, the subject, the kind and the object.

    Raises:
        ShreddedError: the subject's key was destroyed, and nothing more may be kept of them.
    """
    context = _object_context(subject_id, kind, object_id)
    return seal_under(_subject_key(subject_id), plaintext, context=context)


def open_sealed(sealed: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """What was sealed.

    Raises:
        TamperedError: a bit was changed, or the bytes were sealed for anything but exactly this.
        ShreddedError: the subject's key was destroyed.
        KeyringError: the organisation's key was wrapped by another key management than the one configured.
    """
    context = _object_context(subject_id, kind, object_id)
    return open_under(_subject_key(subject_id), sealed, context=context)


def shred(*, subject_id: UUID) -> None:
    """Destroys the subject's key, for good; the row stays and keeps a new key from being made.

    The database's own files and backups hold the wrapped key until they are vacuumed and expire.
    """
    SubjectKey.objects.get_or_create(
        organisation_id=current_organisation(), subject_id=subject_id, defaults={"shredded_at": timezone.now()}
    )
    key = SubjectKey.objects.select_for_update().get(subject_id=subject_id)
    if key.wrapped is not None:
        key.wrapped, key.shredded_at = None, timezone.now()
        key.save(update_fields=["wrapped", "shredded_at"])
        record("subject:key:shredded", refs={"speaker": subject_id})


def _object_context(subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    if not _KIND.fullmatch(kind):
        raise KeyringError(f"{kind!r} is no kind of sealed object: use lower-case letters, digits and hyphens.")
    return f"vivavoce|object|{current_organisation()}|{subject_id}|{kind}|{object_id}".encode()


def _organisation_key() -> bytes:
    organisation_id = current_organisation()
    context = f"vivavoce|organisation-key|{organisation_id}".encode()
    management = key_management()
    row = OrganisationKey.objects.filter(organisation_id=organisation_id).first()
    if row is None:
        # Of two callers who come at once, the unique constraint lets one in and the other reads that one's key.
        wrapped = management.wrap(secrets.token_bytes(KEY_BYTES), context=context)
        row, _ = OrganisationKey.objects.get_or_create(
            organisation_id=organisation_id,
            defaults={"wrapped": wrapped, "key_management_id": management.key_id},
        )
    if row.key_management_id != management.key_id:
        raise KeyringError(
            f"This organisation's key was wrapped by {row.key_management_id}, and the key management in use is "
            f"{management.key_id}: restore the keyring, or set KEY_MANAGEMENT back."
        )
    return management.unwrap(bytes(row.wrapped), context=context)


def _subject_key(subject_id: UUID) -> bytes:
    organisation_id = current_organisation()
    context = f"vivavoce|subject-key|{organisation_id}|{subject_id}".encode()
    parent = _organisation_key()
    row = SubjectKey.objects.filter(subject_id=subject_id).first()
    if row is None:
        wrapped = seal_under(parent, secrets.token_bytes(KEY_BYTES), context=context)
        row, _ = SubjectKey.objects.get_or_create(
            organisation_id=organisation_id, subject_id=subject_id, defaults={"wrapped": wrapped}
        )
    if row.wrapped is None:
        raise ShreddedError("This speaker's key was destroyed: what it sealed is gone, and nothing new may be kept.")
    return open_under(parent, bytes(row.wrapped), context=context)


def subject_key_exists(*, subject_id: UUID) -> bool:
    """Is there a key that still opens what was sealed for this subject? A shredded or never made one is none."""
    return SubjectKey.objects.filter(subject_id=subject_id, wrapped__isnull=False).exists()
