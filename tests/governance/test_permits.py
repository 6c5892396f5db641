"""A permit is the single-use right to render: one decision, one redemption, one ending."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from governance import intake, permits, tasks
from governance.errors import PermitError, RequestDeniedError
from governance.models import Clip, Decision, Permit, SynthesisRequest
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found
from tests.governance.conftest import give_voice
from voices.models import Voice

REASON = {"rule": "engine-failed", "effect": "deny", "explanation": "e", "way_forward": "w", "measured": {}}


def permitted(voice: Voice) -> Permit:
    request = intake.submit(intake.Ask(voice.id, "Hello there.", "en", "narration", None))
    return Permit.objects.get(request=request)


@pytest.fixture
def permit(in_northwind: Organisation) -> Permit:
    return permitted(give_voice(in_northwind))


def test_a_permit_is_redeemed_once(permit: Permit) -> None:
    assert permits.redeem(permit.id).status == "redeemed"
    with pytest.raises(PermitError):
        permits.redeem(permit.id)


def test_an_expired_or_void_permit_is_not_redeemed(permit: Permit) -> None:
    Permit.objects.filter(id=permit.id).update(expires_at=timezone.now())
    with pytest.raises(PermitError):
        permits.redeem(permit.id)
    Permit.objects.filter(id=permit.id).update(expires_at=timezone.now() + timedelta(hours=1))
    permits.void(permit, reason=REASON)
    with pytest.raises(PermitError):
        permits.redeem(permit.id)


def test_a_denial_gives_no_permit(in_northwind: Organisation) -> None:
    voice = give_voice(in_northwind)
    with pytest.raises(RequestDeniedError):
        intake.submit(intake.Ask(voice.id, "Hello there.", "en", "marketing", None))
    with pytest.raises(PermitError):
        permits.issue(Decision.objects.get())
    assert not Permit.objects.exists()


def test_an_attempt_that_was_overtaken_can_end_nothing(permit: Permit) -> None:
    first = permits.redeem(permit.id)
    permits.give_back(first, reason=REASON)
    second = permits.redeem(permit.id)
    assert permits.complete(first) is False
    assert permits.complete(second) is True


def test_a_voided_permit_cannot_be_completed(permit: Permit) -> None:
    taken = permits.redeem(permit.id)
    permits.void(permit, reason=REASON)
    assert permits.complete(taken) is False


def test_attempts_are_used_up(permit: Permit) -> None:
    for _ in range(3):
        assert Permit.objects.get(id=permit.id).status == "issued"
        permits.give_back(permits.redeem(permit.id), reason=REASON)
    assert Permit.objects.get(id=permit.id).status == "failed"


def test_a_lost_workers_lease_is_taken_back(permit: Permit) -> None:
    permits.redeem(permit.id)
    Permit.objects.filter(id=permit.id).update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks._reclaim_leases()
    assert (Permit.objects.get(id=permit.id).status, Permit.objects.get(id=permit.id).attempts) == ("issued", 1)


def test_of_two_workers_one_gets_it(committed_db: None) -> None:
    northwind = found("Northwind")
    with organisation_scope(northwind.id, actor="system"):
        permit = permitted(give_voice(northwind))
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def take() -> None:
        ready.wait()
        try:
            with organisation_scope(northwind.id, actor="system"):
                permits.redeem(permit.id)
            outcomes.append("taken")
        except PermitError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "taken"]


def test_the_database_itself_refuses_a_second_permit_and_a_clip_without_a_mark(permit: Permit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Permit.objects.create(
            organisation_id=permit.organisation_id,
            request=permit.request,
            decision=permit.decision,
            expires_at=timezone.now(),
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Clip.objects.create(
            organisation_id=permit.organisation_id,
            permit=permit,
            voice=permit.request.voice,
            seconds=1.0,
            sample_rate=16_000,
            mark_readings=[],
            mark_verified_at=None,
            examination={},
            models_used={},
        )


def test_the_database_refuses_a_permitting_decision_with_objections_and_an_unknown_state(permit: Permit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(id=permit.decision_id).update(objections=[REASON])
    with pytest.raises(IntegrityError), transaction.atomic():
        Permit.objects.filter(id=permit.id).update(status="nonsense")
    with pytest.raises(ProtectedError):
        SynthesisRequest.objects.filter(id=permit.request_id).delete()
