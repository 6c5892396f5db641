"""The hierarchy of keys: key management wraps the organisation's key, which wraps each subject's key and secret.

All of it happens in the organisation in scope. A subject's key is remembered for that scope, an organisation's in this
process for `KEY_CACHE_SECONDS`; see `tenancy.memory`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from tenancy.errors import KeyringError, ShreddedError
from tenancy.keyring_file import KEY_BYTES
from tenancy.memory import ProcessMemory
from tenancy.models import KeyState, OrganisationKey, SubjectKey
from tenancy.registry import key_management
from tenancy.scope import current_memory, current_organisation
from tenancy.sealing import SealingKey, open_under, seal_under

SUBJECT_KEY_VERSION = 1
_LOCK_ACTIVE = "SELECT * FROM tenancy_organisationkey WHERE organisation_id = %s AND state = 'active' FOR KEY SHARE"
# The row together with the very key that wraps it: read apart, the two might be a rotation apart. Nearly every entry of
# the record needs this, so it is asked for in plain SQL, in a third of the time.
_FETCH_SUBJECT = """
    SELECT s.id, s.wrapped, s.wrapped_secret, o.id, o.version, o.wrapped, o.key_management_id
    FROM tenancy_subjectkey s LEFT JOIN tenancy_organisationkey o ON o.id = s.organisation_key_id
    WHERE s.organisation_id = %s AND s.subject_id = %s
"""
_ATTEMPTS = 5
_organisations: ProcessMemory[bytes] = ProcessMemory()


@dataclass(frozen=True, repr=False)
class SubjectKeys:
    """What belongs to one person alone: the key that seals, and the secret that salts their entries in the record."""

    sealing: SealingKey
    ledger: bytes


def subject_keys(subject_id: UUID) -> SubjectKeys:
    """The subject's key and secret, made on first use.

    Raises:
        ShreddedError: they were destroyed.
        KeyringError: key management does not answer, or does not hold the key that wrapped the organisation's.
    """
    name, memory = _memory_name(subject_id), current_memory()
    found = memory.recall(name)
    if not isinstance(found, SubjectKeys):
        found = _open_subject_keys(_subject_row(subject_id))
        memory.keep(name, found)
    return found


def forget_subject(subject_id: UUID) -> None:
    """Drops what this scope remembers of a subject."""
    current_memory().forget(_memory_name(subject_id))


def forget_organisations() -> None:
    """Drops every organisation's key from this process, for a change of key management and for tests of it."""
    _organisations.forget()


def organisation_ledger_secret() -> bytes:
    """The organisation's lasting secret: made once, carried over from each version of its key to the next."""
    organisation_id = current_organisation()
    name = ("organisation-secret", organisation_id)
    found = current_memory().recall(name) or _organisations.recall(name)
    if isinstance(found, bytes):
        return found
    secret = _open_organisation_secret()
    current_memory().keep(name, secret)
    # Only once it is committed may others in this process rely on it; a savepoint rolled back takes this along.
    transaction.on_commit(lambda: _organisations.keep(name, secret))
    return secret


def open_organisation_key(row: OrganisationKey) -> SealingKey:
    """The key itself; raises `KeyringError` for one that is destroyed or that key management cannot unwrap."""
    secret = _organisations.recall(row.pk)
    if secret is None:
        if row.wrapped is None:
            raise KeyringError("This version of the organisation's key was destroyed: nothing should still need it.")
        management = key_management()
        if not management.holds(row.key_management_id):
            raise KeyringError(
                f"This organisation's key was wrapped by {row.key_management_id}, and the key management in use is "
                f"{management.key_id}: restore the keyring, or set KEY_MANAGEMENT back."
            )
        secret = management.unwrap(bytes(row.wrapped), context=organisation_key_context(row.organisation_id))
        _organisations.keep(row.pk, secret)
    return SealingKey(row.pk, row.version, secret)


def open_organisation_secret(row: OrganisationKey) -> bytes:
    """The organisation's lasting secret from one version of its key that carries it."""
    context = organisation_secret_context(row.organisation_id)
    return open_under(open_organisation_key(row), bytes(row.wrapped_secret or b""), context=context)


def active_organisation_key() -> OrganisationKey:
    """The version that wraps new keys, made on first use and locked against retiring while this transaction lasts.

    The lock is the one that a foreign key takes: it hinders nobody but whoever begins to rotate.
    """
    organisation_id = current_organisation()
    for _ in range(_ATTEMPTS):
        for row in OrganisationKey.objects.raw(_LOCK_ACTIVE, [organisation_id]):
            return row
        try:
            with transaction.atomic():
                new_organisation_key().save(force_insert=True)
        except IntegrityError:
            continue  # of two who come at once, the unique constraint lets one in and the other reads that one's key
    raise KeyringError("The organisation's key keeps being rotated: try again.")


def new_organisation_key(*, version: int = 1, secret: bytes | None = None) -> OrganisationKey:
    """A fresh key of the organisation in scope, not yet saved; `secret` is the lasting one of its former versions."""
    organisation_id, management = current_organisation(), key_management()
    plain = secrets.token_bytes(KEY_BYTES)
    wrapped = management.wrap(plain, context=organisation_key_context(organisation_id))
    row = OrganisationKey(
        organisation_id=organisation_id,
        version=version,
        wrapped=wrapped,
        key_management_id=management.key_id_of(wrapped),
    )
    row.wrapped_secret = seal_under(
        SealingKey(row.pk, version, plain),
        secret or secrets.token_bytes(KEY_BYTES),
        context=organisation_secret_context(organisation_id),
    )
    return row


def organisation_key_context(organisation_id: UUID) -> bytes:
    return f"vivavoce|organisation-key|{organisation_id}".encode()


def organisation_secret_context(organisation_id: UUID) -> bytes:
    return f"vivavoce|organisation-secret|{organisation_id}".encode()


def subject_key_context(row: SubjectKey) -> bytes:
    return f"vivavoce|subject-key|{row.organisation_id}|{row.subject_id}".encode()


def subject_secret_context(row: SubjectKey) -> bytes:
    return f"vivavoce|subject-secret|{row.organisation_id}|{row.subject_id}".encode()


def _memory_name(subject_id: UUID) -> tuple[str, UUID, UUID]:
    return ("subject", current_organisation(), subject_id)


def _open_organisation_secret() -> bytes:
    organisation_id = current_organisation()
    row = OrganisationKey.objects.filter(organisation_id=organisation_id, state=KeyState.ACTIVE).first()
    row = row or active_organisation_key()
    if row.wrapped_secret is None:
        row = _with_organisation_secret()
    return open_organisation_secret(row)


def _with_organisation_secret() -> OrganisationKey:
    """Gives an organisation from before there were secrets its own."""
    row = OrganisationKey.objects.select_for_update(no_key=True).get(state=KeyState.ACTIVE)
    if row.wrapped_secret is None:
        context = organisation_secret_context(row.organisation_id)
        fresh = secrets.token_bytes(KEY_BYTES)
        row.wrapped_secret = seal_under(open_organisation_key(row), fresh, context=context)
        row.save(update_fields=["wrapped_secret"])
    return row


def _subject_row(subject_id: UUID) -> SubjectKey:
    row = _fetched(subject_id)
    if row is None:
        _make_subject_key(subject_id)
        row = _fetched(subject_id)
    if row is None:
        raise KeyringError("The subject's key cannot be read back: try again.")
    if row.wrapped is not None and row.wrapped_secret is None:
        row = _with_secret(subject_id)
    return row


def _fetched(subject_id: UUID) -> SubjectKey | None:
    organisation_id = current_organisation()
    with connection.cursor() as cursor:
        cursor.execute(_FETCH_SUBJECT, [organisation_id, subject_id])
        found = cursor.fetchone()
    if found is None:
        return None
    row = SubjectKey(
        id=found[0], organisation_id=organisation_id, subject_id=subject_id, wrapped=found[1], wrapped_secret=found[2]
    )
    if found[3] is not None:
        row.organisation_key = OrganisationKey(
            id=found[3],
            organisation_id=organisation_id,
            version=found[4],
            wrapped=found[5],
            key_management_id=found[6],
        )
    return row


def _make_subject_key(subject_id: UUID) -> None:
    parent = active_organisation_key()
    key, fresh = (
        open_organisation_key(parent),
        SubjectKey(organisation_id=parent.organisation_id, subject_id=subject_id),
    )
    SubjectKey.objects.get_or_create(
        organisation_id=parent.organisation_id,
        subject_id=subject_id,
        defaults={
            "organisation_key": parent,
            "wrapped": seal_under(key, secrets.token_bytes(KEY_BYTES), context=subject_key_context(fresh)),
            "wrapped_secret": seal_under(key, secrets.token_bytes(KEY_BYTES), context=subject_secret_context(fresh)),
        },
    )


def _with_secret(subject_id: UUID) -> SubjectKey:
    """Gives a subject from before there were secrets one of their own."""
    locked = SubjectKey.objects.select_for_update(of=("self",), no_key=True).select_related("organisation_key")
    row = locked.get(subject_id=subject_id)
    if row.organisation_key is not None and row.wrapped_secret is None:
        key = open_organisation_key(row.organisation_key)
        row.wrapped_secret = seal_under(key, secrets.token_bytes(KEY_BYTES), context=subject_secret_context(row))
        row.save(update_fields=["wrapped_secret"])
    return row


def _open_subject_keys(row: SubjectKey) -> SubjectKeys:
    if row.wrapped is None or row.wrapped_secret is None or row.organisation_key is None:
        raise ShreddedError("This speaker's key was destroyed: what it sealed is gone, and nothing new may be kept.")
    parent = open_organisation_key(row.organisation_key)
    secret = open_under(parent, bytes(row.wrapped), context=subject_key_context(row))
    ledger = open_under(parent, bytes(row.wrapped_secret), context=subject_secret_context(row))
    return SubjectKeys(SealingKey(row.pk, SUBJECT_KEY_VERSION, secret), ledger)
