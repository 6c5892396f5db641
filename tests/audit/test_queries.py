from __future__ import annotations

from uuid import uuid4

import pytest

from audit import log
from audit.events import Event
from audit.queries import entries
from tenancy.errors import ScopeError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


def test_entries_come_newest_last(in_northwind: Organisation) -> None:
    written = [log.append(Event.SYNTHESIS_REQUESTED, refs={}) for _ in range(5)]
    assert [entry.id for entry in entries(event=Event.SYNTHESIS_REQUESTED)] == written


def test_the_limit_keeps_the_latest(in_northwind: Organisation) -> None:
    written = [log.append(Event.SYNTHESIS_REQUESTED, refs={}) for _ in range(5)]
    assert [entry.id for entry in entries(limit=2)] == written[-2:]


def test_the_story_of_one_row_is_found_under_whatever_key_it_stands(in_northwind: Organisation) -> None:
    voice, clip = uuid4(), uuid4()
    sealed = log.append(Event.VOICE_REFERENCE_SEALED, refs={"voice": voice})
    rendered = log.append(Event.RENDER_COMPLETED, refs={"clip": clip, "voice": voice})
    log.append(Event.RENDER_COMPLETED, refs={"voice": uuid4()})
    assert [entry.id for entry in entries(about=voice)] == [sealed, rendered]
    assert [entry.id for entry in entries(about=clip)] == [rendered]
    assert [entry.id for entry in entries(about=voice, event=Event.RENDER_COMPLETED)] == [rendered]


def test_another_organisations_record_is_out_of_sight(northwind: Organisation, rival: Organisation) -> None:
    voice = uuid4()
    with organisation_scope(northwind.id, actor="system"):
        log.append(Event.VOICE_REFERENCE_SEALED, refs={"voice": voice})
    with organisation_scope(rival.id, actor="system"):
        assert entries(about=voice) == []
        assert [entry.event for entry in entries()] == [Event.ORGANISATION_CREATED]


@pytest.mark.django_db
def test_there_is_no_reading_outside_an_organisation() -> None:
    with pytest.raises(ScopeError):
        entries()
