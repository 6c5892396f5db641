"""A consent that takes another's place: one transaction, nothing half done, and one lock order for all who end any."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import ceremony, contact, lifecycle, renewal
from consent.errors import ConsentError
from consent.models import ConsentRecord, Speaker
from consent.queries import purposes_of, scope_of
from consent.succession import heir_of, lock_consents, pending_for, superseded_by
from governance import withdrawal
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.consent.conftest import terms
from tests.consent.records import EVIDENCE, consent_of


def give(consent: ConsentRecord) -> ConsentRecord:
    lifecycle.give(consent, evidence=EVIDENCE)
    return ConsentRecord.objects.get(id=consent.id)


def given(speaker: Speaker, *purposes: str, replaces: ConsentRecord | None = None) -> ConsentRecord:
    return give(consent_of(speaker, *purposes, replaces=replaces))


def reachable(speaker: Speaker) -> Speaker:
    """A speaker whose address is known since they were first asked."""
    contact.keep(speaker, "amara@example.org")
    return speaker


def status(consent: ConsentRecord) -> str:
    return ConsentRecord.objects.get(id=consent.id).status


@pytest.mark.usefixtures("in_northwind")
class TestTakingThePlace:
    def test_the_old_one_is_superseded_and_its_purposes_pass_over(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        new = given(amara, "narration", "games", replaces=old)
        assert (status(old), status(new)) == ("superseded", "given")
        assert (old.purposes.filter(active=True).count(), new.purposes.filter(active=True).count()) == (0, 2)
        assert ConsentRecord.objects.get(id=old.id).ended_at is not None
        assert (heir_of(ConsentRecord.objects.get(id=old.id)), superseded_by(new)) == (new, [old])

    def test_it_is_on_record_by_which_one(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        new = given(amara, "narration", replaces=old)
        superseded = [entry for entry in entries(about=old.id) if entry.event == Event.CONSENT_SUPERSEDED]
        assert [entry.data for entry in superseded] == [{"was": "given", "by": str(new.id)}]

    def test_a_superseded_consent_permits_nothing_and_never_comes_back(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        given(amara, "narration", replaces=old)
        scope = scope_of(old.id)
        assert scope is not None
        assert scope.status == "superseded"
        for act in (lambda: give(old), lambda: lifecycle.withdraw(old), lambda: lifecycle.narrow(old, purposes=[])):
            with pytest.raises(ConsentError) as caught:
                act()
            assert caught.value.code == "consent-transition"

    def test_the_latest_yes_takes_the_place_of_whatever_stands_in_the_line(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        one, other = (consent_of(amara, "narration", purpose, replaces=old) for purpose in ("games", "ivr"))
        one, other = give(one), give(other)
        assert [status(consent) for consent in (old, one, other)] == ["superseded", "superseded", "given"]
        assert superseded_by(other) == [ConsentRecord.objects.get(id=one.id), ConsentRecord.objects.get(id=old.id)]
        assert heir_of(ConsentRecord.objects.get(id=old.id)) == other

    def test_a_yes_that_cannot_be_given_leaves_the_old_one_standing(self, amara: Speaker) -> None:
        old, beside = given(amara, "narration"), given(amara, "games")
        new = consent_of(amara, "narration", "games", replaces=old)
        with pytest.raises(ConsentError) as caught:
            give(new)
        assert caught.value.code == "consent-already-active"
        assert [status(consent) for consent in (old, beside, new)] == ["given", "given", "requested"]
        assert old.purposes.filter(active=True).count() == 1

    def test_from_one_that_was_withdrawn_nothing_passes(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        new = consent_of(amara, "narration", replaces=old)
        lifecycle.withdraw(old)
        assert (superseded_by(give(new)), status(old)) == ([], "withdrawn")

    def test_only_one_consent_can_have_taken_a_place(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        given(amara, "narration", replaces=old)
        with pytest.raises(IntegrityError, match="one_consent_takes_the_place"), transaction.atomic():
            consent_of(amara, "games", status="given", replaces=old)


@pytest.mark.usefixtures("in_northwind")
class TestAsking:
    def test_a_renewal_asks_for_the_same_until_later(self, amara: Speaker) -> None:
        old = given(reachable(amara), "narration", "games")
        later = timezone.now() + timedelta(days=400)
        request, _ = renewal.renew(old.id, valid_until=later)
        assert (request.replaces, request.speaker, request.valid_until) == (old, amara, later)
        same = ("intended_use", "languages", "territory", "compensation", "recipients", "clips_may_be_distributed")
        assert [getattr(request, term) for term in same] == [getattr(old, term) for term in same]
        assert purposes_of(request) == {"narration", "games"}
        assert status(old) == "given"
        assert pending_for(old) == [request]

    def test_a_step_up_names_the_old_purposes_and_the_new_one(self, amara: Speaker) -> None:
        old = given(reachable(amara), "narration")
        request, _ = renewal.step_up(old.id, purposes=["games"])
        assert (purposes_of(request), request.valid_until) == ({"narration", "games"}, old.valid_until)
        assert scope_of(old.id).purposes == {"narration"}  # type: ignore[union-attr]

    def test_a_renewal_does_not_bring_back_what_was_taken_back(self, amara: Speaker) -> None:
        old = given(reachable(amara), "narration", "games")
        lifecycle.narrow(old, purposes=["narration"])
        request, _ = renewal.renew(old.id, valid_until=timezone.now() + timedelta(days=400))
        assert purposes_of(request) == {"narration"}

    def test_an_earlier_end_or_no_further_purpose_is_nothing_to_ask_for(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        for ask in (
            lambda: renewal.renew(old.id, valid_until=old.valid_until),
            lambda: renewal.step_up(old.id, purposes=["narration"]),
        ):
            with pytest.raises(ConsentError) as caught:
                ask()
            assert caught.value.code == "consent-scope"

    def test_a_speaker_whose_address_nobody_knows_is_not_asked(self, amara: Speaker) -> None:
        old = given(amara, "narration")
        with pytest.raises(ConsentError, match="Give an e-mail address"):
            renewal.renew(old.id, valid_until=timezone.now() + timedelta(days=400))
        assert pending_for(old) == []

    @pytest.mark.parametrize("act", [lifecycle.withdraw, lambda _consent: None])
    def test_only_a_given_consent_can_be_renewed(self, amara: Speaker, act: Any) -> None:
        old = consent_of(amara, "narration")
        act(old)
        with pytest.raises(ConsentError) as caught:
            renewal.renew(old.id, valid_until=timezone.now() + timedelta(days=400))
        assert caught.value.code == "consent-not-active"

    def test_another_persons_consent_is_not_replaced(self, amara: Speaker, ivo: Speaker) -> None:
        old = given(amara, "narration")
        with pytest.raises(ConsentError, match="same speaker"):
            ceremony.request_consent(**terms(speaker_id=ivo.id, replaces=old.id))


@pytest.mark.usefixtures("committed_db")
class TestAtOnce:
    """Whoever comes second finds what the first did; nobody waits for anybody in a circle."""

    def together(self, speaker: Speaker, *acts: Any) -> list[str]:
        start, refused = threading.Barrier(len(acts)), list[str]()

        def run(act: Any) -> None:
            start.wait()
            try:
                with organisation_scope(speaker.organisation_id, actor="system"):
                    act()
            except ConsentError as error:
                refused.append(error.code)
            connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refused

    @pytest.mark.parametrize("attempt", range(3))
    def test_a_withdrawal_beside_a_yes_to_the_renewal_leaves_nothing_standing(self, attempt: int) -> None:
        amara = meet(found("Northwind"), "Amara")
        with organisation_scope(amara.organisation_id, actor="system"):
            old = given(amara, "narration")
            new = consent_of(amara, "narration", replaces=old)

        def say_yes() -> None:
            lock_consents(amara.id)
            lifecycle.give(new, evidence=EVIDENCE)

        refused = self.together(amara, lambda: withdrawal.withdraw(old.id), say_yes)
        with organisation_scope(amara.organisation_id, actor="system"):
            states = {status(old), status(new)}
        assert states in ({"withdrawn", "expired"}, {"superseded", "withdrawn"})
        assert refused == (["consent-transition"] if "expired" in states else [])

    @pytest.mark.parametrize("attempt", range(3))
    def test_a_withdrawal_beside_a_request_to_renew_leaves_no_request(self, attempt: int) -> None:
        amara = meet(found("Northwind"), "Amara")
        with organisation_scope(amara.organisation_id, actor="system"):
            old = given(reachable(amara), "narration")
        later = timezone.now() + timedelta(days=400)
        refused = self.together(
            amara, lambda: renewal.renew(old.id, valid_until=later), lambda: withdrawal.withdraw(old.id)
        )
        with organisation_scope(amara.organisation_id, actor="system"):
            states = list(ConsentRecord.objects.order_by("id").values_list("status", flat=True))
        assert (states, refused) in ((["withdrawn", "expired"], []), (["withdrawn"], ["consent-not-active"]))
