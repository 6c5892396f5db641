"""What becomes of an engine's real sound: released only when everybody who has to judge it could, and did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings

from audit.events import Event
from audit.queries import entries
from consent import receipts
from deploy.demo.cast import AMARA, PASSAGES, PROTECTED, say
from governance.models import Clip, Incident, Permit
from governance.render import render
from safety import protected_voices
from safety.comparison import mean_of
from safety.hearing import embed_voice
from safety.models import ProtectedVoice
from safety.registry import speaker_encoders
from safety.speech import speech_segments
from synth_adapter import registry
from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.conftest import ApiClient
from tests.governance.test_render import UnsafeFailingEngine
from voices import vault
from voices.models import Reference, Voice

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("heard_once")]
TEXT = PASSAGES[3]
Speak = Callable[[Waveform], None]


class UnsafePlayer(UnsafeFailingEngine):
    """An engine that plays what it was given."""

    sound: Waveform

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        return self.sound


class UnsafeNumberlessEngine(UnsafeFailingEngine):
    """An engine whose samples are no numbers."""

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        return Waveform(np.full(24_000, np.nan, np.float32), 24_000)


class UnsafeBoundlessEngine(UnsafeFailingEngine):
    """An engine whose samples are so large that there is no computing with them."""

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        return Waveform(np.full(24_000, 3e38, np.float32), 24_000)


def recorded(person: Any, passage: str = TEXT) -> Waveform:
    return decode(say(person, passage)).waveform


@pytest.fixture(autouse=True)
def _without_a_process(settings: LazySettings, tmp_path: Path) -> None:
    settings.SEARCH_SOCKET = tmp_path / "search.sock"


@pytest.fixture
def use(settings: LazySettings) -> Any:
    def chosen(engine: type) -> None:
        settings.SPEECH_ENGINE = f"{engine.__module__}.{engine.__qualname__}"
        registry.engine.cache_clear()

    yield chosen
    registry.engine.cache_clear()


@pytest.fixture
def play(use: Any, monkeypatch: pytest.MonkeyPatch) -> Speak:
    def speak(sound: Waveform) -> None:
        monkeypatch.setattr(UnsafePlayer, "sound", sound, raising=False)
        use(UnsafePlayer)

    return speak


@pytest.fixture
def permit(northwind: Organisation, api: ApiClient, voice: Voice) -> Permit:
    """Permitted speech in Amara's voice, whose reference is real."""
    heard = [embed_voice(recorded(AMARA, passage), encoders=speaker_encoders()) for passage in PASSAGES[:3]]
    with organisation_scope(northwind.id, actor="system"):
        vault.seal_reference(voice, mean_of(heard))
        vault.seal_prepared(voice, b"any", release=UnsafePlayer.release, evidence={})
        receipts.issue(voice.consent)
    assert api.ask(voice.id, TEXT).status_code == 202
    with organisation_scope(northwind.id, actor="system"):
        return Permit.objects.get()


@pytest.fixture
def weston(northwind: Organisation) -> ProtectedVoice:
    heard = [embed_voice(recorded(PROTECTED, passage), encoders=speaker_encoders()) for passage in PASSAGES[:3]]
    with organisation_scope(northwind.id, actor="system"):
        return protected_voices.add(name="Conrad Weston", reason="asked", action="deny", voice=mean_of(heard))


def attempt(permit: Permit) -> tuple[str, list[str]]:
    render(permit.id, organisation_id=permit.organisation_id)
    with organisation_scope(permit.organisation_id, actor="system"):
        found = Permit.objects.get(id=permit.id)
        return found.status, sorted(reason["rule"] for reason in found.reasons)


def left_behind(permit: Permit) -> tuple[int, int, str]:
    """Clips, incidents, and the name of the sealed sound."""
    with organisation_scope(permit.organisation_id, actor="system"):
        withheld = Permit.objects.get(id=permit.id).withheld_blob
        return Clip.objects.count(), Incident.objects.count(), withheld


NOTHING = (0, 0, "")


def test_the_speakers_own_voice_saying_the_words_becomes_a_clip(permit: Permit, weston: object, play: Speak) -> None:
    play(recorded(AMARA))
    assert attempt(permit) == ("completed", [])
    with organisation_scope(permit.organisation_id, actor="system"):
        examination = Clip.objects.get().examination
    assert (examination["protected_asked_of"], examination["protected_heard"]) == (["whole"], [])
    assert examination["already_marked"] == []


def test_a_protected_voice_in_the_first_seconds_opens_an_incident_that_names_it(
    permit: Permit, weston: ProtectedVoice, play: Speak, api: ApiClient
) -> None:
    leak, rest = recorded(PROTECTED, PASSAGES[4]), recorded(AMARA)
    start = speech_segments(leak)[0].start
    first = leak.cut(start, start + 2.0).samples
    play(Waveform(np.concatenate([first, rest.samples]), rest.rate))
    status, rules = attempt(permit)
    assert status == "withheld"
    assert {"output-other-voice", "output-protected-voice"} <= set(rules)
    with organisation_scope(permit.organisation_id, actor="system"):
        incident = Incident.objects.get()
        examination = Permit.objects.get(id=permit.id).examination
        (opened,) = entries(event=Event.INCIDENT_OPENED)
    assert (incident.kind, opened.data["kind"]) == ("protected-voice", "protected-voice")
    assert {reason["rule"] for reason in incident.reasons} == {"output-other-voice", "output-protected-voice"}
    assert [heard["id"] for heard in examination["protected_heard"]] == [str(weston.id)]
    job = api.get(f"/v1/tts/job/{permit.request_id}")
    assert job.json()["status"] == "withheld"
    assert (str(weston.id) in job.content.decode(), "Weston" in job.content.decode()) == (False, False)
    assert api.get(f"/v1/tts/job/{permit.request_id}/audio").status_code == 409


def test_while_the_search_is_down_nothing_is_released_and_it_is_tried_again(
    permit: Permit, weston: ProtectedVoice, play: Speak, settings: LazySettings, api: ApiClient
) -> None:
    play(recorded(AMARA))
    settings.PROTECTED_VOICES_IN_PROCESS = 0
    assert attempt(permit) == ("issued", ["protected-voices-unsearched"])
    assert left_behind(permit) == NOTHING
    job = api.get(f"/v1/tts/job/{permit.request_id}").json()
    (reason,) = job["reasons"]
    assert (job["status"], job["audio_url"], reason["way_forward"]) == ("queued", None, "Ask again in a minute.")
    assert "search.sock" not in str(reason)
    assert api.get(f"/v1/tts/job/{permit.request_id}/audio").status_code == 409
    settings.PROTECTED_VOICES_IN_PROCESS = 10
    assert attempt(permit) == ("completed", [])


def test_a_search_that_stays_down_ends_the_job_with_the_same_reason(
    permit: Permit, weston: ProtectedVoice, play: Speak, settings: LazySettings, api: ApiClient
) -> None:
    play(recorded(AMARA))
    settings.PROTECTED_VOICES_IN_PROCESS = 0
    settings.RENDER_MAX_ATTEMPTS = 2
    why = ["protected-voices-unsearched"]
    assert [attempt(permit), attempt(permit), attempt(permit)] == [("issued", why), ("failed", why), ("failed", why)]
    assert left_behind(permit) == NOTHING
    with organisation_scope(permit.organisation_id, actor="system"):
        assert [entry.data["rules"] for entry in entries(event=Event.RENDER_FAILED)] == [why, why]
        assert entries(event=Event.RENDER_COMPLETED) == []
    assert api.get(f"/v1/tts/job/{permit.request_id}").json()["status"] == "failed"


def test_somebody_whom_other_encoders_heard_ends_the_job_since_nobody_can_be_ruled_out(
    permit: Permit, weston: ProtectedVoice, play: Speak
) -> None:
    with organisation_scope(permit.organisation_id, actor="system"):
        ProtectedVoice.objects.filter(id=weston.id).update(listing=None)
    play(recorded(AMARA))
    assert attempt(permit) == ("failed", ["output-not-examined"])
    assert left_behind(permit) == NOTHING


def test_a_reference_by_other_encoders_is_not_compared(permit: Permit, play: Speak) -> None:
    with organisation_scope(permit.organisation_id, actor="system"):
        Reference.objects.filter(model_name="ge2e").update(model_sha256="0" * 64)
    play(recorded(AMARA))
    assert attempt(permit) == ("failed", ["reference-other-model"])
    assert left_behind(permit) == NOTHING


@pytest.mark.parametrize("engine", [UnsafeNumberlessEngine, UnsafeBoundlessEngine])
def test_samples_that_are_no_numbers_are_the_engines_failure(permit: Permit, use: Any, engine: type) -> None:
    use(engine)
    assert attempt(permit) == ("issued", ["engine-failed"])
    assert left_behind(permit) == NOTHING


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros(1, np.float32),
        np.full(24_000, 1e-38, np.float32),
    ],
    ids=["none", "one", "tiny"],
)
def test_sound_that_is_none_is_withheld_with_every_reason(
    permit: Permit, play: Speak, samples: np.ndarray[Any, Any]
) -> None:
    play(Waveform(samples, 24_000))
    status, rules = attempt(permit)
    assert (status, "output-voice-unknown" in rules) == ("withheld", True)
    assert left_behind(permit)[0] == 0
