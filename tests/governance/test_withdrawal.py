"""The speaker's word ends everything at once, in one transaction."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from audit.queries import entries
from consent.models import ConsentRecord
from governance import clip_files, delivery, intake, permits, withdrawal
from governance.errors import DeliveryRefusedError, RequestDeniedError
from governance.models import Clip, Decision, Permit
from safety.comparison import Embedding, VoiceEmbedding
from safety.ports import ModelIdentity
from tenancy import blobs
from tenancy.errors import ShreddedError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tests.governance.conftest import give_voice
from voices import vault
from voices.errors import VoiceError
from voices.models import Voice
from watermark import register
from watermark.ports import ClipMark

MODEL = ModelIdentity("test", "0" * 64)


@pytest.fixture
def voice(in_northwind: Organisation) -> Voice:
    voice = give_voice(in_northwind)
    vault.seal_reference(voice, VoiceEmbedding((Embedding(MODEL, np.eye(1, 192, dtype=np.float32)[0]),), 20.0, 8_000.0))
    return voice


def ask(voice: Voice) -> Permit:
    request = intake.submit(intake.Ask(voice.id, "Hello there.", "en", "narration", None))
    return Permit.objects.get(request=request)


def make_clip(voice: Voice) -> Clip:
    permit = permits.redeem(ask(voice).id)
    permits.complete(permit)
    clip = Clip.objects.create(
        organisation_id=voice.organisation_id,
        permit=permit,
        voice=voice,
        seconds=1.0,
        sample_rate=16_000,
        mark_readings=[],
        mark_verified_at=timezone.now(),
        examination={"passed": True},
        models_used={},
    )
    clip_files.keep(clip, {"wav": b"sound", "mp3": b"the same sound"})
    mark = ClipMark(clip_id=clip.id, epoch=0, pilot_secret=b"", clip_secret=b"", content=b"f" * 32)
    register.enter(mark, seconds=1.0, fingerprint=b"the words", subject_id=voice.speaker_id)
    return clip


def test_a_clip_is_released_while_consent_stands_and_never_after(voice: Voice) -> None:
    clip = make_clip(voice)
    assert delivery.release(clip.id, form="wav").audio == b"sound"
    withdrawal.withdraw(voice.consent_id)
    with pytest.raises(DeliveryRefusedError) as refused:
        delivery.release(clip.id, form="wav")
    rules = {reason["rule"] for reason in refused.value.reasons}
    assert rules == {"consent-withdrawn", "voice-unusable", "speaker-key-absent", "clip-unreleasable"}
    assert Decision.objects.filter(stage="delivery").order_by("decided_at").last().effect == "deny"


def test_what_is_asked_or_under_way_comes_to_nothing(voice: Voice) -> None:
    waiting, running = ask(voice), permits.redeem(ask(voice).id)
    done = withdrawal.withdraw(voice.consent_id)
    assert (done.permits_voided, done.voices_erased, done.key_shredded) == (2, 1, True)
    assert permits.complete(running) is False
    assert {permit.status for permit in Permit.objects.filter(id__in=[waiting.id, running.id])} == {"void"}
    with pytest.raises(RequestDeniedError):
        ask(voice)


def test_the_reference_cannot_be_opened_any_more_and_nothing_new_is_sealed(voice: Voice) -> None:
    assert vault.open_reference(voice, models=[MODEL]).models == (MODEL,)
    withdrawal.withdraw(voice.consent_id)
    with pytest.raises((VoiceError, ShreddedError)):
        vault.open_reference(voice, models=[MODEL])
    with pytest.raises(ShreddedError):
        blobs.put(b"new", subject_id=voice.speaker_id, kind="sample", object_id=new_id())


def test_every_step_is_on_record(voice: Voice) -> None:
    clip = make_clip(voice)
    withdrawal.withdraw(voice.consent_id)
    events = [entry.event.value for entry in entries(limit=100)]
    for event in ("consent:record:withdrawn", "voice:reference:erased", "subject:key:shredded"):
        assert events.count(event) == 1
    assert "clip:audio:made-unreleasable" in [entry.event.value for entry in entries(about=clip.id)]
    assert ConsentRecord.objects.get(id=voice.consent_id).status == "withdrawn"
