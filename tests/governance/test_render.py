"""What a render leaves behind when the engine fails: a reason, an entry, another attempt; never half a clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.events import Event
from audit.queries import entries
from consent import receipts
from governance.models import Clip, Permit
from governance.permits import WITHHELD
from governance.render import render
from safety.comparison import Embedding, VoiceEmbedding
from safety.registry import speaker_encoders
from synth_adapter import registry
from synth_adapter.decoding import decode
from synth_adapter.errors import EngineError
from synth_adapter.ports import EngineRelease
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.conftest import ApiClient
from voices import vault
from voices.models import Voice

pytestmark = pytest.mark.django_db


class UnsafeFailingEngine:
    """An engine that is down; `permanent` says whether for good."""

    release = EngineRelease("failing", "1", {}, 24_000, watermarks_natively=False, languages=frozenset({"en"}))
    permanent = False

    def prepare(self, samples: Any) -> bytes:
        raise EngineError("nobody answers", permanent=self.permanent)

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Any:
        raise EngineError("nobody answers", permanent=self.permanent)


class UnsafeBrokenEngine(UnsafeFailingEngine):
    """An engine that will never work."""

    permanent = True


@pytest.fixture
def permit(northwind: Organisation, api: ApiClient, voice: Voice) -> Permit:
    """Permitted speech in a voice that has a reference and was prepared."""
    parts = [Embedding(ears.model, np.eye(1, ears.dimension, dtype=np.float32)[0]) for ears in speaker_encoders()]
    with organisation_scope(northwind.id, actor="system"):
        vault.seal_reference(voice, VoiceEmbedding(tuple(parts), 20.0, 8_000.0))
        vault.seal_prepared(voice, b"any", release=UnsafeFailingEngine.release, evidence={})
        receipts.issue(voice.consent)
    assert api.ask(voice.id).status_code == 202
    with organisation_scope(northwind.id, actor="system"):
        return Permit.objects.get()


def attempt(permit: Permit) -> Permit:
    render(permit.id, organisation_id=permit.organisation_id)
    with organisation_scope(permit.organisation_id, actor="system"):
        assert not Clip.objects.exists()
        return Permit.objects.get(id=permit.id)


class UnsafeSilentEngine(UnsafeFailingEngine):
    """An engine that answers with digital silence."""

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Any:
        return Waveform(np.zeros(24_000, np.float32), 24_000)


@pytest.fixture
def failing(settings: Any) -> Any:
    def use(engine: type) -> None:
        settings.SPEECH_ENGINE = f"{engine.__module__}.{engine.__qualname__}"
        registry.engine.cache_clear()

    yield use
    registry.engine.cache_clear()


def test_an_engine_that_is_down_is_asked_again_until_the_attempts_are_used_up(permit: Permit, failing: Any) -> None:
    failing(UnsafeFailingEngine)
    assert [attempt(permit).status for _ in range(3)] == ["issued", "issued", "failed"]
    with organisation_scope(permit.organisation_id, actor="system"):
        failures = entries(event=Event.RENDER_FAILED)
        assert [failure.data["rules"] for failure in failures] == [["engine-failed"]] * 3


def test_an_engine_that_will_never_work_is_asked_once_and_the_job_says_so(
    permit: Permit, failing: Any, api: ApiClient
) -> None:
    failing(UnsafeBrokenEngine)
    assert attempt(permit).status == "failed"
    job = api.get(f"/v1/tts/job/{permit.request_id}").json()
    assert job["status"] == "failed"
    (reason,) = job["reasons"]
    assert (reason["rule"], reason["way_forward"]) == (
        "engine-failed",
        "Tell the operator: asking again will not help.",
    )


@pytest.mark.slow
def test_output_that_does_not_pass_is_withheld_and_kept_sealed(permit: Permit, failing: Any, api: ApiClient) -> None:
    failing(UnsafeSilentEngine)
    withheld = attempt(permit)
    assert withheld.status == "withheld"
    assert {"output-silent", "output-voice-unknown"} <= {reason["rule"] for reason in withheld.reasons}
    with organisation_scope(permit.organisation_id, actor="system"):
        speaker_id = withheld.request.voice.speaker_id
        kept = blobs.get(withheld.withheld_blob, subject_id=speaker_id, kind=WITHHELD, object_id=withheld.id)
    assert (decode(kept).waveform.rate, withheld.examination["seconds"]) == (24_000, 1.0)
    assert api.get(f"/v1/tts/job/{permit.request_id}/audio").status_code == 409
