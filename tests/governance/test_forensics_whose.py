from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from governance.forensic_models import Examination
from governance.forensics import whose
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.forensic_files import hand_in
from watermark.testimony import Candidate, Layer, Null, Stretch
from watermark.testimony import Testimony as Told  # under its own name it would be collected as a test

pytestmark = pytest.mark.django_db
MINE, THEIRS, UNNAMED = uuid4(), uuid4(), uuid4()


def candidate(clip_id: UUID, organisation_id: UUID) -> Candidate:
    return Candidate(clip_id, organisation_id, 1, 9.0, -12.0, 4.0, 1.0, 0.0, "same", 0.9)


def told(organisation: Organisation, other: Organisation) -> Told:
    """A splice of a clip of each, and a stretch of a clip that nobody named."""
    return Told(
        verdict="marked",
        seconds=9.0,
        layers=(Layer("keyed-mark", "a" * 64, "marked", 12.0, 6.0, "0badcafe"),),
        candidates=(candidate(THEIRS, other.id), candidate(MINE, organisation.id)),
        stretches=(
            Stretch(0.0, 3.0, "marked", THEIRS, 9.0),
            Stretch(3.0, 6.0, "marked", MINE, 9.0),
            Stretch(6.0, 8.0, "marked", UNNAMED, 5.0),
            Stretch(8.0, 9.0, "not_marked", None, 0.0),
        ),
        null=Null(4_096, 0.0, 1.0, 3.0, 0),
        clips_compared=2,
        tried=1e6,
        protocol_sha256="b" * 64,
    )


def test_a_splice_keeps_its_shape_and_only_our_own_clip_keeps_its_name(
    northwind: Organisation, rival: Organisation
) -> None:
    found = told(northwind, rival)
    with organisation_scope(northwind.id, actor="system"):
        kept, elsewhere = whose.without_others(found, examination_id=uuid4())
    foreign, own = kept.candidates
    assert (own, foreign.z, foreign.log10_p) == (found.candidates[1], 9.0, -12.0)
    assert foreign.organisation_id == UUID(int=0)
    assert elsewhere[0] == str(foreign.clip_id)
    assert [part.clip_id for part in kept.stretches[:2]] == [foreign.clip_id, MINE]
    assert str(kept.stretches[2].clip_id) == elsewhere[1]
    assert kept.layers[0].payload == ""
    for secret in (THEIRS, UNNAMED, rival.id):
        assert str(secret) not in str(kept.as_json())
    assert Told.from_json(kept.as_json()) == kept


def test_nothing_is_changed_where_every_clip_is_our_own(northwind: Organisation) -> None:
    found = told(northwind, northwind)
    found = type(found)(**{**vars(found), "stretches": found.stretches[:2]})
    with organisation_scope(northwind.id, actor="system"):
        assert whose.without_others(found, examination_id=uuid4()) == (found, [])


def test_a_pseudonym_is_the_same_within_an_examination_and_links_no_two(
    northwind: Organisation, rival: Organisation
) -> None:
    one, other = uuid4(), uuid4()

    def pseudonym(examination_id: UUID, organisation: Organisation) -> str:
        third = rival if organisation == northwind else northwind
        with organisation_scope(organisation.id, actor="system"):
            return whose.without_others(told(organisation, third), examination_id=examination_id)[1][0]

    assert pseudonym(one, northwind) == pseudonym(one, northwind)
    assert len({pseudonym(one, northwind), pseudonym(other, northwind), pseudonym(one, rival)}) == 3


def test_what_is_shown_says_whose_each_clip_is(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        examination = hand_in()
        kept, elsewhere = whose.without_others(told(northwind, rival), examination_id=examination.id)
        examination.result = {**kept.as_json(), "elsewhere": elsewhere}
    shown = whose.shown(examination)
    assert [(found["clip_id"], found["own"], found["whose"]) for found in shown["candidates"]] == [
        (None, False, whose.ELSEWHERE),
        (str(MINE), True, whose.OWN),
    ]
    assert [part["whose"] for part in shown["stretches"]] == [whose.ELSEWHERE, whose.OWN, whose.ELSEWHERE, ""]
    assert "elsewhere" not in shown
    assert whose.own_clips(examination) == [MINE]
    assert whose.own_clip(examination) == {"clip": MINE}
    assert whose.shown(hand_in_nothing(northwind)) == {}


def hand_in_nothing(organisation: Organisation) -> Examination:
    with organisation_scope(organisation.id, actor="system"):
        return hand_in()
