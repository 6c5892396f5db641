from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import ConsentRecord, Speaker
from tenancy.errors import ScopeError
from tenancy.grants import grant, holds, withdraw_grant
from tenancy.models import Membership, Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import hire
from voices.models import Voice


@pytest.fixture
def voice(in_northwind: Organisation, amara: Speaker) -> Voice:
    consent = ConsentRecord.objects.create(
        organisation=in_northwind, speaker=amara, languages=["en"], valid_until=timezone.now() + timedelta(days=1)
    )
    return Voice.objects.create(organisation=in_northwind, speaker=amara, consent=consent, name="A", language="en")


def test_nobody_may_use_a_voice_unless_it_was_granted(voice: Voice, ruth: User, sam: User) -> None:
    grant("use_voice", user=ruth, on=voice)
    assert (holds("use_voice", user=ruth, on=voice), holds("use_voice", user=sam, on=voice)) == (True, False)


def test_a_grant_on_one_voice_says_nothing_of_another(voice: Voice, ruth: User) -> None:
    other = Voice.objects.create(
        organisation=voice.organisation, speaker=voice.speaker, consent=voice.consent, name="B", language="en"
    )
    grant("use_voice", user=ruth, on=voice)
    assert not holds("use_voice", user=ruth, on=other)


def test_a_grant_can_be_taken_back(voice: Voice, ruth: User) -> None:
    grant("use_voice", user=ruth, on=voice)
    withdraw_grant("use_voice", user=ruth, on=voice)
    assert not holds("use_voice", user=ruth, on=voice)


def test_a_superuser_holds_nothing_that_was_not_granted(voice: Voice, ruth: User) -> None:
    ruth.is_superuser = True
    ruth.save()
    assert not holds("use_voice", user=ruth, on=voice)


def test_who_left_or_was_shut_out_holds_nothing_any_more(voice: Voice, ruth: User, sam: User) -> None:
    grant("use_voice", user=ruth, on=voice)
    grant("use_voice", user=sam, on=voice)
    Membership.objects.filter(user=ruth).delete()
    sam.is_active = False
    assert (holds("use_voice", user=ruth, on=voice), holds("use_voice", user=sam, on=voice)) == (False, False)


def test_nothing_is_granted_across_organisations(voice: Voice, rival: Organisation, ruth: User) -> None:
    stranger = hire(rival, "Vera", role=Role.ENGINEER)
    with pytest.raises(ScopeError, match="only to its members"):
        grant("use_voice", user=stranger, on=voice)
    with organisation_scope(rival.id, actor="system"), pytest.raises(ScopeError, match="own things"):
        grant("use_voice", user=stranger, on=voice)
