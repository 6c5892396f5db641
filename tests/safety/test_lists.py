from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from safety import appeals, lists
from safety.errors import ProtectionError
from safety.lists import Person
from safety.models import ListChange, ProtectedList, ProtectedVoice, ProtectionAppeal
from safety.protected_voices import default_list, screen, screen_name
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope, platform_scope
from tests.ears import heard

pytestmark = pytest.mark.usefixtures("measured_ears")
VERA = Person("Vera Lind", "asked", aliases=("The Nightingale",))


@contextmanager
def acting(organisation: Organisation, who: User | str) -> Iterator[None]:
    actor = who if isinstance(who, str) else f"member:{who.pk}"
    with organisation_scope(organisation.id, actor=actor):
        yield


def proposed(organisation: Organisation, by: User | str) -> ListChange:
    with acting(organisation, by):
        return lists.propose_addition(default_list(platform=False), VERA, voice=heard())


def test_a_person_is_protected_once_a_second_member_agrees(northwind: Organisation, ruth: User, sam: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, sam):
        assert screen(heard()) == ()
        applied = lists.approve(change.id)
        assert (applied.status, applied.decided_by, applied.embedding) == ("applied", f"member:{sam.pk}", None)
        assert [match.outcome for match in screen(heard())] == ["match"]
        assert [match.name for match in screen_name("the nightingale")] == ["Vera Lind"]


def test_who_proposed_a_change_cannot_agree_to_it(northwind: Organisation, ruth: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, ruth), pytest.raises(ProtectionError, match="Somebody else"):
        lists.approve(change.id)


@pytest.mark.parametrize("actor", ["system", "api-key:0197f1de-0000-7000-8000-000000000000"])
def test_only_a_person_can_agree(northwind: Organisation, ruth: User, actor: str) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, actor), pytest.raises(ProtectionError, match="signed in"):
        lists.approve(change.id)


def test_two_members_agree_to_what_an_application_proposed(northwind: Organisation, ruth: User, sam: User) -> None:
    change = proposed(northwind, "api-key:0197f1de-0000-7000-8000-000000000000")
    with acting(northwind, ruth):
        assert lists.approve(change.id).status == "proposed"
        with pytest.raises(ProtectionError, match="Somebody else"):
            lists.approve(change.id)
    with acting(northwind, sam):
        assert lists.approve(change.id).status == "applied"
        with pytest.raises(ProtectionError, match="applied already"):
            lists.approve(change.id)


def test_the_database_refuses_one_pair_of_eyes(northwind: Organisation, ruth: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, ruth), pytest.raises(IntegrityError, match="list_change_needs_four_eyes"):
        ListChange.objects.filter(id=change.id).update(status="applied", decided_by=change.proposed_by)


def test_a_refused_change_keeps_the_reason_and_not_the_voice(northwind: Organisation, ruth: User, sam: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, sam):
        refused = lists.reject(change.id, statement="no proof of who this is")
    assert (refused.status, refused.statement, refused.embedding) == ("rejected", "no proof of who this is", None)


def test_another_organisations_change_is_unknown(
    northwind: Organisation, rival: Organisation, ruth: User, sam: User
) -> None:
    change = proposed(northwind, ruth)
    with acting(rival, sam), pytest.raises(ProtectionError, match="no such change"):
        lists.approve(change.id)


def test_removal_and_settings_need_two_as_well(northwind: Organisation, ruth: User, sam: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, sam):
        listed = lists.approve(change.id).voice
        assert listed is not None
        removal = lists.propose_removal(listed, reason="she asked")
        setting = lists.propose_settings(default_list(platform=False), action="hold", threshold_offset=-2.0)
    with acting(northwind, ruth):
        lists.approve(removal.id)
        lists.approve(setting.id)
        assert screen(heard()) == ()
        assert ProtectedList.objects.values_list("action", "threshold_offset").get(organisation=northwind) == (
            "hold",
            -2.0,
        )
        said = [entry.event for entry in entries() if entry.event.startswith("protected-voice:")]
    assert set(said) == {
        Event.PROTECTED_LIST_CHANGE_PROPOSED,
        Event.PROTECTED_LIST_CHANGE_APPROVED,
        Event.PROTECTED_LIST_CHANGED,
        Event.PROTECTED_VOICE_ADDED,
        Event.PROTECTED_VOICE_REMOVED,
    }


@pytest.mark.parametrize("wrong", [{"action": "permit"}, {"threshold_offset": 11.0}, {"owner": "x"}, {}])
def test_settings_stay_within_bounds(in_northwind: Organisation, wrong: dict[str, object]) -> None:
    with pytest.raises(ProtectionError):
        lists.propose_settings(default_list(platform=False), **wrong)


def test_a_list_says_for_how_long_it_protects(northwind: Organisation, ruth: User, sam: User) -> None:
    with acting(northwind, ruth):
        listing = lists.create_list(name="Guests", owner="the studio", expires_after_days=30)
        with pytest.raises(ProtectionError, match="already"):
            lists.create_list(name="Guests", owner="the studio")
        change = lists.propose_addition(listing, VERA, voice=heard())
    with acting(northwind, sam):
        voice = lists.approve(change.id).voice
        assert voice is not None
        assert voice.expires_at is not None
        assert timedelta(days=29) < voice.expires_at - timezone.now() <= timedelta(days=30)
        ProtectedVoice.objects.filter(id=voice.id).update(expires_at=timezone.now())
        assert lists.end_expired(organisation_id=northwind.id) == 1
        assert bytes(ProtectedVoice.objects.get(id=voice.id).embedding) == b""


def test_the_operator_changes_the_platforms_list_alone_and_no_other(in_northwind: Organisation) -> None:
    with platform_scope():
        change = lists.propose_addition(default_list(platform=True), VERA, voice=heard())
        assert lists.apply_as_operator(change).status == "applied"
    assert [match.name for match in screen(heard())] == ["Vera Lind"]
    own = lists.propose_addition(default_list(platform=False), VERA, voice=heard())
    with pytest.raises(ProtectionError, match="its own people"):
        lists.apply_as_operator(own)


def appealed(organisation: Organisation, by: User, about: ProtectedVoice) -> ProtectionAppeal:
    with acting(organisation, by):
        return appeals.file(about.id, grounds="It is her own voice, and she agreed.")


def test_a_granted_appeal_proposes_the_removal(northwind: Organisation, ruth: User, sam: User) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, sam):
        listed = lists.approve(change.id).voice
    assert listed is not None
    appeal = appealed(northwind, ruth, listed)
    with acting(northwind, ruth), pytest.raises(ProtectionError, match="did not file"):
        appeals.decide(appeal.id, grant=True, statement="yes")
    with acting(northwind, sam):
        assert appeals.decide(appeal.id, grant=True, statement="She was here.").status == "granted"
        with pytest.raises(ProtectionError, match="granted already"):
            appeals.decide(appeal.id, grant=False, statement="no")
    with acting(northwind, ruth):
        (removal,) = ListChange.objects.filter(kind="remove", status="proposed")
        lists.approve(removal.id)
        assert screen(heard()) == ()


def test_nobody_appeals_about_another_organisations_list(
    northwind: Organisation, rival: Organisation, ruth: User, sam: User
) -> None:
    change = proposed(northwind, ruth)
    with acting(northwind, sam):
        listed = lists.approve(change.id).voice
    assert listed is not None
    with acting(rival, sam), pytest.raises(ProtectionError, match="no such protected voice"):
        appeals.file(listed.id, grounds="mine")
