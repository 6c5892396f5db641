"""The nightly job destroys what is due and nothing else, and says so on the record."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Receipt, Speaker, SpeakerLink
from governance import legal_holds, withdrawal
from governance.hold_models import LegalHold
from governance.models import DestructionCertificate, Detection
from governance.queue import app
from governance.retention import job, tasks
from governance.retention.interactions import last_interaction
from governance.retention.job import Report
from tenancy import blobs, keyring
from tenancy.ids import new_id
from tenancy.models import Organisation
from tests.governance.everything import Everything, keep
from voices.models import Sample, Voice

YEAR = timedelta(days=366)
Kept = Callable[..., Everything]


@pytest.fixture
def kept(in_northwind: Organisation) -> Kept:
    """Keeps everything of a speaker, who then was not heard of for `silent_for`."""

    def run(*, silent_for: timedelta = timedelta(0), **changes: Any) -> Everything:
        found = keep(in_northwind, held=False, **changes)
        rewind(found, silent_for)
        return found

    return run


def rewind(found: Everything, silent_for: timedelta) -> None:
    then = timezone.now() - silent_for
    consents = ConsentRecord.objects.filter(speaker=found.speaker)
    consents.update(requested_at=then, notice_shown_at=then)
    consents.exclude(given_at=None).update(given_at=then)
    CeremonyRecording.objects.filter(consent__speaker=found.speaker).update(received_at=then)


def end(found: Everything, *, since: timedelta, status: str = "expired") -> None:
    ConsentRecord.objects.filter(id=found.consent.id).update(status=status, ended_at=timezone.now() - since)


def run(organisation: Organisation) -> Report:
    return job.enforce(organisation.id)


def has_voice(found: Everything) -> bool:
    return keyring.subject_key_exists(subject_id=found.speaker.id)


class TestVoice:
    def test_a_consent_in_use_is_left_alone(self, northwind: Organisation, kept: Kept) -> None:
        found = kept(silent_for=YEAR)
        assert run(northwind) == Report()
        assert has_voice(found)

    def test_silence_longer_than_the_strictest_term_ends_it(self, northwind: Organisation, kept: Kept) -> None:
        found = kept(silent_for=2 * YEAR)
        assert run(northwind) == Report(voices=1)
        assert not has_voice(found)
        assert ConsentRecord.objects.get(id=found.consent.id).status == "expired"
        assert DestructionCertificate.objects.get().reason == "speaker-inactive"

    def test_where_only_illinois_applies_it_has_three_years(self, northwind: Organisation, kept: Kept) -> None:
        younger = kept(silent_for=2 * YEAR, jurisdictions=["US-IL"])
        older = kept(silent_for=3 * YEAR, jurisdictions=["US-IL"])
        assert run(northwind) == Report(voices=1)
        assert (has_voice(younger), has_voice(older)) == (True, False)

    def test_an_unknown_jurisdiction_gets_no_milder_treatment(self, northwind: Organisation, kept: Kept) -> None:
        found = kept(silent_for=2 * YEAR, jurisdictions=["US-IL", "ATLANTIS"])
        assert run(northwind) == Report(voices=1)
        assert not has_voice(found)

    def test_a_speaker_who_opens_their_link_is_heard_of(self, northwind: Organisation, kept: Kept) -> None:
        found = kept(silent_for=2 * YEAR)
        assert Client().get(f"/v1/receipts/{found.token}").status_code == 200
        assert run(northwind) == Report()
        assert has_voice(found)

    def test_what_is_done_with_the_voice_is_no_sign_of_the_speaker(self, kept: Kept) -> None:
        found = kept(silent_for=YEAR)
        assert found.clip.made_at > last_interaction(found.speaker.id)

    @pytest.mark.parametrize("status", ["expired", "withdrawn"])
    def test_what_an_ended_consent_left_behind_is_destroyed(
        self, northwind: Organisation, kept: Kept, status: str
    ) -> None:
        found = kept()
        end(found, since=timedelta(0), status=status)  # as if the erasure that goes with it had never happened
        assert run(northwind) == Report(voices=1)
        assert not has_voice(found)
        assert run(northwind) == Report()

    def test_an_ended_consent_beside_one_that_stands_takes_its_own_and_no_more(
        self, northwind: Organisation, kept: Kept, in_northwind: Organisation
    ) -> None:
        found, other = kept(), kept(name="Ivo")
        ConsentRecord.objects.filter(id=other.consent.id).update(speaker=found.speaker)
        end(found, since=timedelta(0))
        assert run(northwind) == Report(voices=1)
        assert has_voice(found)
        assert not CeremonyRecording.objects.filter(consent=found.consent).exclude(blob="").exists()
        assert run(northwind) == Report()


class TestProof:
    def test_it_outlives_the_voice_by_the_longest_term_and_no_longer(self, northwind: Organisation, kept: Kept) -> None:
        found = kept()
        withdrawal.withdraw(found.consent.id)
        end(found, since=timedelta(days=6 * 365), status="withdrawn")
        assert run(northwind) == Report()
        end(found, since=timedelta(days=6 * 366), status="withdrawn")
        assert run(northwind) == Report(proofs=1)
        assert run(northwind) == Report()

    def test_destroyed_no_word_name_or_hash_is_left(self, northwind: Organisation, kept: Kept) -> None:
        found = kept()
        withdrawal.withdraw(found.consent.id)
        hashes = list(CeremonyRecording.objects.values_list("sha256", flat=True))
        end(found, since=7 * YEAR, status="withdrawn")
        run(northwind)
        consent = ConsentRecord.objects.get(id=found.consent.id)
        assert (consent.notice_text, consent.statement, consent.evidence, consent.status) == ("", "", {}, "withdrawn")
        assert consent.proof_destroyed_at is not None
        assert Speaker.objects.get(id=found.speaker.id).name == "(destroyed)"
        assert Voice.objects.get(id=found.voice.id).name == "(destroyed)"
        assert set(Sample.objects.values_list("sha256", flat=True)) == {""}
        assert not Receipt.objects.exists()
        assert not SpeakerLink.objects.exists()
        assert set(Challenge.objects.values_list("phrase", flat=True)) == {""}
        assert set(CeremonyRecording.objects.values_list("sha256", flat=True)) & set(hashes) == set()
        assert [entry.event for entry in entries(event=Event.CONSENT_PROOF_DESTROYED)]

    def test_the_name_stays_while_another_proof_bears_it(self, northwind: Organisation, kept: Kept) -> None:
        found, other = kept(), kept(name="Ivo")
        ConsentRecord.objects.filter(id=other.consent.id).update(speaker=found.speaker)
        end(found, since=7 * YEAR)
        assert run(northwind).proofs == 1
        assert Speaker.objects.get(id=found.speaker.id).name == "Amara"


class TestHold:
    def test_one_on_the_proof_keeps_the_proof_alone(self, northwind: Organisation, kept: Kept) -> None:
        found = kept()
        end(found, since=7 * YEAR)
        hold = legal_holds.place(found.speaker.id, reason="A claim", placed_by="Ruth")
        assert run(northwind) == Report(voices=1, held=1)
        assert not has_voice(found)
        legal_holds.lift(hold.id)
        assert run(northwind) == Report(proofs=1)

    def test_one_on_the_voice_keeps_both_until_it_is_lifted(self, northwind: Organisation, kept: Kept) -> None:
        found = kept()
        end(found, since=7 * YEAR)
        hold = legal_holds.place(found.speaker.id, reason="A warrant", placed_by="Ruth", covers_biometric=True)
        assert run(northwind) == Report(held=2)
        assert has_voice(found)
        legal_holds.lift(hold.id)
        assert run(northwind) == Report(voices=1, proofs=1)

    def test_one_that_is_placed_while_the_job_runs_still_counts(
        self, northwind: Organisation, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = kept()
        end(found, since=timedelta(0))
        listed = job.upcoming

        def hold_arrives(organisation_id: Any, *, until: datetime) -> list[Any]:
            due = listed(organisation_id, until=until)
            legal_holds.place(found.speaker.id, reason="A warrant", placed_by="Ruth", covers_biometric=True)
            return due

        monkeypatch.setattr(job, "upcoming", hold_arrives)
        assert run(northwind) == Report(held=1)
        assert has_voice(found)

    def test_one_on_a_silent_speaker_s_voice_ends_its_use_and_keeps_it(
        self, northwind: Organisation, kept: Kept
    ) -> None:
        found = kept(silent_for=2 * YEAR)
        hold = legal_holds.place(found.speaker.id, reason="A warrant", placed_by="Ruth", covers_biometric=True)
        assert run(northwind) == Report(held=1)
        assert has_voice(found)
        assert ConsentRecord.objects.get(id=found.consent.id).status == "expired"
        assert DestructionCertificate.objects.get().body["postponed_by_legal_hold"]
        legal_holds.lift(hold.id)
        assert run(northwind) == Report(voices=1)
        assert not has_voice(found)


class TestUploads:
    def upload(self, organisation: Organisation, *, age: timedelta, status: str) -> Detection:
        upload_id = new_id()
        blob = blobs.put(b"sound", subject_id=upload_id, kind="detection-upload", object_id=upload_id)
        upload = Detection.objects.create(
            id=upload_id, organisation=organisation, status=status, blob=blob, sha256="0" * 64, requested_by="system"
        )
        Detection.objects.filter(id=upload_id).update(received_at=timezone.now() - age)
        return upload

    def test_one_that_was_not_read_in_a_day_is_deleted(
        self, in_northwind: Organisation, django_capture_on_commit_callbacks: Any
    ) -> None:
        old = self.upload(in_northwind, age=timedelta(hours=25), status="received")
        new = self.upload(in_northwind, age=timedelta(hours=23), status="received")
        with django_capture_on_commit_callbacks(execute=True):
            assert run(in_northwind) == Report(uploads=1)
        assert [storages["blobs"].exists(upload.blob) for upload in (old, new)] == [False, True]
        old.refresh_from_db()
        assert (old.status, old.blob) == ("failed", "")


class TestRun:
    def test_each_run_is_on_the_record_with_what_it_did(self, northwind: Organisation, kept: Kept) -> None:
        kept(silent_for=2 * YEAR)
        run(northwind)
        (entry,) = entries(event=Event.RETENTION_RUN)
        assert entry.data == {
            "schedule": "2026-11-21", "voices": 1, "proofs": 0, "uploads": 0, "originals": 0, "held": 0, "failed": 0,
        }  # fmt: skip

    def test_one_failure_keeps_no_other_from_being_destroyed(
        self, northwind: Organisation, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = kept(), kept(name="Ivo")
        for found in (first, second):
            end(found, since=timedelta(0))
        erase = job.erase

        def fail_for_one(speaker_id: Any, **arguments: Any) -> Any:
            if speaker_id == first.speaker.id:
                raise RuntimeError("storage is away")
            return erase(speaker_id, **arguments)

        monkeypatch.setattr(job, "erase", fail_for_one)
        assert run(northwind) == Report(voices=1, failed=1)
        assert (has_voice(first), has_voice(second)) == (True, False)

    def test_the_proof_stays_as_long_as_a_voice_that_could_not_be_destroyed(
        self, northwind: Organisation, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = kept()
        end(found, since=7 * YEAR)

        def fail(*_arguments: Any, **_options: Any) -> None:
            raise RuntimeError("storage is away")

        with monkeypatch.context() as patch:
            patch.setattr(job, "erase", fail)
            assert run(northwind) == Report(failed=2)
        assert ConsentRecord.objects.get(id=found.consent.id).statement
        assert run(northwind) == Report(voices=1, proofs=1)

    def test_the_nightly_message_becomes_one_for_each_organisation(
        self, northwind: Organisation, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[str] = []
        monkeypatch.setattr(tasks.enforce_retention_of, "delay", sent.append)
        found = kept(silent_for=2 * YEAR)
        tasks.enforce_retention()
        assert str(northwind.id) in sent
        assert len(sent) == Organisation.objects.count()
        tasks.enforce_retention_of(str(northwind.id))
        assert not has_voice(found)

    def test_a_speaker_who_was_never_heard_of_is_found_though_asked_again_lately(
        self, northwind: Organisation, kept: Kept
    ) -> None:
        """The listing passes over consents whose speakers were heard of lately; these two were not."""
        found = kept(silent_for=2 * YEAR)
        again = ConsentRecord.objects.create(
            organisation=northwind,
            speaker=found.speaker,
            languages=["en"],
            intended_use="",
            valid_until=timezone.now() + YEAR,
        )
        assert {item.consent_id for item in job.upcoming(northwind.id, until=timezone.now())} == {found.consent.id}
        assert again.status == "requested"

    def test_what_was_sealed_of_a_speaker_who_never_answered_is_found_too(
        self, northwind: Organisation, in_northwind: Organisation
    ) -> None:
        speaker = Speaker.objects.create(organisation=northwind, name="Ivo")
        keyring.seal(b"a refused recording", subject_id=speaker.id, kind="test", object_id=speaker.id)
        consent = ConsentRecord.objects.create(
            organisation=northwind,
            speaker=speaker,
            languages=["en"],
            intended_use="",
            valid_until=timezone.now() + YEAR,
        )
        assert run(northwind) == Report()
        ConsentRecord.objects.filter(id=consent.id).update(requested_at=timezone.now() - 2 * YEAR)
        assert run(northwind) == Report(voices=1)
        assert not keyring.subject_key_exists(subject_id=speaker.id)

    def test_the_queue_knows_the_job_and_runs_it_every_night(self) -> None:
        app.loader.import_default_modules()
        assert "governance.enforce_retention" in app.tasks
        beat = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
        assert str(beat["governance.enforce_retention"]) == "<crontab: 30 2 * * * (m/h/dM/MY/d)>"


def said(*arguments: str) -> str:
    with redirect_stdout(io.StringIO()) as output:
        call_command("enforce_retention", *arguments)
    return output.getvalue()


class TestCommand:
    def test_a_dry_run_lists_and_destroys_nothing(self, kept: Kept) -> None:
        found = kept(silent_for=2 * YEAR)
        listed = said("--dry-run")
        assert f"voice of consent {found.consent.id}, due " in listed
        assert "inactivity, Colorado Privacy Act" in listed
        assert has_voice(found)

    def test_it_looks_ahead_so_that_speakers_can_be_told(self, kept: Kept) -> None:
        found = kept(silent_for=timedelta(days=720))
        assert str(found.consent.id) not in said("--dry-run")
        assert str(found.consent.id) in said("--dry-run", "--ahead", "30")
        with pytest.raises(CommandError, match="only looks"):
            said("--ahead", "30")

    def test_it_says_what_it_did(self, northwind: Organisation, kept: Kept) -> None:
        kept(silent_for=2 * YEAR)
        assert f"{northwind.slug}: 1 voices and 0 proofs destroyed" in said()
        assert not LegalHold.objects.exists()
