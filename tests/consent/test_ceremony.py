from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import ceremony, evidence, lifecycle
from consent.errors import ConsentError
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Speaker
from consent.notice import fingerprint
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.errors import KeyringError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask, terms
from tests.consent.records import EVIDENCE


def longer_by(audio: bytes, seconds: float) -> bytes:
    """The same sound followed by silence: another recording, byte for byte."""
    sound = decode(audio).waveform
    silence = np.zeros(round(seconds * sound.rate), np.float32)
    return encode_wav(Waveform(np.concatenate([sound.samples, silence]), sound.rate))


@pytest.mark.usefixtures("in_northwind")
class TestRequest:
    def test_keeps_the_very_words_that_will_be_shown(self, northwind: Organisation) -> None:
        consent, _ = ceremony.request_consent(**terms())
        assert consent.status == "requested"
        assert "I am Amara Okafor. I agree that Northwind" in consent.statement
        assert consent.notice_sha256 == fingerprint(consent.notice_text, consent.statement)
        assert (consent.locale, consent.organisation_id) == ("en", northwind.id)

    def test_the_link_opens_this_ceremony(self) -> None:
        consent, token = ceremony.request_consent(**terms())
        assert ceremony.find_link(token, kind="ceremony").consent_id == consent.id

    def test_two_people_of_one_name_are_two_speakers(self) -> None:
        first, _ = ceremony.request_consent(**terms())
        second, _ = ceremony.request_consent(**terms())
        assert first.speaker_id != second.speaker_id

    def test_a_known_speaker_can_be_asked_again(self, amara: Speaker) -> None:
        consent, _ = ceremony.request_consent(**terms(speaker_id=amara.id))
        assert consent.speaker_id == amara.id

    def test_purposes_are_kept_once_each_and_inactive(self) -> None:
        consent, _ = ceremony.request_consent(**terms(purposes=["games", "narration", "games"]))
        assert sorted(consent.purposes.values_list("purpose", "active")) == [("games", False), ("narration", False)]

    def test_languages_are_kept_without_region(self) -> None:
        consent, _ = ceremony.request_consent(**terms(languages=["en-GB", "en", "de"]))
        assert consent.languages == ["de", "en"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"purposes": ["world-domination"]},
            {"purposes": []},
            {"languages": []},
            {"intended_use": "  "},
            {"speaker_name": "\n"},
            {"valid_until": timezone.now() - timedelta(seconds=1)},
            {"locale": "xx"},
        ],
    )
    def test_terms_nobody_can_agree_to_are_refused_and_nothing_is_kept(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ConsentError) as caught:
            ceremony.request_consent(**terms(**wrong))
        assert caught.value.code == "consent-scope"
        assert not ConsentRecord.objects.exists()
        assert not Speaker.objects.exists()


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
            ceremony.issue_challenge(consent)
        assert not Challenge.objects.exists()


class TestChallenge:
    def test_lasts_as_long_as_the_settings_say(self, asked: ConsentRecord) -> None:
        before = timezone.now()
        challenge = ceremony.issue_challenge(asked)
        lasts = (challenge.expires_at - before).total_seconds()
        assert settings.CHALLENGE_SECONDS <= lasts < settings.CHALLENGE_SECONDS + 5

    def test_a_new_one_ends_the_earlier(self, asked: ConsentRecord, sound: bytes) -> None:
        earlier, later = ceremony.issue_challenge(asked), ceremony.issue_challenge(asked)
        assert earlier.phrase != later.phrase
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(asked, challenge_id=earlier.id, audio=sound)
        assert caught.value.code == "challenge-expired"

    def test_there_is_none_for_a_consent_that_was_decided(self, asked: ConsentRecord) -> None:
        lifecycle.give(asked, evidence=EVIDENCE)
        with pytest.raises(ConsentError) as caught:
            ceremony.issue_challenge(asked)
        assert caught.value.code == "consent-already-decided"

    def test_the_phrase_is_not_on_the_record(self, asked: ConsentRecord) -> None:
        challenge = ceremony.issue_challenge(asked)
        assert challenge.phrase not in str([entry.data for entry in entries(about=asked.id)])


class TestRecording:
    def test_is_sealed_for_its_speaker_and_opens_for_nobody_else(self, asked: ConsentRecord, sound: bytes) -> None:
        recording = ceremony.receive_recording(asked, challenge_id=ceremony.issue_challenge(asked).id, audio=sound)
        assert recording.status == "received"
        assert evidence.open_recording(recording).seconds == pytest.approx(0.25)
        with pytest.raises(KeyringError):
            blobs.get(recording.blob, subject_id=asked.id, kind=evidence.RECORDING_KIND, object_id=recording.id)

    def test_a_phrase_is_good_for_one_recording(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = ceremony.issue_challenge(asked)
        ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound)
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=longer_by(sound, 0.1))
        assert caught.value.code == "challenge-used"

    def test_the_same_recording_is_taken_once_whatever_the_phrase(self, ask: Ask, sound: bytes) -> None:
        first, second = ask(), ask()
        ceremony.receive_recording(first, challenge_id=ceremony.issue_challenge(first).id, audio=sound)
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(second, challenge_id=ceremony.issue_challenge(second).id, audio=sound)
        assert caught.value.code == "recording-seen-before"

    def test_a_phrase_belongs_to_one_consent(self, ask: Ask, sound: bytes) -> None:
        mine, theirs = ask(), ask()
        challenge = ceremony.issue_challenge(theirs)
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(mine, challenge_id=challenge.id, audio=sound)
        assert caught.value.code == "challenge-unknown"
        assert Challenge.objects.get(id=challenge.id).used_at is None

    def test_a_phrase_that_ran_out_is_refused(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = ceremony.issue_challenge(asked)
        Challenge.objects.filter(id=challenge.id).update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(ConsentError) as caught:
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound)
        assert caught.value.code == "challenge-expired"

    @pytest.mark.parametrize("audio", [b"", b"RIFF", b"\x00" * 5_000])
    def test_bytes_that_are_no_sound_leave_nothing_and_the_phrase_stays_good(
        self, asked: ConsentRecord, sound: bytes, audio: bytes
    ) -> None:
        challenge = ceremony.issue_challenge(asked)
        with pytest.raises(AudioError):
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=audio)
        assert not CeremonyRecording.objects.exists()
        assert ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound).status == "received"

    def test_a_recording_that_is_too_long_is_refused(self, asked: ConsentRecord, sound: bytes) -> None:
        challenge = ceremony.issue_challenge(asked)
        with pytest.raises(AudioError) as caught:
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=longer_by(sound, 120))
        assert caught.value.code == "audio-too-long"

    def test_another_organisation_has_no_such_consent(
        self, asked: ConsentRecord, rival: Organisation, sound: bytes
    ) -> None:
        challenge = ceremony.issue_challenge(asked)
        with organisation_scope(rival.id, actor="system"), pytest.raises(ConsentRecord.DoesNotExist):
            ceremony.receive_recording(asked, challenge_id=challenge.id, audio=sound)

    def test_what_happened_is_on_the_record_in_order(self, asked: ConsentRecord, sound: bytes) -> None:
        ceremony.receive_recording(asked, challenge_id=ceremony.issue_challenge(asked).id, audio=sound)
        assert [entry.event for entry in entries(about=asked.id)] == [
            Event.CONSENT_REQUESTED,
            Event.CONSENT_NOTICE_SHOWN,
            Event.CONSENT_CHALLENGE_ISSUED,
            Event.CONSENT_RECORDING_RECEIVED,
        ]
        assert "Amara" not in str([entry.data for entry in entries(about=asked.id)])
