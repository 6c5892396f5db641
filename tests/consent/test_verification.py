from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import ceremony, evidence, lifecycle, links, receipts
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Receipt
from consent.verification import verify_recording
from safety import protected_voices
from safety.registry import speaker_encoder
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.errors import KeyringError
from tenancy.ids import new_id
from tests.consent.conftest import Ask, Say
from watermark import marking

pytestmark = pytest.mark.slow


@pytest.fixture
def challenge(asked: ConsentRecord) -> Challenge:
    return ceremony.issue_challenge(asked)


def script(challenge: Challenge) -> str:
    return f"{challenge.consent.statement} My words are: {challenge.phrase}."


def send(challenge: Challenge, waveform: Waveform) -> CeremonyRecording:
    """A recording as a speaker sends it, and what became of it."""
    consent = challenge.consent
    recording = ceremony.receive_recording(consent, challenge_id=challenge.id, audio=encode_wav(waveform))
    verify_recording(recording.id, organisation_id=consent.organisation_id)
    recording.refresh_from_db()
    return recording


def rules(recording: CeremonyRecording) -> list[str]:
    return [reason["rule"] for reason in recording.reasons]


class TestAccepted:
    @pytest.fixture
    def accepted(self, challenge: Challenge, say: Say) -> Iterator[CeremonyRecording]:
        recording = send(challenge, say(script(challenge)))
        assert rules(recording) == []
        yield recording

    def test_it_gives_the_consent_with_its_evidence(self, accepted: CeremonyRecording) -> None:
        consent = ConsentRecord.objects.get(id=accepted.consent_id)
        assert (accepted.status, consent.status) == ("accepted", "given")
        assert consent.evidence["recording_sha256"] == accepted.sha256
        assert consent.evidence["word_error_rate"] <= 0.25
        assert "I agree" in consent.evidence["transcript"]
        assert set(consent.evidence["models"]) == {"campplus", "whisper-base"}

    def test_it_issues_a_receipt_that_the_speaker_can_check_and_keep(self, accepted: CeremonyRecording) -> None:
        receipt = Receipt.objects.get(consent_id=accepted.consent_id)
        assert receipts.verify(receipt.body, signature=receipt.signature, key_id=receipt.key_id)
        assert links.find_link(receipts.new_link(receipt), kind="receipt").consent_id == accepted.consent_id

    def test_it_seals_the_voice_that_said_yes(self, accepted: CeremonyRecording) -> None:
        encoder = speaker_encoder()
        heard_again = encoder.embed(evidence.open_recording(accepted))
        assert np.allclose(evidence.open_embedding(accepted, encoder=encoder).vector, heard_again, atol=1e-5)

    def test_verifying_it_again_changes_nothing(self, accepted: CeremonyRecording) -> None:
        before = entries(about=accepted.consent_id)
        verify_recording(accepted.id, organisation_id=accepted.organisation_id)
        assert entries(about=accepted.consent_id) == before
        assert [entry.event for entry in before[-2:]] == [Event.CONSENT_GIVEN, Event.CONSENT_RECEIPT_ISSUED]


class TestRefused:
    def test_a_recording_without_the_phrase(self, challenge: Challenge, say: Say) -> None:
        recording = send(challenge, say(challenge.consent.statement))
        assert recording.status == "refused"
        assert rules(recording) == ["phrase-not-heard"]

    def test_the_phrase_of_another_ceremony(self, challenge: Challenge, ask: Ask, say: Say) -> None:
        other = ceremony.issue_challenge(ask())
        recording = send(challenge, say(script(other)))
        assert rules(recording) == ["phrase-not-heard"]

    def test_other_words_with_every_reason_listed(self, challenge: Challenge, say: Say) -> None:
        text = "It was a bright cold day in April, and the clocks were striking. She walked along the river."
        recording = send(challenge, say(text))
        assert rules(recording) == [
            "statement-not-heard",
            "agreement-not-heard",
            "purpose-not-heard",
            "phrase-not-heard",
        ]
        assert all(reason["way_forward"] and reason["effect"] == "deny" for reason in recording.reasons)

    def test_a_statement_turned_into_its_opposite(self, challenge: Challenge, say: Say) -> None:
        recording = send(challenge, say(script(challenge).replace("I agree", "I do not agree")))
        assert "statement-negated" in rules(recording)
        assert ConsentRecord.objects.get(id=recording.consent_id).status == "requested"

    def test_two_voices_in_one_recording(self, challenge: Challenge, say: Say) -> None:
        halves = say(challenge.consent.statement), say(f"My words are: {challenge.phrase}.", voice="bm_george")
        both = Waveform(np.concatenate([half.samples for half in halves]), halves[0].rate)
        assert "several-speakers" in rules(send(challenge, both))

    def test_speech_that_carries_our_mark(self, challenge: Challenge, say: Say) -> None:
        marked = marking.mark(say(script(challenge)), clip_id=new_id()).waveform
        assert "synthetic-mark-found" in rules(send(challenge, marked))

    def test_a_protected_voice(self, challenge: Challenge, say: Say) -> None:
        spoken, encoder = say(script(challenge)), speaker_encoder()
        protected_voices.add(
            name="Somebody Else", reason="asked", action="deny", embedding=encoder.embed(spoken), model=encoder.model
        )
        assert rules(send(challenge, spoken)) == ["protected-voice"]

    def test_a_recording_that_arrived_after_the_phrase_had_run_out(self, challenge: Challenge, say: Say) -> None:
        audio = encode_wav(say(script(challenge)))
        recording = ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=audio)
        Challenge.objects.filter(id=challenge.id).update(expires_at=timezone.now() - timedelta(hours=1))
        verify_recording(recording.id, organisation_id=recording.organisation_id)
        recording.refresh_from_db()
        assert rules(recording) == ["phrase-too-late"]

    def test_a_tone_is_no_speech(self, challenge: Challenge, sound: bytes) -> None:
        recording = ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=sound)
        verify_recording(recording.id, organisation_id=recording.organisation_id)
        recording.refresh_from_db()
        assert {"statement-not-heard", "too-little-speech", "one-speaker-unclear"} <= set(rules(recording))

    def test_nothing_of_its_sound_is_kept(
        self, challenge: Challenge, sound: bytes, django_capture_on_commit_callbacks: pytest.FixtureRequest
    ) -> None:
        recording = ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=sound)
        sealed = CeremonyRecording.objects.get(id=recording.id)
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            verify_recording(recording.id, organisation_id=recording.organisation_id)
        recording.refresh_from_db()
        assert (recording.status, recording.blob, recording.embedding_blob) == ("refused", "", "")
        with pytest.raises(KeyringError, match="missing from storage"):
            evidence.open_recording(sealed)

    def test_a_consent_that_was_withdrawn_meanwhile_stays_withdrawn(self, challenge: Challenge, say: Say) -> None:
        audio = encode_wav(say(script(challenge)))
        recording = ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=audio)
        lifecycle.withdraw(challenge.consent)
        verify_recording(recording.id, organisation_id=recording.organisation_id)
        recording.refresh_from_db()
        assert rules(recording) == ["consent-transition"]
        assert ConsentRecord.objects.get(id=recording.consent_id).status == "withdrawn"
