from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tenancy.errors import KeyringError, ShreddedError
from tenancy.hierarchy import (
    forget_organisations,
    open_organisation_key,
    organisation_ledger_secret,
    subject_keys,
)
from tenancy.keyring import open_sealed, seal, shred
from tenancy.models import KeyState, Organisation, OrganisationKey, SubjectKey
from tenancy.scope import organisation_scope
from tests.cast import found
from tests.tenancy.former import make_former_keys

AMARA, OBJECT = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def no_memory_of_other_tests() -> Iterator[None]:
    forget_organisations()
    yield
    forget_organisations()


def queries(subject_id: UUID) -> int:
    with CaptureQueriesContext(connection) as captured:
        subject_keys(subject_id)
    return len(captured)


def test_within_a_scope_a_subjects_keys_are_fetched_once(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        subject_keys(AMARA)
    with organisation_scope(northwind.id, actor="system"):
        assert [queries(AMARA) for _ in range(3)] == [1, 0, 0]
    with organisation_scope(northwind.id, actor="system"):
        assert queries(AMARA) == 1  # the former scope's memory is gone


def test_a_nested_scope_shares_the_memory_but_no_other_organisation_does(
    northwind: Organisation, rival: Organisation
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        ours = subject_keys(AMARA)
        with organisation_scope(rival.id, actor="system"):
            theirs = subject_keys(AMARA)
            with organisation_scope(northwind.id, actor="system"):
                assert subject_keys(AMARA) is ours
    assert theirs.sealing.secret != ours.sealing.secret
    assert theirs.ledger != ours.ledger


def test_a_key_whose_row_was_rolled_back_is_not_remembered(in_northwind: Organisation) -> None:
    """Otherwise it would go on to seal what nobody can ever open."""
    with pytest.raises(RuntimeError), transaction.atomic():
        subject_keys(AMARA)
        subject_keys(AMARA)
        raise RuntimeError
    assert not SubjectKey.objects.exists()
    sealed = seal(b"voice", subject_id=AMARA, kind="sample", object_id=OBJECT)
    assert SubjectKey.objects.filter(subject_id=AMARA).exists()
    assert open_sealed(sealed, subject_id=AMARA, kind="sample", object_id=OBJECT) == b"voice"


@pytest.mark.usefixtures("committed_db")
def test_an_organisations_secret_of_a_transaction_that_failed_is_not_remembered() -> None:
    northwind = found("Northwind")
    with organisation_scope(northwind.id, actor="system"):
        kept = organisation_ledger_secret()
    forget_organisations()
    with organisation_scope(northwind.id, actor="system"):
        OrganisationKey.objects.update(wrapped_secret=None)
        other = organisation_ledger_secret()
        transaction.set_rollback(True)
    with organisation_scope(northwind.id, actor="system"):
        assert organisation_ledger_secret() == kept != other


@pytest.mark.usefixtures("committed_db")
def test_an_organisations_secret_is_remembered_by_the_process() -> None:
    northwind = found("Northwind")
    with organisation_scope(northwind.id, actor="system"):
        organisation_ledger_secret()
    with organisation_scope(northwind.id, actor="system"), CaptureQueriesContext(connection) as captured:
        organisation_ledger_secret()
    assert len(captured) == 0


def test_shredding_drops_the_subject_at_once_in_every_scope_around(northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        subject_keys(AMARA)
        with organisation_scope(northwind.id, actor="system"):
            shred(subject_id=AMARA)
        with pytest.raises(ShreddedError):
            subject_keys(AMARA)


def test_keys_from_before_there_were_secrets_get_one_each_and_keep_it(in_northwind: Organisation) -> None:
    make_former_keys(AMARA)
    first = (organisation_ledger_secret(), subject_keys(AMARA).ledger)
    with organisation_scope(in_northwind.id, actor="system"):
        assert (organisation_ledger_secret(), subject_keys(AMARA).ledger) == first
    assert len({*first}) == 2


def test_what_was_sealed_under_former_keys_opens(in_northwind: Organisation) -> None:
    sealed = make_former_keys(AMARA, voice=b"an old recording")
    assert sealed[:1] == b"\x01"
    assert open_sealed(sealed, subject_id=AMARA, kind="sample", object_id=OBJECT) == b"an old recording"


def test_a_destroyed_organisation_key_says_so(in_northwind: Organisation) -> None:
    subject_keys(AMARA)
    forget_organisations()
    OrganisationKey.objects.update(state=KeyState.DESTROYED, wrapped=None, wrapped_secret=None)
    with pytest.raises(KeyringError, match="destroyed"):
        open_organisation_key(OrganisationKey.objects.get())
