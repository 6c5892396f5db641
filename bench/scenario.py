"""A prepared voice and a rendered request, made by the same functions as in service, but in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from consent import ceremony, mail, second_factor
from consent.links import find_link
from consent.models import CeremonySession, ConsentRecord, ConsentStatus, SpeakerMail
from consent.verification import verify_recording
from deploy.demo.cast import AMARA, PASSAGES, say
from deploy.demo.mailbox import texts_to, wait_for_code
from deploy.demo.play import ATTEMPTS, SENTENCE
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
        consent, token = ceremony.request_consent(
            speaker_name=AMARA.name,
            speaker_email=AMARA.email,
            purposes=["narration"],
            languages=["en"],
            intended_use="Measuring how fast a prepared voice speaks on this machine.",
            territory=["worldwide"],
            compensation="none",
            recipients=[],
            clips_may_be_distributed=False,
            valid_until=timezone.now() + timedelta(days=1),
        )
    session = _open(token)
    with organisation_scope(organisation.id, actor="system"):
        ceremony.show_notice(consent)
        ceremony.declare_age(consent, adult=True)
    for _ in range(ATTEMPTS):
        if _say_yes(consent, session, organisation.id):
            break
    with organisation_scope(organisation.id, actor="system"):
        samples = [say(AMARA, passage) for passage in PASSAGES]
        voice = enrolment.create_voice(consent_id=consent.id, name="Bench", language="en", samples=samples)
        enrolment.enrol(voice.id)
    preparation.prepare(voice.id, organisation_id=organisation.id)
    return PreparedVoice(organisation.id, voice.id)


def _open(token: str) -> CeremonySession:
    """Through the second factor: the code is mailed, read in the mail's folder, and sent back."""
    link, known = find_link(token, kind="ceremony"), texts_to(AMARA.email)
    with organisation_scope(link.organisation_id, actor="system"):
        second_factor.send_code(link.id)
        waiting = SpeakerMail.objects.get(consent_id=link.consent_id).id
    mail.deliver(waiting, organisation_id=link.organisation_id)
    code = wait_for_code(AMARA.email, known=known)
    with organisation_scope(link.organisation_id, actor="system"):
        opened = second_factor.confirm(link.id, code)
        return second_factor.find_session(link.id, opened.token)


def _say_yes(consent: ConsentRecord, session: CeremonySession, organisation_id: UUID) -> bool:
    """One recording of the statement and a fresh phrase; false when it was not made out."""
    with organisation_scope(organisation_id, actor="system"):
        challenge = ceremony.issue_challenge(consent, session=session)
        audio = say(AMARA, f"{consent.statement} {challenge.phrase}.")
        recording = ceremony.receive_recording(consent, challenge_id=challenge.id, audio=audio, session=session)
    verify_recording(recording.id, organisation_id=organisation_id)
    with organisation_scope(organisation_id, actor="system"):
        return ConsentRecord.objects.get(pk=consent.pk).status == ConsentStatus.GIVEN


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
