"""A speaker records sentence by sentence: each is checked at once, may be said again, and all go into one voice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from django.core.files.storage import storages
from django.db import connection, transaction
from django.test import TestCase
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import lifecycle
from consent.models import ConsentRecord
from deploy.demo.cast import AMARA, PASSAGES, say
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.destroyed import Destroyed
from tenancy.errors import KeyringError
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.consent.records import consent_of
from voices import offers, vault
from voices.errors import VoiceError
from voices.models import OfferedSample, Voice
from voices.sentences import sentences
from voices.tasks import check_offer, resend_offers

TEXTS = sentences("en").texts
NEEDED = sentences("en").needed


def audio_of(sample: OfferedSample) -> bytes:
    subject = sample.consent.speaker_id
    return blobs.get(sample.blob, subject_id=subject, kind=offers.KIND, object_id=sample.id)


def checked(sample: OfferedSample) -> tuple[str, list[str]]:
    """What the queue makes of one sentence."""
    check_offer(str(sample.organisation_id), str(sample.id))
    sample.refresh_from_db()
    return sample.status, [reason["rule"] for reason in sample.reasons]


def record(consent: ConsentRecord, speech: list[bytes], *, good: int) -> list[OfferedSample]:
    """One sentence for each recording, of which so many were found good."""
    made = [offers.offer(consent, number=number, audio=audio) for number, audio in enumerate(speech, start=1)]
    OfferedSample.objects.filter(consent=consent, number__lte=good).update(status="good")
    OfferedSample.objects.filter(consent=consent, number__gt=good).update(status="refused")
    return made


class TestOffering:
    def test_a_sentence_is_sealed_for_its_speaker_and_waits_to_be_checked(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        sample = offers.offer(given, number=3, audio=amaras_speech[0])
        assert (sample.status, sample.number, offers.offered(given)) == ("checking", 3, [sample])
        assert audio_of(sample) == amaras_speech[0]
        with pytest.raises(KeyringError):
            blobs.get(sample.blob, subject_id=given.id, kind=offers.KIND, object_id=sample.id)

    def test_it_is_sent_to_be_checked_once_it_is_committed_and_again_when_its_message_was_lost(
        self, given: ConsentRecord, amaras_speech: list[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[tuple[str, tuple[str, str]]] = []
        monkeypatch.setattr(offers.current_app, "send_task", lambda name, *, args: sent.append((name, args)))
        with TestCase.captureOnCommitCallbacks(execute=True):
            sample = offers.offer(given, number=1, audio=amaras_speech[0])
            assert sent == []
        once = (offers.TASK, (str(given.organisation_id), str(sample.id)))
        assert sent == [once]
        for minutes, status, times in ((1, "checking", 1), (3, "checking", 2), (3, "good", 2)):
            since = timezone.now() - timedelta(minutes=minutes)
            OfferedSample.objects.filter(id=sample.id).update(offered_at=since, status=status)
            with TestCase.captureOnCommitCallbacks(execute=True):
                resend_offers()
            assert sent == [once] * times

    def test_said_again_it_takes_the_place_and_the_earlier_sound_is_deleted(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        earlier, beside = (offers.offer(given, number=number, audio=amaras_speech[number]) for number in (1, 2))
        with TestCase.captureOnCommitCallbacks(execute=True):
            later = offers.offer(given, number=1, audio=amaras_speech[3])
        assert offers.offered(given) == [later, beside]
        kept = [storages["blobs"].exists(sample.blob) for sample in (earlier, later, beside)]
        assert kept == [False, True, True]

    def test_the_check_of_one_that_was_replaced_meanwhile_says_nothing(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        earlier = offers.offer(given, number=1, audio=amaras_speech[1])
        later = offers.offer(given, number=1, audio=amaras_speech[2])
        check_offer(str(given.organisation_id), str(earlier.id))
        assert [(sample.id, sample.status) for sample in offers.offered(given)] == [(later.id, "checking")]

    @pytest.mark.parametrize("number", [-1, 0, len(TEXTS) + 1])
    def test_a_number_that_is_no_sentence_is_unknown(
        self, given: ConsentRecord, amaras_speech: list[bytes], number: int
    ) -> None:
        with pytest.raises(VoiceError) as caught:
            offers.offer(given, number=number, audio=amaras_speech[0])
        assert (caught.value.code, offers.offered(given)) == ("samples-unknown", [])

    @pytest.mark.parametrize("seconds", [None, 61.0])
    def test_what_is_no_sound_or_too_long_leaves_the_earlier_one(
        self, given: ConsentRecord, amaras_speech: list[bytes], seconds: float | None
    ) -> None:
        sample = offers.offer(given, number=1, audio=amaras_speech[0])
        silence = (
            b"no sound" if seconds is None else encode_wav(Waveform(np.zeros(int(16_000 * seconds), "f4"), 16_000))
        )
        with pytest.raises(AudioError):
            offers.offer(given, number=1, audio=silence)
        assert offers.offered(given) == [sample]

    @pytest.mark.parametrize("stands", [False, True])
    def test_only_a_consent_that_stands_admits_any(
        self, asked: ConsentRecord, amaras_speech: list[bytes], stands: bool
    ) -> None:
        if stands:
            lifecycle.give(asked, evidence={})
        lifecycle.withdraw(asked)
        with pytest.raises(VoiceError) as caught:
            offers.offer(asked, number=1, audio=amaras_speech[0])
        assert (caught.value.code, offers.offered(asked)) == ("consent-not-active", [])


@pytest.mark.usefixtures("committed_db")
def test_one_that_comes_beside_a_withdrawal_is_not_kept(amaras_speech: list[bytes]) -> None:
    amara = meet(found("Northwind"), "Amara")
    with organisation_scope(amara.organisation_id, actor="system"):
        consent = consent_of(amara, "narration", status="given")
    codes: list[str] = []

    def offer() -> None:
        try:
            with organisation_scope(amara.organisation_id, actor="system"):
                offers.offer(consent, number=1, audio=amaras_speech[0])
        except VoiceError as error:
            codes.append(error.code)
        connection.close()

    beside = threading.Thread(target=offer)
    with organisation_scope(amara.organisation_id, actor="system"), transaction.atomic():
        lifecycle.withdraw(consent)
        beside.start()
        time.sleep(1.0)  # by then it waits for the consent's row, and has not looked at what it says
        assert beside.is_alive()
    beside.join()
    with organisation_scope(amara.organisation_id, actor="system"):
        assert (codes, offers.offered(consent)) == (["consent-not-active"], [])


class TestHandingIn:
    def test_all_good_ones_make_one_voice_and_nothing_else_is_kept(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        made = record(given, amaras_speech[: NEEDED + 1], good=NEEDED)
        with TestCase.captureOnCommitCallbacks(execute=True):
            voice = offers.hand_in(given, name="Amara", language="en")
        assert (voice.consent, voice.speaker_id, voice.status) == (given, given.speaker_id, "checking")
        assert [sample.sha256 for sample in voice.samples.all()] == [sample.sha256 for sample in made[:NEEDED]]
        assert vault.open_sample(voice, voice.samples.all()[0]).seconds > 1
        assert offers.offered(given) == []
        assert not any(storages["blobs"].exists(sample.blob) for sample in made)
        assert [entry.event for entry in entries(about=voice.id)] == [Event.VOICE_CREATED]

    def test_too_few_good_ones_are_not_handed_in_and_stay(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        made = record(given, amaras_speech[:NEEDED], good=NEEDED - 1)
        with pytest.raises(VoiceError) as caught:
            offers.hand_in(given, name="Amara", language="en")
        assert (caught.value.code, Voice.objects.exists()) == ("samples-missing", False)
        assert offers.offered(given) == made

    def test_they_are_handed_in_once(self, given: ConsentRecord, amaras_speech: list[bytes]) -> None:
        record(given, amaras_speech[:NEEDED], good=NEEDED)
        voice = offers.hand_in(given, name="Amara", language="en")
        with pytest.raises(VoiceError) as caught:
            offers.hand_in(given, name="Amara", language="en")
        assert (caught.value.code, Voice.objects.get()) == ("samples-missing", voice)

    def test_after_a_withdrawal_nothing_is_made_of_them(self, given: ConsentRecord, amaras_speech: list[bytes]) -> None:
        record(given, amaras_speech[:NEEDED], good=NEEDED)
        lifecycle.withdraw(given)
        with pytest.raises(VoiceError) as caught:
            offers.hand_in(given, name="Amara", language="en")
        assert (caught.value.code, Voice.objects.exists()) == ("consent-not-active", False)


def test_erasing_deletes_the_sound_and_names_each_by_its_hash(given: ConsentRecord, amaras_speech: list[bytes]) -> None:
    made = record(given, amaras_speech[:2], good=1)
    with TestCase.captureOnCommitCallbacks(execute=True):
        gone = offers.erase(given.id)
    assert gone == [Destroyed(offers.KIND, UUID(str(sample.id)), sample.sha256) for sample in made]
    assert offers.offered(given) == []
    assert not any(storages["blobs"].exists(sample.blob) for sample in made)
    assert offers.erase(given.id) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestChecking:
    """With the real ears; a stock voice reads."""

    def test_the_whole_sentence_is_good(self, given: ConsentRecord) -> None:
        sample = offers.offer(given, number=1, audio=say(AMARA, TEXTS[0]))
        assert checked(sample) == ("good", [])
        assert 3 < (sample.net_speech_seconds or 0) < 10
        assert checked(sample) == ("good", [])

    def test_another_sentence_is_not_it(self, given: ConsentRecord) -> None:
        sample = offers.offer(given, number=1, audio=say(AMARA, PASSAGES[0]))
        assert checked(sample) == ("refused", ["sentence-not-heard"])
        assert sample.reasons[0]["measured"]["word_error_rate"] > offers.MOST_WORDS_WRONG
        assert sample.reasons[0]["way_forward"]

    def test_a_tone_holds_no_speech(self, given: ConsentRecord) -> None:
        ticks = np.arange(32_000, dtype=np.float32)
        tone = Waveform((0.1 * np.sin(2 * np.pi * 220 * ticks / 16_000)).astype(np.float32), 16_000)
        status, rules = checked(offers.offer(given, number=1, audio=encode_wav(tone)))
        assert (status, rules[-1]) == ("refused", "too-little-speech")
