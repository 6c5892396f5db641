"""What an erasure destroys, what it leaves, and what its certificate says about both."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import storages
from django.db import connection
from django.db.utils import ProgrammingError
from django.utils import timezone

from audit.openings import opening_of
from audit.queries import entries
from consent import evidence, receipts
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Receipt
from governance import certificates, delivery, erasure_ledger, legal_holds, withdrawal
from governance.erasure import erase
from governance.erasure_repair import delete_leftovers
from governance.errors import ErasureError
from governance.models import Clip, ClipFile, DestructionCertificate
from safety.comparison import Embedding, VoiceEmbedding
from tenancy import blobs, keyring
from tenancy.errors import ShreddedError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.consent.records import consent_of
from tests.governance.conftest import ApiClient, give_voice
from tests.governance.test_withdrawal import MODEL, make_clip
from voices import vault
from voices.models import Sample, Voice

SPOKEN = np.random.default_rng(7).normal(size=192).astype(np.float32)
SOUND = np.random.default_rng(8).bytes(40_000)
VECTOR = np.asarray(SPOKEN / np.linalg.norm(SPOKEN), dtype=np.float32)


def keep_everything(voice: Voice) -> dict[str, int]:
    """Everything that can be kept of a speaker: how many of each kind."""
    for position in (1, 2):
        sample = Sample(id=new_id(), organisation_id=voice.organisation_id, voice=voice, position=position)
        sample.blob, sample.sha256 = vault.seal_sample(voice, SOUND, sample_id=sample.id), f"{position:064}"
        sample.save()
        vault.seal_transcript(voice, sample, "words")
    vault.seal_reference(voice, VoiceEmbedding((Embedding(MODEL, VECTOR),), 20.0, 8_000.0))
    keep_ceremony(voice.consent)
    make_clip(voice)
    return {
        "ceremony-embedding": 1, "ceremony-recording": 1, "clip-fingerprint": 1, "clip-mp3": 1, "clip-wav": 1,
        "sample": 2, "sample-transcript": 2, "voice-reference": 1,
    }  # fmt: skip


def keep_ceremony(consent: ConsentRecord) -> CeremonyRecording:
    now = timezone.now()
    challenge = Challenge.objects.create(
        organisation_id=consent.organisation_id, consent=consent, phrase="", expires_at=now, used_at=now
    )
    recording = CeremonyRecording(organisation_id=consent.organisation_id, consent=consent, challenge=challenge)
    recording.sha256, recording.status = new_id().hex * 2, "accepted"
    evidence.seal_recording(recording, SOUND)
    evidence.seal_embedding(recording, VoiceEmbedding((Embedding(MODEL, VECTOR),), 20.0, 8_000.0))
    recording.save()
    return recording


def files_of(organisation: Organisation) -> list[str]:
    kinds, _ = storages["blobs"].listdir(str(organisation.id))
    return [file for kind in kinds for file in storages["blobs"].listdir(f"{organisation.id}/{kind}")[1]]


@pytest.fixture
def voice(in_northwind: Organisation) -> Voice:
    return give_voice(in_northwind)


class TestErasing:
    def test_every_kind_of_thing_that_is_kept_is_destroyed_and_certified(
        self, voice: Voice, in_northwind: Organisation, django_capture_on_commit_callbacks: Any
    ) -> None:
        kept = keep_everything(voice)
        assert len(files_of(in_northwind)) == sum(kept.values())
        with django_capture_on_commit_callbacks(execute=True):
            certificate = erase(voice.speaker_id, reason="consent-withdrawn", consent_id=voice.consent_id)
        destroyed = certificate.body["destroyed"]
        assert destroyed["counts"] == kept
        assert (destroyed["voices_erased"], destroyed["clips_stopped"]) == (1, 1)
        hashes = {item["sha256"] for item in destroyed["objects"] if item["kind"] == "sample"}
        assert hashes == {f"{1:064}", f"{2:064}"}
        assert files_of(in_northwind) == []
        assert not keyring.subject_key_exists(subject_id=voice.speaker_id)
        with pytest.raises(ShreddedError):
            blobs.put(b"new", subject_id=voice.speaker_id, kind="sample", object_id=new_id())

    def test_a_second_time_nothing_is_left_and_the_first_certificate_comes_back(self, voice: Voice) -> None:
        keep_everything(voice)
        first = erase(voice.speaker_id, reason="consent-withdrawn", consent_id=voice.consent_id)
        before = entries(limit=1_000)
        assert erase(voice.speaker_id, reason="consent-withdrawn", consent_id=voice.consent_id) == first
        assert erase(voice.speaker_id, reason="speaker-inactive") == first
        assert entries(limit=1_000) == before

    def test_without_a_consent_everything_of_the_speaker_goes_and_open_consents_lapse(self, voice: Voice) -> None:
        consent_of(voice.speaker, "games")
        certificate = erase(voice.speaker_id, reason="speaker-inactive")
        assert set(ConsentRecord.objects.values_list("status", flat=True)) == {"expired"}
        assert (certificate.consent_id, certificate.key_shredded) == (None, True)
        lapsed = [entry for entry in entries(about=voice.consent_id) if entry.event == "consent:record:expired"]
        assert [entry.data["reason"] for entry in lapsed] == ["speaker-inactive"]

    def test_another_persons_consent_is_no_occasion(self, voice: Voice, in_northwind: Organisation) -> None:
        other = consent_of(meet(in_northwind, "Ivo"), "narration")
        with pytest.raises(ErasureError, match="no such consent"):
            erase(voice.speaker_id, reason="consent-withdrawn", consent_id=other.id)

    def test_a_reason_is_words_and_nothing_else(self, voice: Voice) -> None:
        with pytest.raises(ErasureError, match="no reason"):
            erase(voice.speaker_id, reason="Amara Okafor asked")

    def test_another_organisation_can_erase_nothing(self, voice: Voice, rival: Organisation) -> None:
        with organisation_scope(rival.id, actor="system"), pytest.raises(ErasureError):
            erase(voice.speaker_id, reason="consent-withdrawn", consent_id=voice.consent_id)
        assert keyring.subject_key_exists(subject_id=voice.speaker_id)


class TestAnotherConsent:
    """Promise 1: who withdraws one of two consents loses nothing of what stands on the other."""

    @pytest.fixture
    def second(self, voice: Voice) -> Voice:
        consent = consent_of(voice.speaker, "games", status="given")
        other = Voice.objects.create(
            organisation_id=voice.organisation_id, speaker=voice.speaker, consent=consent, name="B", language="en"
        )
        vault.seal_reference(other, VoiceEmbedding((Embedding(MODEL, VECTOR),), 20.0, 8_000.0))
        return other

    def test_what_stands_on_the_other_stays_and_the_certificate_says_so(self, voice: Voice, second: Voice) -> None:
        keep_everything(voice)
        certificate = withdrawal.withdraw(voice.consent_id).certificate
        assert certificate.body["destroyed"]["subject_key"] == "kept for another consent"
        assert "another consent that still stands" in " ".join(certificate.body["in_plain_words"])
        assert vault.open_reference(second, models=[MODEL]).models == (MODEL,)
        assert not ClipFile.objects.filter(clip__voice=voice).exclude(blob="").exists()
        events = [entry.event.value for entry in entries(about=voice.speaker_id, limit=1_000)]
        assert "consent:material:erased" in events
        assert "subject:record:erased" not in events

    def test_with_the_last_one_the_key_goes(self, voice: Voice, second: Voice) -> None:
        withdrawal.withdraw(voice.consent_id)
        done = withdrawal.withdraw(second.consent_id)
        assert (done.key_shredded, done.voices_erased) == (True, 1)
        shown = certificates.of_consent(voice.consent_id, speaker_id=voice.speaker_id)
        assert shown is not None
        assert shown.key_shredded is False


@pytest.mark.usefixtures("committed_db")
def test_of_two_consents_withdrawn_at_once_the_second_shreds_the_key() -> None:
    voice = give_voice(found("Northwind"))
    with organisation_scope(voice.organisation_id, actor="system"):
        second = consent_of(voice.speaker, "games", status="given")
    start = threading.Barrier(2)
    shredded: list[bool] = []

    def run(consent_id: Any) -> None:
        start.wait()
        with organisation_scope(voice.organisation_id, actor="system"):
            shredded.append(withdrawal.withdraw(consent_id).key_shredded)
        connection.close()

    threads = [threading.Thread(target=run, args=(consent_id,)) for consent_id in (voice.consent_id, second.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(shredded) == [False, True]


class TestLegalHold:
    @pytest.fixture
    def hold(self, voice: Voice) -> legal_holds.LegalHold:
        keep_everything(voice)
        return legal_holds.place(voice.speaker_id, reason="Order 7", placed_by="A court", covers_biometric=True)

    def test_uses_end_but_the_voice_is_kept_and_the_certificate_says_why(
        self, voice: Voice, hold: legal_holds.LegalHold
    ) -> None:
        certificate = withdrawal.withdraw(voice.consent_id).certificate
        assert certificate.body["destroyed"]["objects"] == []
        assert str(hold.id) in str(certificate.body["not_destroyed"])
        assert Clip.objects.get(voice=voice).unreleasable_since is not None
        assert vault.open_reference(voice, models=[MODEL]).models == (MODEL,)
        assert "subject:erasure:postponed" in [entry.event.value for entry in entries(about=voice.speaker_id)]

    def test_once_it_is_lifted_the_voice_goes_under_a_new_certificate(
        self, voice: Voice, hold: legal_holds.LegalHold
    ) -> None:
        first = withdrawal.withdraw(voice.consent_id).certificate
        legal_holds.lift(hold.id)
        second = erase(voice.speaker_id, reason="hold-lifted", consent_id=voice.consent_id)
        assert (second.id != first.id, second.key_shredded) == (True, True)
        assert second.body["destroyed"]["counts"]["sample"] == 2


class TestCertificate:
    @pytest.fixture
    def certificate(self, voice: Voice) -> DestructionCertificate:
        keep_everything(voice)
        return withdrawal.withdraw(voice.consent_id).certificate

    def test_it_verifies_as_it_was_signed_and_in_no_other_form(self, certificate: DestructionCertificate) -> None:
        signed = {"signature": certificate.signature, "key_id": certificate.key_id}
        assert certificates.verify(certificate.body, **signed)
        certificate.body["destroyed"]["counts"]["sample"] = 3
        assert not certificates.verify(certificate.body, **signed)

    def test_it_names_the_event_that_stands_in_the_log(self, certificate: DestructionCertificate) -> None:
        (erased,) = [entry for entry in entries(limit=1_000) if entry.event == "subject:record:erased"]
        assert certificate.body["how_to_check"]["event_id"] == str(erased.id) == str(certificate.entry_id)

    def test_it_says_what_could_not_be_destroyed_why_and_until_when(self, certificate: DestructionCertificate) -> None:
        left = certificate.body["not_destroyed"]
        assert [entry["what"].split()[0] for entry in left] == ["proof", "entries", "backups", "free", "working"]
        assert all(entry["why"] and entry["until"] for entry in left)

    def test_it_says_how_many_clips_had_been_fetched(self, voice: Voice) -> None:
        clip = make_clip(voice)
        make_clip(voice)
        delivery.release(clip.id, form="wav")
        delivery.release(clip.id, form="wav")
        left = withdrawal.withdraw(voice.consent_id).certificate.body["not_destroyed"]
        assert [entry["count"] for entry in left if "fetched" in entry["what"]] == [1]

    def test_the_application_cannot_change_or_delete_it(self, certificate: DestructionCertificate) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            DestructionCertificate.objects.filter(id=certificate.id).update(reason="nothing")

    def test_no_name_of_a_person_stands_in_it(self, certificate: DestructionCertificate) -> None:
        assert "Amara" not in str(certificate.body)


class TestSpeakersPage:
    @pytest.fixture
    def token(self, voice: Voice) -> str:
        receipt = Receipt.objects.create(
            organisation_id=voice.organisation_id, consent=voice.consent, body={}, signature="", key_id=""
        )
        return receipts.new_link(receipt)

    def test_the_speaker_gets_the_certificate_with_the_withdrawal_and_again_later(
        self, api: ApiClient, voice: Voice, token: str
    ) -> None:
        early = api.get(f"/v1/receipts/{token}/certificate")
        assert (early.status_code, early.json()["type"]) == (409, "/problems/certificate-not-ready")
        done = api.post(f"/v1/receipts/{token}/withdraw").json()
        assert (done["status"], done["key_shredded"]) == ("withdrawn", True)
        later = api.get(f"/v1/receipts/{token}/certificate").json()
        assert later == done["destruction"]
        assert later["certificate"]["consent_id"] == str(voice.consent_id)


def test_files_that_a_crash_left_are_deleted_and_others_are_not(voice: Voice, in_northwind: Organisation) -> None:
    keep_everything(voice)
    certificate = withdrawal.withdraw(voice.consent_id).certificate  # its files are never deleted: nothing commits
    other = give_voice(in_northwind, name="Ivo")
    vault.seal_reference(other, VoiceEmbedding((Embedding(MODEL, VECTOR),), 20.0, 8_000.0))
    assert delete_leftovers(in_northwind.id, [certificate]) == len(certificate.body["destroyed"]["objects"])
    assert len(files_of(in_northwind)) == 1


class TestLedger:
    def test_a_line_is_written_once_it_is_committed_and_repaired_when_it_was_not(
        self, voice: Voice, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            certificate = withdrawal.withdraw(voice.consent_id).certificate
        mine = erasure_ledger.line_of(certificate)
        assert mine not in erasure_ledger.read()
        erasure_ledger.repair()
        assert mine in erasure_ledger.read()
        for callback in callbacks:
            callback()
        assert erasure_ledger.read().count(mine) == 1
        assert erasure_ledger.settings.ERASURE_LEDGER.stat().st_mode & 0o777 == 0o600


def test_what_was_on_record_about_the_speaker_can_be_opened_by_nobody_afterwards(api: ApiClient, voice: Voice) -> None:
    assert api.ask(voice.id).status_code == 202
    assert api.ask(voice.id, purpose="marketing").status_code == 403
    with organisation_scope(voice.organisation_id, actor="system"):
        before = entries(about=voice.id)
        assert {str(entry.event) for entry in before} == {
            "synthesis:request:received",
            "synthesis:gate:decided",
            "synthesis:permit:issued",
        }
        assert all(opened.salt for entry in before for opened in opening_of(entry).salts)
        withdrawal.withdraw(voice.consent_id)
        assert not any(opened.salt for entry in before for opened in opening_of(entry).salts)
