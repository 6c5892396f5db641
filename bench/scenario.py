"""A prepared voice and a rendered request, made by the same functions as in service, but in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from consent import ceremony
from consent.verification import verify_recording
from deploy.demo.cast import AMARA, PASSAGES, say
from deploy.demo.play import SENTENCE
from governance import intake, preparation
from governance import render as rendering
from governance.models import Clip
from tenancy import organisations
from tenancy.scope import organisation_scope
from voices import enrolment


@dataclass(frozen=True)
class PreparedVoice:
    """Where the voice lives."""

    organisation_id: UUID
    voice_id: UUID


def prepared_voice() -> PreparedVoice:
    """Consent given, samples enrolled, voice prepared."""
    organisation = organisations.create(name="Bench", slug="bench")
    with organisation_scope(organisation.id, actor="system"):
        consent, _ = ceremony.request_consent(
            speaker_name=AMARA.name,
            purposes=["narration"],
            languages=["en"],
            intended_use="Measuring.",
            valid_until=timezone.now() + timedelta(days=1),
        )
        ceremony.show_notice(consent)
        challenge = ceremony.issue_challenge(consent)
        audio = say(AMARA, f"{consent.statement} {challenge.phrase}.")
        recording = ceremony.receive_recording(consent, challenge_id=challenge.id, audio=audio)
    verify_recording(recording.id, organisation_id=organisation.id)
    with organisation_scope(organisation.id, actor="system"):
        samples = [say(AMARA, passage) for passage in PASSAGES]
        voice = enrolment.create_voice(consent_id=consent.id, name="Bench", language="en", samples=samples)
        enrolment.enrol(voice.id)
    preparation.prepare(voice.id, organisation_id=organisation.id)
    return PreparedVoice(organisation.id, voice.id)


def render_once(voice: PreparedVoice) -> dict[str, float]:
    """Ask and render; seconds per step, and of the sound."""
    with organisation_scope(voice.organisation_id, actor="system"):
        ask = intake.Ask(voice.voice_id, SENTENCE, "en", "narration", None)
        request = intake.submit(ask)
        permit_id, gate = request.permit.id, request.permit.decision.seconds
    rendering.render(permit_id, organisation_id=voice.organisation_id)
    with organisation_scope(voice.organisation_id, actor="system"):
        clip = Clip.objects.get(permit_id=permit_id)
        return {**clip.timings, "gate": gate, "sound": clip.seconds}
