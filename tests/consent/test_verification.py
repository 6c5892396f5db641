from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from consent import ceremony, evidence, held, lifecycle, links, queries, receipts, renewal
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Receipt
from consent.verification import verify_recording
from safety import protected_voices
from safety.hearing import embed_voice
from safety.registry import speaker_encoders, spoof_detector
from safety.rotation import rotate_voice
from synth_adapter.encoding import encode_mp3, encode_wav
from synth_adapter.waveform import Waveform
from tenancy.errors import KeyringError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask, Say, take_phrase, terms
from tests.consent.conftest import send as send_audio
from tests.marks import leave_as_clip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("heard_once")]

PHRASE = "walnut, velvet, journey, candle, pirate"
OTHER_PHRASE = "igloo, summer, orchid, planet, button"
END = datetime(2030, 11, 21, tzinfo=UTC)


@pytest.fixture
def challenge(ask: Ask, settings: Settings) -> Challenge:
    """A challenge whose phrase is always the same, so that it has to be spoken only once for all tests.

    Stock voices speak here, so synthetic speakers are admitted, but where a test says otherwise.
    """
    settings.DEMO_SYNTHETIC_SPEAKERS = True
    settings.CHALLENGE_SECONDS = 600  # speech is made meanwhile
    challenge = take_phrase(ask(valid_until=END))
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
    return send_audio(challenge, encode_wav(waveform))


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
    assert consent.evidence["living_voice"]["outcome"] == "spoofed"  # a stock voice; it holds what is enrolled with it
    assert set(consent.evidence["models"]) == {"campplus", "ge2e", "whisper-base", "vivavoce-spoof"}

    receipt = Receipt.objects.get(consent=consent)
    assert receipts.verify(receipt.body, signature=receipt.signature, key_id=receipt.key_id)
    assert links.find_link(receipts.new_link(receipt), kind="receipt").consent_id == consent.id

    encoders = speaker_encoders()
    kept = evidence.open_embedding(recording, encoders=encoders)
    again = rotate_voice(embed_voice(evidence.open_recording(recording), encoders=encoders))
    for one, other in zip(kept.parts, again.parts, strict=True):
        assert (one.model, one.space) == (other.model, other.space)
        assert np.allclose(one.vector, other.vector, atol=1e-5)
    assert (kept.seconds, kept.bandwidth_hz) == (again.seconds, again.bandwidth_hz)

    before = entries(about=consent.id)
    assert [entry.event for entry in before[-2:]] == [Event.CONSENT_GIVEN, Event.CONSENT_RECEIPT_ISSUED]
    verify_recording(recording.id, organisation_id=recording.organisation_id)
    assert entries(about=consent.id) == before


def test_one_that_was_announced_in_time_is_not_judged_late_for_a_slow_network(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    audio, session = encode_wav(joined(statement, phrase(say))), challenge.session
    assert session is not None
    sha256 = hashlib.sha256(audio).hexdigest()
    ceremony.commit_recording(challenge.consent, challenge_id=challenge.id, sha256=sha256, session=session)
    Challenge.objects.filter(id=challenge.id).update(expires_at=timezone.now())
    recording = verified(send_audio(challenge, audio))
    assert recording.received_at > Challenge.objects.get(id=challenge.id).expires_at
    assert (recording.status, rules(recording)) == ("accepted", [])


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
    assert recording.status in {"held", "refused"}


def test_speech_that_carries_our_mark_is_refused_whoevers_clip_it_is(
    challenge: Challenge, statement: Waveform, say: Say, rival: Organisation
) -> None:
    marked, mark = leave_as_clip(joined(statement, phrase(say)), of=rival)
    recording = verified(send(challenge, marked))
    found = [reason["measured"] for reason in recording.reasons if reason["rule"] == "synthetic-mark-found"]
    assert [measured["marker"] for measured in found] == ["keyed-mark"]
    assert str(mark.clip_id) not in str(recording.reasons)


def test_a_protected_voice_cannot_agree(challenge: Challenge, statement: Waveform, say: Say) -> None:
    said = joined(statement, phrase(say))
    voice = embed_voice(said, encoders=speaker_encoders())
    protected_voices.add(name="Somebody Else", reason="asked", action="deny", voice=voice)
    assert rules(verified(send(challenge, said))) == ["protected-voice"]


def test_a_tone_is_refused_with_every_reason_and_nothing_of_it_is_kept(
    challenge: Challenge, sound: bytes, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    received = send_audio(challenge, sound)
    sealed = CeremonyRecording.objects.get(id=received.id)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        recording = verified(received)
    assert rules(recording) == [
        "statement-not-heard",
        "agreement-not-heard",
        "purpose-not-heard",
        "phrase-not-heard",
        "name-not-heard",
        "too-little-speech",
        "one-speaker-unclear",
    ]
    assert all(reason["way_forward"] for reason in recording.reasons)
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


def renewed(challenge: Challenge) -> Challenge:
    """A challenge for the renewal of a consent, with the phrase that is spoken already."""
    later = END + timedelta(days=365)
    request, _ = renewal.renew(challenge.consent_id, valid_until=later)
    ceremony.show_notice(request)
    ceremony.declare_age(request, adult=True)
    again = take_phrase(request)
    again.phrase = PHRASE
    again.save(update_fields=["phrase"])
    return again


def test_a_renewal_in_the_same_voice_takes_the_place_and_in_another_voice_does_not(
    challenge: Challenge, statement: Waveform, say: Say
) -> None:
    assert verified(send(challenge, joined(statement, phrase(say)))).status == "accepted"
    again = renewed(challenge)
    spoken = again.consent.statement
    stranger = joined(say(spoken, voice="bm_george"), phrase(say, voice="bm_george"))
    assert "not-the-consenting-speaker" in rules(verified(send(again, stranger)))
    assert ConsentRecord.objects.get(id=challenge.consent_id).status == "given"

    again = renewed(challenge)
    assert verified(send(again, joined(say(spoken), phrase(say)))).status == "accepted"
    states = ConsentRecord.objects.in_bulk([challenge.consent_id, again.consent_id])
    assert [consent.status for _, consent in sorted(states.items())] == ["superseded", "given"]


def test_a_voice_that_sounds_synthetic_is_held_and_a_reviewer_s_yes_gives_the_consent(
    challenge: Challenge, statement: Waveform, say: Say, settings: Settings
) -> None:
    settings.DEMO_SYNTHETIC_SPEAKERS = False
    recording = verified(send(challenge, joined(statement, phrase(say))))
    assert (recording.status, rules(recording)) == ("held", ["ceremony-may-be-synthetic"])
    consent = ConsentRecord.objects.get(id=recording.consent_id)
    assert (consent.status, consent.evidence) == ("requested", {})
    assert evidence.open_recording(recording).seconds > 5
    assert recording.findings["transcript"]
    assert entries(about=recording.id)[-1].event == Event.CONSENT_RECORDING_HELD
    assert [found.id for found in held.waiting()] == [recording.id]

    held.approve(recording.id, review={"outcome": "approve"})
    consent.refresh_from_db()
    assert (consent.status, consent.evidence["review"]["rules"]) == ("given", ["ceremony-may-be-synthetic"])
    assert Receipt.objects.filter(consent=consent).exists()
    assert evidence.open_embedding(CeremonyRecording.objects.get(id=recording.id), encoders=speaker_encoders())
    assert queries.ceremony_living_voice(consent.id, detector=spoof_detector()) is None  # a person decided that
    assert not held.waiting().exists()


def test_a_recording_heard_before_by_another_organisation_is_refused_however_it_was_changed(
    challenge: Challenge, statement: Waveform, say: Say, settings: Settings, rival: Organisation
) -> None:
    said = joined(statement, phrase(say))
    first = verified(send(challenge, said))
    assert first.status == "accepted"
    settings.DEMO_SYNTHETIC_SPEAKERS = False
    with organisation_scope(rival.id, actor="system"):
        consent, _ = ceremony.request_consent(**terms(valid_until=END))
        ceremony.show_notice(consent)
        ceremony.declare_age(consent, adult=True)
        theirs = take_phrase(consent)
        changed = encode_mp3(said.cut(0.4, said.seconds), kbit_per_s=64)
        replay = send_audio(theirs, changed)
        verify_recording(replay.id, organisation_id=rival.id)
        replay.refresh_from_db()
        assert "recording-seen-before" in rules(replay)
        assert (replay.status, replay.fingerprinted_at) == ("refused", None)
        assert str(first.id) not in str(replay.reasons)
