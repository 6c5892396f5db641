"""Sealed bytes in files: what lies in storage is useless without its subject's key."""

from __future__ import annotations

from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from tenancy.errors import KeyringError
from tenancy.ids import new_id
from tenancy.keyring import open_sealed, seal
from tenancy.scope import current_organisation


def put(plaintext: bytes, *, subject_id: UUID, kind: str, object_id: UUID) -> str:
    """Seals and stores `plaintext`; the storage name tells nothing but identifiers and the kind."""
    sealed = seal(plaintext, subject_id=subject_id, kind=kind, object_id=object_id)
    name = f"{current_organisation()}/{kind}/{object_id}.{new_id().hex}"
    return storages["blobs"].save(name, ContentFile(sealed))


def get(name: str, *, subject_id: UUID, kind: str, object_id: UUID) -> bytes:
    """What was put under `name` for exactly this subject, kind and object; otherwise raises `KeyringError`."""
    try:
        with storages["blobs"].open(name) as file:
            sealed = file.read()
    except FileNotFoundError as error:
        raise KeyringError(f"The blob {name} is missing from storage: restore it from a backup.") from error
    return open_sealed(sealed, subject_id=subject_id, kind=kind, object_id=object_id)


def delete(name: str) -> None:
    """Removes the sealed bytes; deleting what is gone already is no error."""
    storages["blobs"].delete(name)
