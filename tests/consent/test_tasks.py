from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import tasks
from consent.models import CeremonyRecording, ConsentRecord
from governance.queue import app
from tests.consent.conftest import send, take_phrase


def test_the_tasks_are_known_by_the_names_that_routes_and_schedule_use() -> None:
    verifying = {tasks.verify_recording.name, tasks.resend_recordings.name}
    assert verifying == {"consent.verify_recording", "consent.resend_recordings"}
    assert {tasks.send_mail.name, tasks.resend_mails.name} == {"consent.send_mail", "consent.resend_mails"}
    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert planned >= {"consent.resend_recordings", "consent.resend_mails"}


def test_a_recording_is_sent_to_a_worker_when_it_is_committed_and_again_when_its_message_was_lost(
    asked: ConsentRecord, sound: bytes, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    challenge = take_phrase(asked)
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        recording = send(challenge, sound)
    assert len(callbacks) == 1
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        tasks.resend_recordings()
    assert callbacks == []
    CeremonyRecording.objects.filter(id=recording.id).update(received_at=timezone.now() - timedelta(minutes=20))
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        tasks.resend_recordings()
    assert len(callbacks) == 1
