from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import links
from consent.errors import LinkError
from consent.models import ConsentRecord, Speaker, SpeakerLink
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import meet
from tests.consent.records import consent_of


@pytest.fixture
def consent(northwind: Organisation) -> ConsentRecord:
    amara: Speaker = meet(northwind, "Amara")
    with organisation_scope(northwind.id, actor="system"):
        return consent_of(amara, "narration")


def link_to(consent: ConsentRecord, *, days: float = 7) -> str:
    with organisation_scope(consent.organisation_id, actor="system"):
        return links.new_link(consent, kind="ceremony", expires_at=timezone.now() + timedelta(days=days))


def test_a_link_opens_its_consent_without_any_scope(consent: ConsentRecord) -> None:
    link = links.find_link(link_to(consent), kind="ceremony")
    assert (link.organisation_id, link.consent_id) == (consent.organisation_id, consent.id)
    assert link.speaker_id == consent.speaker_id


def test_only_the_hash_of_a_link_is_kept(consent: ConsentRecord) -> None:
    token = link_to(consent)
    with organisation_scope(consent.organisation_id, actor="system"):
        kept = SpeakerLink.objects.get()
    assert token not in {kept.token_hash, str(kept.id)}
    assert len(kept.token_hash) == 64


def test_a_link_opens_nothing_of_another_kind(consent: ConsentRecord) -> None:
    with pytest.raises(LinkError) as caught:
        links.find_link(link_to(consent), kind="receipt")
    assert caught.value.code == "link-unknown"


@pytest.mark.parametrize("tail", ["", "x", "\x00", "%"])
def test_a_link_that_was_not_issued_opens_nothing(consent: ConsentRecord, tail: str) -> None:
    token = link_to(consent)
    with pytest.raises(LinkError) as caught:
        links.find_link(token[:-1] + tail if tail else "", kind="ceremony")
    assert caught.value.code == "link-unknown"


def test_a_link_that_has_run_out_says_so(consent: ConsentRecord) -> None:
    with pytest.raises(LinkError) as caught:
        links.find_link(link_to(consent, days=-0.01), kind="ceremony")
    assert caught.value.code == "link-expired"


@pytest.mark.parametrize(("kind", "moves"), [("receipt", True), ("ceremony", False)])
def test_that_a_receipts_link_was_used_is_kept_as_a_sign_of_life(
    consent: ConsentRecord, kind: links.LinkKind, *, moves: bool
) -> None:
    """The organisation has the ceremony's link as well: that it was opened says nothing of the speaker."""
    before = timezone.now()
    with organisation_scope(consent.organisation_id, actor="system"):
        token = links.new_link(consent, kind=kind, expires_at=before + timedelta(days=7))
        assert SpeakerLink.objects.get().last_used_at is None
    links.find_link(token, kind=kind)
    with organisation_scope(consent.organisation_id, actor="system"):
        used = SpeakerLink.objects.get().last_used_at
    assert (used is not None and before <= used <= timezone.now()) == moves
