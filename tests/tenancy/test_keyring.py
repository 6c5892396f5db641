from __future__ import annotations

import threading
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from tenancy import chunked
from tenancy.errors import KeyringError, ScopeError, ShreddedError, TamperedError
from tenancy.hierarchy import forget_organisations
from tenancy.keyring import ledger_salt, open_sealed, organisation_secret, seal, shred
from tenancy.models import Organisation, OrganisationKey, SubjectKey
from tenancy.scope import organisation_scope
from tenancy.sealing import HEADER_BYTES
from tests.cast import found

AMARA, OBJECT = UUID(int=1), UUID(int=2)
VOICE = b"Amara's voice"


def sealed_voice() -> bytes:
    return seal(VOICE, subject_id=AMARA, kind="reference", object_id=OBJECT)


def test_what_was_sealed_can_be_opened(in_northwind: Organisation) -> None:
    sealed = sealed_voice()
    assert VOICE not in sealed
    assert open_sealed(sealed, subject_id=AMARA, kind="reference", object_id=OBJECT) == VOICE


@pytest.mark.parametrize(
    ("subject_id", "kind", "object_id"),
    [(uuid4(), "reference", OBJECT), (AMARA, "sample", OBJECT), (AMARA, "reference", uuid4())],
)
def test_what_was_sealed_for_one_thing_opens_as_nothing_else(
    in_northwind: Organisation, subject_id: UUID, kind: str, object_id: UUID
) -> None:
    sealed = sealed_voice()
    with pytest.raises(TamperedError):
        open_sealed(sealed, subject_id=subject_id, kind=kind, object_id=object_id)


def test_another_organisation_cannot_open_it(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        sealed = sealed_voice()
    with organisation_scope(rival.id, actor="system"), pytest.raises(TamperedError):
        open_sealed(sealed, subject_id=AMARA, kind="reference", object_id=OBJECT)


def test_every_flipped_byte_is_noticed(in_northwind: Organisation) -> None:
    sealed = sealed_voice()
    for position in range(len(sealed)):
        forged = bytearray(sealed)
        forged[position] ^= 0xFF
        with pytest.raises(TamperedError):
            open_sealed(bytes(forged), subject_id=AMARA, kind="reference", object_id=OBJECT)


@pytest.mark.parametrize("kind", ["", "Reference", "a|b", "a/b", "..", "-a"])
def test_a_kind_is_a_plain_word(in_northwind: Organisation, kind: str) -> None:
    with pytest.raises(KeyringError, match="no kind"):
        seal(VOICE, subject_id=AMARA, kind=kind, object_id=OBJECT)


def test_after_shredding_nothing_opens_and_nothing_more_is_sealed(in_northwind: Organisation) -> None:
    sealed = sealed_voice()
    shred(subject_id=AMARA)
    with pytest.raises(ShreddedError):
        open_sealed(sealed, subject_id=AMARA, kind="reference", object_id=OBJECT)
    with pytest.raises(ShreddedError):
        sealed_voice()


def test_shredding_touches_no_one_else(in_northwind: Organisation) -> None:
    sealed = seal(b"Ivo's", subject_id=UUID(int=9), kind="reference", object_id=OBJECT)
    sealed_voice()
    shred(subject_id=AMARA)
    assert open_sealed(sealed, subject_id=UUID(int=9), kind="reference", object_id=OBJECT) == b"Ivo's"


def test_shredding_is_on_record_once_however_often_it_is_asked_for(in_northwind: Organisation) -> None:
    sealed_voice()
    shred(subject_id=AMARA)
    shred(subject_id=AMARA)
    assert [entry.refs for entry in entries(event=Event.SUBJECT_KEY_SHREDDED)] == [{"speaker": AMARA}]
    key = SubjectKey.objects.get(subject_id=AMARA)
    assert (key.wrapped, key.shredded_at is not None) == (None, True)


def test_someone_of_whom_nothing_was_kept_can_be_shredded_beforehand(in_northwind: Organisation) -> None:
    shred(subject_id=AMARA)
    with pytest.raises(ShreddedError):
        sealed_voice()


def test_each_organisation_and_each_subject_has_one_key_and_none_lies_bare(in_northwind: Organisation) -> None:
    for _ in range(3):
        sealed_voice()
    organisation_key, subject_key = OrganisationKey.objects.get(), SubjectKey.objects.get()
    overhead = HEADER_BYTES + chunked.PREFIX_BYTES + chunked.TAG_BYTES
    for wrapped in (organisation_key.wrapped, subject_key.wrapped, subject_key.wrapped_secret):
        assert len(bytes(wrapped)) == 32 + overhead


def test_swapping_two_subjects_keys_is_noticed(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        sealed = sealed_voice()
        seal(b"Ivo's", subject_id=UUID(int=9), kind="reference", object_id=OBJECT)
        ivos = SubjectKey.objects.get(subject_id=UUID(int=9))
        SubjectKey.objects.filter(subject_id=AMARA).update(wrapped=ivos.wrapped)
    with organisation_scope(northwind.id, actor="system"), pytest.raises(TamperedError):
        open_sealed(sealed, subject_id=AMARA, kind="reference", object_id=OBJECT)


def test_a_keyring_that_went_missing_is_named_as_the_cause(
    northwind: Organisation, settings: Settings, tmp_path: Path
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        sealed = sealed_voice()
    settings.KEYRING_FILE = tmp_path / "another.json"
    forget_organisations()
    with organisation_scope(northwind.id, actor="system"), pytest.raises(KeyringError, match="restore the keyring"):
        open_sealed(sealed, subject_id=AMARA, kind="reference", object_id=OBJECT)


@pytest.mark.django_db
def test_nothing_is_sealed_outside_an_organisation() -> None:
    with pytest.raises(ScopeError):
        sealed_voice()


@pytest.mark.usefixtures("committed_db")
def test_many_who_seal_first_at_once_share_one_key() -> None:
    northwind, opened, failures = found("Northwind"), list[bytes](), list[Exception]()
    together = threading.Barrier(8)

    def seal_and_open(number: int) -> None:
        try:
            together.wait()
            with organisation_scope(northwind.id, actor="system"):
                sealed = seal(b"%d" % number, subject_id=AMARA, kind="sample", object_id=UUID(int=number))
            with organisation_scope(northwind.id, actor="system"):
                opened.append(open_sealed(sealed, subject_id=AMARA, kind="sample", object_id=UUID(int=number)))
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal_and_open, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(opened) == [b"%d" % number for number in range(8)]
    with organisation_scope(northwind.id, actor="system"):
        assert (OrganisationKey.objects.count(), SubjectKey.objects.count()) == (1, 1)


EVENT = UUID(int=3)


def test_a_salt_is_the_same_at_every_call_and_another_for_every_event_person_and_organisation(
    northwind: Organisation, rival: Organisation
) -> None:
    salts = []
    for organisation in (northwind, rival):
        with organisation_scope(organisation.id, actor="system"):
            for subject in (None, AMARA, UUID(int=9)):
                for event in (EVENT, uuid4()):
                    salts.append(ledger_salt(subject, event_id=event))
                    assert ledger_salt(subject, event_id=event) == salts[-1]
    assert len(set(salts)) == 12
    assert {len(salt) for salt in salts} == {32}


def test_a_shredded_subject_has_no_salt_and_the_organisation_keeps_its_own(in_northwind: Organisation) -> None:
    ours = ledger_salt(None, event_id=EVENT)
    ledger_salt(AMARA, event_id=EVENT)
    shred(subject_id=AMARA)
    with pytest.raises(ShreddedError):
        ledger_salt(AMARA, event_id=EVENT)
    key = SubjectKey.objects.get(subject_id=AMARA)
    assert (key.wrapped_secret, key.organisation_key) == (None, None)
    assert ledger_salt(None, event_id=EVENT) == ours


def test_the_secret_of_an_organisation_is_one_per_purpose(northwind: Organisation, rival: Organisation) -> None:
    secrets = []
    for organisation in (northwind, rival):
        with organisation_scope(organisation.id, actor="system"):
            secrets += [organisation_secret("reference-rotation"), organisation_secret("other")]
            assert organisation_secret("other") == secrets[-1]
            with pytest.raises(KeyringError, match="no purpose"):
                organisation_secret("A|B")
    assert len(set(secrets)) == 4
    assert {len(secret) for secret in secrets} == {32}
