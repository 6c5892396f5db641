"""What can still be opened of an entry: everyone's commitment but that of who was erased."""

from __future__ import annotations

import pytest

from audit import listing
from audit.errors import UnknownEntryError
from audit.events import Event
from audit.leaves import commitment
from audit.log import append
from audit.openings import Opening, opening_of
from consent.models import Speaker
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


@pytest.mark.usefixtures("in_northwind")
def test_each_person_has_a_commitment_of_their_own_and_erasing_one_leaves_the_other(
    amara: Speaker, ivo: Speaker
) -> None:
    entry = listing.one(append(Event.VOICE_PREPARED, refs={"speaker": amara.id, "protected_voice": ivo.id}))
    before = opening_of(entry)
    assert [_opens(before, place) for place in (0, 1)] == [True, True]
    keyring.shred(subject_id=amara.id)
    after = opening_of(entry)
    assert (after.payload, after.salts[0]) == (before.payload, before.salts[0])
    assert after.salts[1].salt is None
    assert after.salts[1].commitment == before.salts[1].commitment


@pytest.mark.usefixtures("in_northwind")
def test_an_entry_about_nobody_is_opened_by_the_organisation() -> None:
    opening = opening_of(listing.one(append(Event.ORGANISATION_CREATED, refs={})))
    assert (len(opening.salts), _opens(opening, 0)) == (1, True)


def test_nobody_elses_entry_is_opened(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        entry_id = append(Event.ORGANISATION_CREATED, refs={})
    with organisation_scope(rival.id, actor="system"), pytest.raises(UnknownEntryError):
        listing.one(entry_id)


def _opens(opening: Opening, place: int) -> bool:
    opened = opening.salts[place]
    return opened.salt is not None and commitment(opening.payload, salt=opened.salt) == opened.commitment
