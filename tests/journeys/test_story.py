"""The whole story, over HTTP, with a real web server, a real worker and real models; and a worker that is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from audit.queries import entries
from deploy.demo import play
from deploy.demo.cast import AMARA, PASSAGES, PROTECTED, say
from deploy.demo.client import Client
from deploy.demo.tracing import trace
from governance.decisions import replay
from governance.models import Clip, Decision, Permit
from safety import protected_voices
from safety.hearing import embed_voice
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import equip, found
from tests.journeys.conftest import LiveStack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def committed(django_db_blocker: DjangoDbBlocker, live_stack: LiveStack) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def protected(committed: None) -> Iterator[None]:
    """Conrad Weston stands on the platform's list for the length of a story."""
    voice = embed_voice(decode(say(PROTECTED, " ".join(PASSAGES[:2]))).waveform, encoders=speaker_encoders())
    with platform_scope():
        listed = protected_voices.add(name=PROTECTED.name, reason="test", action="deny", voice=voice, platform=True)
    yield
    with platform_scope():
        protected_voices.remove(listed)


def clients(organisation: Organisation, stack: LiveStack) -> tuple[Client, Client]:
    return Client(stack.base, equip(organisation).secret), Client(stack.base)


def test_the_four_promises_are_kept_once_from_end_to_end(live_stack: LiveStack, protected: None) -> None:
    northwind = found("Northwind")
    application, speaker = clients(northwind, live_stack)

    consent, receipt = play.give_consent(application, speaker)
    voice = play.enrol(application, consent)
    job = play.speak(application, voice)
    trace(application, job)
    play.refuse(application, speaker, voice)
    another_application_sees_nothing(live_stack, voice, job)
    a_worker_that_dies_loses_nothing(northwind, live_stack, application, voice)
    play.withdraw(application, speaker, receipt, voice, job)

    with organisation_scope(northwind.id, actor="system"):
        assert all(replay(decision) for decision in Decision.objects.all())
        assert {entry.event for entry in entries(about=Clip.objects.filter(permit__request_id=job["id"]).get().id)} == {
            "synthesis:render:completed",
            "clip:audio:released",
            "clip:audio:refused",
            "clip:audio:made-unreleasable",
            "clip:mark:registered",
            "examination:request:completed",
            "examination:material:opened",
        }


def another_application_sees_nothing(stack: LiveStack, voice: dict[str, Any], job: dict[str, Any]) -> None:
    rival, _ = clients(found("Rival"), stack)
    assert rival.call("GET", f"/v1/voices/{voice['id']}").status_code == 404
    assert rival.call("GET", f"/v1/tts/job/{job['id']}").status_code == 404
    assert rival.call("GET", f"/v1/tts/job/{job['id']}/audio").status_code == 404
    assert rival.expect(200, "GET", "/v1/audit/entries")[-1]["event"] == "organisation:api-key:issued"


def a_worker_that_dies_loses_nothing(
    northwind: Organisation, stack: LiveStack, application: Client, voice: dict[str, Any]
) -> None:
    """Killed while it renders, the worker leaves no clip; once its lease has run out the permit is tried again."""
    asked = play.ask_for_speech(application, voice, play.SENTENCE, "narration").json()
    wait_until_running(application, asked["id"])
    os.killpg(stack.worker.pid, signal.SIGKILL)
    stack.worker.wait()
    with organisation_scope(northwind.id, actor="system"):
        assert not Clip.objects.filter(permit__request_id=asked["id"]).exists()
        past = timezone.now() - timedelta(seconds=1)
        Permit.objects.filter(request_id=asked["id"]).update(leased_until=past, issued_at=past - timedelta(minutes=5))
    stack.start_worker()
    stack.reconcile()
    finished = application.wait(f"/v1/tts/job/{asked['id']}", kind="job")
    assert finished["status"] == "completed"
    with organisation_scope(northwind.id, actor="system"):
        assert Permit.objects.get(request_id=asked["id"]).attempts == 2
        assert Clip.objects.filter(permit__request_id=asked["id"]).count() == 1


def wait_until_running(application: Client, job: str) -> None:
    deadline = time.monotonic() + 120
    while application.expect(200, "GET", f"/v1/tts/job/{job}")["status"] == "queued":
        assert time.monotonic() < deadline, "no worker took the job"
        time.sleep(0.05)


def test_a_speaker_who_says_something_else_has_not_consented(live_stack: LiveStack, committed: None) -> None:
    application, speaker = clients(found("Northwind"), live_stack)
    consent = play.ask_for_consent(application, AMARA, ["narration"])
    inside = play.open_ceremony(speaker, consent["ceremony_url"], AMARA)
    inside.expect(200, "GET", consent["ceremony_url"])
    challenge = inside.expect(201, "POST", f"{consent['ceremony_url']}/challenges")
    files = {"audio": ("recording.wav", say(AMARA, PASSAGES[0]), "audio/wav")}
    body = {"challenge": challenge["id"]}
    sent = inside.expect(202, "POST", f"{consent['ceremony_url']}/recordings", data=body, files=files)
    outcome = inside.wait(f"{consent['ceremony_url']}/recordings/{sent['id']}", kind="recordings")
    assert (outcome["status"], outcome["consent_status"]) == ("refused", "requested")
    assert {reason["rule"] for reason in outcome["reasons"]} >= {"phrase-not-heard", "statement-not-heard"}
    answer = application.call(
        "POST",
        "/v1/voice/create",
        data={"consent": consent["id"], "name": "x", "language": "en"},
        files=play.sample_files(AMARA, 1),
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/consent-not-active")
