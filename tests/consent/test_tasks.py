from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import ceremony, tasks
from consent.models import CeremonyRecording, ConsentRecord
from governance.queue import app
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import meet
from tests.consent.records import consent_of


def status_of(consent: ConsentRecord) -> str:
    with organisation_scope(consent.organisation_id, actor="system"):
        return ConsentRecord.objects.get(id=consent.id).status


def test_what_is_due_expires_in_every_organisation_and_nothing_else_does(
    northwind: Organisation, rival: Organisation
) -> None:
    due, standing = [], []
    for organisation in (northwind, rival):
        amara = meet(organisation, "Amara")
        with organisation_scope(organisation.id, actor="system"):
            due.append(consent_of(amara, "narration", days=-0.001, status="given"))
            due.append(consent_of(amara, "games", days=-0.001))
            standing.append(consent_of(amara, "dubbing", status="given"))
            standing.append(consent_of(amara, "education", days=-1, status="withdrawn"))
    tasks.expire_due()
    assert [status_of(consent) for consent in due] == ["expired"] * 4
    assert [status_of(consent) for consent in standing] == ["given", "withdrawn"] * 2


def test_running_it_twice_does_no_harm(northwind: Organisation) -> None:
    amara = meet(northwind, "Amara")
    with organisation_scope(northwind.id, actor="system"):
        consent = consent_of(amara, "narration", days=-0.001, status="given")
    tasks.expire_due()
    tasks.expire_due()
    assert status_of(consent) == "expired"


def test_both_tasks_are_known_by_the_names_that_routes_and_schedule_use() -> None:
    assert {tasks.verify_recording.name, tasks.expire_due.name} == {"consent.verify_recording", "consent.expire_due"}
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} >= {"consent.expire_due"}


def test_a_recording_is_sent_to_a_worker_when_it_is_committed_and_again_when_its_message_was_lost(
    asked: ConsentRecord, sound: bytes, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        recording = ceremony.receive_recording(asked, challenge_id=ceremony.issue_challenge(asked).id, audio=sound)
    assert len(callbacks) == 1
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        tasks.expire_due()
    assert callbacks == []
    CeremonyRecording.objects.filter(id=recording.id).update(received_at=timezone.now() - timedelta(minutes=20))
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        tasks.expire_due()
    assert len(callbacks) == 1
