"""Keys and sealed bytes as the version before this one left them: suite 1, no secrets, no versions."""

from __future__ import annotations

import secrets
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenancy.keyring_file import read_or_create
from tenancy.models import OrganisationKey, SubjectKey
from tenancy.scope import current_organisation

OBJECT = UUID(int=2)


def seal_former(key: bytes, plaintext: bytes, *, context: bytes) -> bytes:
    salt = secrets.token_bytes(32)
    material = HKDF(SHA256(), 44, salt, context).derive(key)
    return b"\x01" + salt + AESGCM(material[:32]).encrypt(material[32:], plaintext, b"\x01" + context)


def make_former_keys(subject_id: UUID, *, voice: bytes = b"") -> bytes:
    """Replaces the keys of the organisation in scope; returns `voice` as it was sealed then, as a "sample"."""
    organisation_id, platform = current_organisation(), read_or_create(settings.KEYRING_FILE).encryption[-1]
    key, subject_key = secrets.token_bytes(32), secrets.token_bytes(32)
    context = f"vivavoce|organisation-key|{organisation_id}".encode()
    SubjectKey.objects.all().delete()
    OrganisationKey.objects.all().delete()
    parent = OrganisationKey.objects.create(
        organisation_id=organisation_id,
        wrapped=seal_former(platform.secret, key, context=context),
        key_management_id=platform.key_id,
    )
    context = f"vivavoce|subject-key|{organisation_id}|{subject_id}".encode()
    SubjectKey.objects.create(
        organisation_id=organisation_id,
        subject_id=subject_id,
        organisation_key=parent,
        wrapped=seal_former(key, subject_key, context=context),
    )
    context = f"vivavoce|object|{organisation_id}|{subject_id}|sample|{OBJECT}".encode()
    return seal_former(subject_key, voice, context=context)
