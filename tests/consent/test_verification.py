from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHRASE = "walnut, velvet, journey, candle, pirate"
OTHER_PHRASE = "igloo, summer, orchid, planet, button"
END = datetime(2030, 11, 21, tzinfo=UTC)


@pytest.fixture
def challenge(ask: Ask) -> Challenge:
    """A challenge whose phrase is always the same, so that it has to be spoken only once for all tests."""
    challenge = ceremony.issue_challenge(ask(valid_until=END))
    challenge.phrase = PHRASE
    challenge.save(update_fields=["phrase"])
    return challenge


def joined(*parts: Waveform) -> Waveform:
    pause = np.zeros(parts[0].rate // 2, np.float32)
    return Waveform(np.concatenate([piece for part in parts for piece in (part.samples, pause)]), parts[0].rate)


@pytest.fixture
def statement(challenge: Challenge, say: Say) -> Waveform:
    return say(challenge.consent.statement)


def phrase(say: Say, words: str = PHRASE, *, voice: str = "af_heart") -> Waveform:
    return say(f"My words are: {words}.", voice=voice)


def send(challenge: Challenge, waveform: Waveform) -> CeremonyRecording:
    return ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=encode_wav(waveform))


def verified(recording: CeremonyRecording) -> CeremonyRecording:
    verify_recording(recording.id, organisation_id=recording.organisation_id)
    recording.refresh_from_db()
    return recording


def rules(recording: CeremonyRecording) -> list[str]:
    return [reason["rule"] for reason in recording.reasons]


def test_the_statement_and_the_phrase_give_the_consent_with_evidence_receipt_and_sealed_voice(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    recording = verified(send(challenge, joined(statement, phrase(say))))
    assert (recording.status, rules(recording)) == ("accepted", [])

    consent = ConsentRecord.objects.get(id=recording.consent_id)
    assert consent.status == "given"
    assert consent.evidence["recording_sha256"] == recording.sha256
    assert consent.evidence["word_error_rate"] <= 0.25
    assert set(consent.evidence["models"]) == {"campplus", "whisper-base"}

    receipt = Receipt.objects.get(consent=consent)
    assert receipts.verify(receipt.body, signature=receipt.signature, key_id=receipt.key_id)
    assert links.find_link(receipts.new_link(receipt), kind="receipt").consent_id == consent.id

    encoder = speaker_encoder()
    heard_again = encoder.embed(evidence.open_recording(recording))
    assert np.allclose(evidence.open_embedding(recording, encoder=encoder).vector, heard_again, atol=1e-5)

    before = entries(about=consent.id)
    assert [entry.event for entry in before[-2:]] == [Event.CONSENT_GIVEN, Event.CONSENT_RECEIPT_ISSUED]
    verify_recording(recording.id, organisation_id=recording.organisation_id)
    assert entries(about=consent.id) == before


def test_a_recording_from_an_earlier_ceremony_lacks_the_phrase(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    recording = verified(send(challenge, joined(statement, phrase(say, OTHER_PHRASE))))
    assert (recording.status, rules(recording)) == ("refused", ["phrase-not-heard"])
    assert ConsentRecord.objects.get(id=recording.consent_id).status == "requested"


def test_a_statement_turned_into_its_opposite_is_no_consent(challenge: Challenge, say: Say) -> None:
    refusal = challenge.consent.statement.replace("I agree", "I do not agree")
    assert "statement-negated" in rules(verified(send(challenge, joined(say(refusal), phrase(say)))))


def test_one_person_for_the_statement_and_another_for_the_phrase_is_refused(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    recording = verified(send(challenge, joined(statement, phrase(say, voice="bm_george"))))
    assert {"several-speakers", "one-speaker-unclear"} & set(rules(recording))


def test_speech_that_carries_our_mark_is_refused(challenge: Challenge, statement: Waveform, say: Say) -> None:
    marked = marking.mark(joined(statement, phrase(say)), clip_id=new_id()).waveform
    assert "synthetic-mark-found" in rules(verified(send(challenge, marked)))


def test_a_protected_voice_cannot_agree(challenge: Challenge, statement: Waveform, say: Say) -> None:
    encoder, said = speaker_encoder(), joined(statement, phrase(say))
    protected_voices.add(
        name="Somebody Else", reason="asked", action="deny", embedding=encoder.embed(said), model=encoder.model
    )
    assert rules(verified(send(challenge, said))) == ["protected-voice"]


def test_a_tone_is_refused_with_every_reason_and_nothing_of_it_is_kept(
    challenge: Challenge, sound: bytes, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    received = ceremony.receive_recording(challenge.consent, challenge_id=challenge.id, audio=sound)
    sealed = CeremonyRecording.objects.get(id=received.id)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        recording = verified(received)
    assert rules(recording) == [
        "statement-not-heard",
        "agreement-not-heard",
        "purpose-not-heard",
        "phrase-not-heard",
        "too-little-speech",
        "one-speaker-unclear",
    ]
    assert all(reason["way_forward"] and reason["effect"] == "deny" for reason in recording.reasons)
    assert (recording.status, recording.blob, recording.embedding_blob) == ("refused", "", "")
    with pytest.raises(KeyringError, match="missing from storage"):
        evidence.open_recording(sealed)


def test_a_consent_that_was_withdrawn_meanwhile_stays_withdrawn(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    recording = send(challenge, joined(statement, phrase(say)))
    lifecycle.withdraw(challenge.consent)
    assert rules(verified(recording)) == ["consent-transition"]
    assert ConsentRecord.objects.get(id=recording.consent_id).status == "withdrawn"
