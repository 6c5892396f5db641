from __future__ import annotations

import hashlib
from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import ceremony, evidence, lifecycle, second_factor
from consent.errors import ConsentError
from consent.models import CeremonyRecording, CeremonySession, Challenge, ConsentRecord, SpeakerLink
from consent.verification import said_at
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.errors import KeyringError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask, send, take_phrase, terms
from tests.consent.records import EVIDENCE
from tests.mailbox import enter, read_code


def run_out(challenge: Challenge) -> None:
    Challenge.objects.filter(id=challenge.id).update(expires_at=timezone.now() - timedelta(seconds=1))


def another_session(consent: ConsentRecord) -> CeremonySession:
    """A second browser of the same speaker, through the second factor like the first."""
    link = SpeakerLink.objects.get(consent=consent, kind="ceremony")
    second_factor.send_code(link.id)
    return second_factor.find_session(link.id, second_factor.confirm(link.id, read_code(consent)).token)


def announce(challenge: Challenge, audio: bytes, *, session: CeremonySession | None = None) -> Challenge:
    """Say which bytes will come, as the page does that has just recorded them."""
    mine = session or challenge.session
    assert mine is not None
    sha256 = hashlib.sha256(audio).hexdigest()
    return ceremony.commit_recording(challenge.consent, challenge_id=challenge.id, sha256=sha256, session=mine)


def longer_by(audio: bytes, seconds: float) -> bytes:
    """The same sound followed by silence: another recording, byte for byte."""
    sound = decode(audio).waveform
    silence = np.zeros(round(seconds * sound.rate), np.float32)
    return encode_wav(Waveform(np.concatenate([sound.samples, silence]), sound.rate))


class TestNotice:
    def test_the_first_showing_counts(self, asked: ConsentRecord) -> None:
        first = asked.notice_shown_at
        ceremony.show_notice(asked)
        assert ConsentRecord.objects.get(id=asked.id).notice_shown_at == first
        shown = [entry for entry in entries(about=asked.id) if entry.event == Event.CONSENT_NOTICE_SHOWN]
        assert len(shown) == 1

    def test_without_it_there_is_no_phrase(self, in_northwind: Organisation) -> None:
        consent, _ = ceremony.request_consent(**terms())
        with pytest.raises(ConsentError, match="Show the speaker the notice"):
            take_phrase(consent)
        assert not Challenge.objects.exists()


class TestChallenge:
    def test_lasts_as_long_as_the_settings_say(self, asked: ConsentRecord) -> None:
        before = timezone.now()
        challenge = take_phrase(asked)
        lasts = (challenge.expires_at - before).total_seconds()
        assert settings.CHALLENGE_SECONDS <= lasts < settings.CHALLENGE_SECONDS + 5

    def test_a_new_one_ends_the_earlier(self, asked: ConsentRecord, sound: bytes) -> None:
        earlier, later = take_phrase(asked), take_phrase(asked)
        assert earlier.phrase != later.phrase
        with pytest.raises(ConsentError) as caught:
            send(earlier, sound)
        assert caught.value.code == "challenge-expired"

    def test_there_is_none_for_a_consent_that_was_decided(self, asked: ConsentRecord) -> None:
        lifecycle.give(asked, evidence=EVIDENCE)
        with pytest.raises(ConsentError) as caught:
            take_phrase(asked)
        assert caught.value.code == "consent-already-decided"

    def test_the_phrase_is_not_on_the_record(self, asked: ConsentRecord) -> None:
        challenge = take_phrase(asked)
        assert challenge.phrase not in str([entry.data for entry in entries(about=asked.id)])

    def test_there_is_none_before_the_speaker_has_said_their_age(self, in_northwind: Organisation) -> None:
        consent, _ = ceremony.request_consent(**terms())
        ceremony.show_notice(consent)
        with pytest.raises(ConsentError) as caught:
            take_phrase(consent)
        assert caught.value.code == "age-not-declared"
        ceremony.declare_age(consent, adult=False)
        with pytest.raises(ConsentError) as caught:
            take_phrase(consent)
        assert caught.value.code == "age-not-declared"
        ceremony.declare_age(consent, adult=True)
        assert take_phrase(consent).session == enter(consent)

    def test_what_was_said_of_the_age_is_on_the_record(self, asked: ConsentRecord) -> None:
        (declared,) = [entry for entry in entries(about=asked.id) if entry.event == Event.CONSENT_AGE_DECLARED]
        assert declared.data == {"adult": True}


class TestRecording:
    def test_is_sealed_for_its_speaker_and_opens_for_nobody_else(self, asked: ConsentRecord, sound: bytes) -> None:
        recording = send(take_phrase(asked), sound)
        assert recording.status == "received"
        assert evidence.open_recording(recording).seconds == pytest.approx(0.25)
        with pytest.raises(KeyringError):
            blobs.get(recording.blob, subject_id=asked.id, kind=evidence.RECORDING_KIND, object_id=recording.id)

    def test_a_phrase_is_good_for_one_recording(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = take_phrase(asked)
        send(challenge, sound)
        with pytest.raises(ConsentError) as caught:
            send(challenge, longer_by(sound, 0.1))
        assert caught.value.code == "challenge-used"

    def test_the_same_recording_is_taken_once_whatever_the_phrase(self, ask: Ask, sound: bytes) -> None:
        first, second = ask(), ask()
        send(take_phrase(first), sound)
        with pytest.raises(ConsentError) as caught:
            send(take_phrase(second), sound)
        assert caught.value.code == "recording-seen-before"

    def test_a_phrase_belongs_to_one_consent(self, ask: Ask, sound: bytes) -> None:
        mine, theirs = ask(), ask()
        challenge = take_phrase(theirs)
        with pytest.raises(ConsentError) as caught:
            send(challenge, sound, consent=mine)
        assert caught.value.code == "challenge-unknown"
        assert Challenge.objects.get(id=challenge.id).used_at is None

    def test_a_phrase_that_ran_out_is_refused(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = take_phrase(asked)
        run_out(challenge)
        with pytest.raises(ConsentError) as caught:
            send(challenge, sound)
        assert caught.value.code == "challenge-expired"

    def test_a_phrase_of_another_session_is_refused_and_stays_good_in_its_own(
        self, asked: ConsentRecord, sound: bytes
    ) -> None:
        challenge = take_phrase(asked)
        elsewhere = another_session(asked)
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound, session=elsewhere)
        assert caught.value.code == "challenge-of-another-session"
        assert send(challenge, sound).status == "received"

    @pytest.mark.parametrize("audio", [b"", b"RIFF", b"\x00" * 5_000])
    def test_bytes_that_are_no_sound_leave_nothing_and_the_phrase_stays_good(
        self, asked: ConsentRecord, sound: bytes, audio: bytes
    ) -> None:
        challenge = take_phrase(asked)
        with pytest.raises(AudioError):
            send(challenge, audio)
        assert not CeremonyRecording.objects.exists()
        assert send(challenge, sound).status == "received"

    def test_a_recording_that_is_too_long_is_refused(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = take_phrase(asked)
        with pytest.raises(AudioError) as caught:
            send(challenge, longer_by(sound, 120))
        assert caught.value.code == "audio-too-long"

    def test_another_organisation_has_no_such_consent(
        self, asked: ConsentRecord, rival: Organisation, sound: bytes
    ) -> None:
        challenge = take_phrase(asked)
        with organisation_scope(rival.id, actor="system"), pytest.raises(ConsentRecord.DoesNotExist):
            send(challenge, sound)

    def test_what_happened_is_on_the_record_in_order(self, asked: ConsentRecord, sound: bytes) -> None:
        send(take_phrase(asked), sound)
        assert [entry.event for entry in entries(about=asked.id)] == [
            Event.CONSENT_REQUESTED,
            Event.CONSENT_NOTICE_SHOWN,
            Event.CONSENT_AGE_DECLARED,
            Event.CONSENT_CODE_SENT,
            Event.CONSENT_SESSION_OPENED,
            Event.CONSENT_CHALLENGE_ISSUED,
            Event.CONSENT_RECORDING_RECEIVED,
        ]
        written = str([entry.data for entry in entries(about=asked.id)])
        assert ("Amara" in written, "amara" in written) == (False, False)


class TestAnnouncing:
    """A slow network makes nobody late: what was announced in time may arrive for half an hour."""

    def test_announced_bytes_are_taken_after_the_phrase_ran_out_and_count_as_said_in_time(
        self, asked: ConsentRecord, sound: bytes
    ) -> None:
        challenge = announce(take_phrase(asked), sound)
        run_out(challenge)
        recording = send(challenge, sound)
        used = Challenge.objects.get(id=challenge.id)
        assert used.committed_at is not None
        assert recording.received_at > used.expires_at
        assert said_at(CeremonyRecording.objects.get(id=recording.id)) == used.committed_at

    def test_other_bytes_are_late_and_the_announced_ones_stay_welcome(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = announce(take_phrase(asked), sound)
        run_out(challenge)
        with pytest.raises(ConsentError) as caught:
            send(challenge, longer_by(sound, 0.1))
        assert caught.value.code == "challenge-expired"
        assert send(challenge, sound).status == "received"

    def test_other_bytes_in_time_count_from_when_they_came(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = announce(take_phrase(asked), sound)
        recording = send(challenge, longer_by(sound, 0.1))
        assert said_at(CeremonyRecording.objects.get(id=recording.id)) == recording.received_at

    def test_after_half_an_hour_they_are_late_too(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = announce(take_phrase(asked), sound)
        run_out(challenge)
        announced = Challenge.objects.filter(id=challenge.id)
        announced.update(committed_at=timezone.now() - timedelta(minutes=31))
        with pytest.raises(ConsentError) as caught:
            send(challenge, sound)
        assert caught.value.code == "challenge-expired"
        announced.update(committed_at=timezone.now() - timedelta(minutes=29))
        assert send(challenge, sound).status == "received"

    def test_another_session_may_neither_announce_nor_send(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = take_phrase(asked)
        elsewhere = another_session(asked)
        with pytest.raises(ConsentError) as caught:
            announce(challenge, sound, session=elsewhere)
        assert caught.value.code == "challenge-of-another-session"
        assert Challenge.objects.get(id=challenge.id).committed_at is None
        run_out(announce(challenge, sound))
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound, session=elsewhere)
        assert caught.value.code == "challenge-of-another-session"

    def test_nothing_is_announced_for_a_phrase_that_ran_out_or_was_used(
        self, ask: Ask, asked: ConsentRecord, sound: bytes
    ) -> None:
        late, used = take_phrase(asked), take_phrase(ask())
        run_out(late)
        send(used, sound)
        codes = []
        for challenge in (late, used):
            with pytest.raises(ConsentError) as caught:
                announce(challenge, longer_by(sound, 0.1))
            codes.append(caught.value.code)
        assert codes == ["challenge-expired", "challenge-used"]

    @pytest.mark.parametrize("sha256", ["", "ab" * 31, "AB" * 32, "ab" * 32 + "\n"])
    def test_what_is_no_hash_announces_nothing(self, asked: ConsentRecord, sha256: str) -> None:
        challenge = take_phrase(asked)
        assert challenge.session is not None
        with pytest.raises(ConsentError):
            ceremony.commit_recording(asked, challenge_id=challenge.id, sha256=sha256, session=challenge.session)
        assert Challenge.objects.get(id=challenge.id).committed_sha256 == ""

    def test_it_is_on_the_record(self, asked: ConsentRecord, sound: bytes) -> None:
        announce(take_phrase(asked), sound)
        entry = entries(about=asked.id)[-1]
        assert (entry.event, entry.data) == (
            Event.CONSENT_RECORDING_COMMITTED,
            {"sha256": hashlib.sha256(sound).hexdigest()},
        )
