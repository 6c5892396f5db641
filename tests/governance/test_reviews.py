from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from consent import lifecycle, outcome
from consent.models import CeremonyRecording, ConsentRecord, Receipt
from governance import reviews, tasks
from governance.errors import ReviewRefusedError, UnknownReviewError
from governance.models import Review
from synth_adapter.decoding import decode
from tenancy import api_keys, grants
from tenancy.ids import new_id
from tenancy.models import Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import hire
from tests.consent.records import EVIDENCE
from tests.governance.cases import ask_amara, held_recording, held_voice, named_representative, withheld_clip
from voices.models import Voice

WHY = "I listened twice; it is one living person."


@pytest.fixture
def as_ruth(northwind: Organisation, ruth: User) -> Iterator[User]:
    """Northwind's scope, with Ruth acting."""
    with organisation_scope(northwind.id, actor=f"member:{ruth.pk}"):
        yield ruth


@pytest.fixture
def asked(in_northwind: Organisation) -> ConsentRecord:
    assert in_northwind
    return ask_amara()


@pytest.fixture
def given(asked: ConsentRecord) -> ConsentRecord:
    lifecycle.give(asked, evidence=EVIDENCE)
    return asked


def case_of(row: Any, kind: str) -> Any:
    return reviews.find(kind, row.id)


def approve(row: Any, kind: str, reviewer: User, words: str = WHY) -> Review:
    return reviews.decide(case_of(row, kind), approve=True, reviewer=reviewer, words=words)


def refuse(row: Any, kind: str, reviewer: User, words: str = WHY) -> Review:
    return reviews.decide(case_of(row, kind), approve=False, reviewer=reviewer, words=words)


def code_of(caught: pytest.ExceptionInfo[ReviewRefusedError]) -> str:
    return caught.value.code


class TestWaiting:
    def test_everything_waits_in_the_order_in_which_answers_are_due(self, given: ConsentRecord, as_ruth: User) -> None:
        other = ask_amara()
        voice = held_voice(given)
        rows = [voice, withheld_clip(voice), held_recording(other), named_representative(ask_amara())]
        waiting = reviews.waiting()
        assert {(case.kind, case.about_id) for case in waiting} == {
            (kind, row.id) for kind, row in zip(["voice", "clip", "recording", "representative"], rows, strict=True)
        }
        assert [case.answer_by for case in waiting] == sorted(case.answer_by for case in waiting)

    def test_another_organisation_s_cases_are_unknown(
        self, asked: ConsentRecord, rival: Organisation, ruth: User
    ) -> None:
        recording = held_recording(asked)
        with organisation_scope(rival.id, actor="system"):
            assert reviews.waiting() == []
            with pytest.raises(UnknownReviewError):
                reviews.find("recording", recording.id)

    def test_what_cannot_be_given_any_more_does_not_wait(self, asked: ConsentRecord) -> None:
        held_recording(asked)
        lifecycle.withdraw(asked)
        assert reviews.waiting() == []

    def test_an_answer_is_due_after_two_working_days(self, settings: Settings) -> None:
        friday = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
        assert outcome.answer_by(friday) == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
        settings.REVIEW_DAYS = 5
        assert outcome.answer_by(friday) == datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


class TestWhoDecides:
    def test_whoever_asked_does_not_decide(self, northwind: Organisation, ruth: User, sam: User) -> None:
        with organisation_scope(northwind.id, actor=f"member:{ruth.pk}"):
            recording = held_recording(ask_amara())
            with pytest.raises(ReviewRefusedError) as caught:
                approve(recording, "recording", ruth)
            assert code_of(caught) == "four-eyes"
        with organisation_scope(northwind.id, actor=f"member:{sam.pk}"):
            assert approve(recording, "recording", sam).asked_by == f"member:{ruth.pk}"

    def test_nor_does_whoever_holds_the_key_that_asked(self, northwind: Organisation, ruth: User) -> None:
        with organisation_scope(northwind.id, actor=f"member:{ruth.pk}"):
            key, _ = api_keys.issue(name="Ruth's", scopes=["consents"], valid_for=timedelta(days=1))
        with organisation_scope(northwind.id, actor=f"api-key:{key.id}"):
            recording = held_recording(ask_amara())
        with organisation_scope(northwind.id, actor=f"member:{ruth.pk}"), pytest.raises(ReviewRefusedError) as caught:
            approve(recording, "recording", ruth)
        assert code_of(caught) == "four-eyes"

    def test_where_nobody_can_say_who_asked_nobody_decides(self, given: ConsentRecord, as_ruth: User) -> None:
        voice = held_voice(given)  # written as a row, without the entry that enrolment leaves
        with pytest.raises(ReviewRefusedError) as caught:
            approve(voice, "voice", as_ruth)
        assert code_of(caught) == "four-eyes"

    def test_an_engineer_neither_hears_nor_decides_until_they_are_granted_the_right(
        self, asked: ConsentRecord, northwind: Organisation
    ) -> None:
        recording = held_recording(asked)
        lena = hire(northwind, "Lena", role=Role.ENGINEER)
        with organisation_scope(northwind.id, actor=f"member:{lena.pk}"):
            for act in (
                lambda: approve(recording, "recording", lena),
                lambda: reviews.open_material(case_of(recording, "recording"), "recording", reviewer=lena),
            ):
                with pytest.raises(ReviewRefusedError) as caught:
                    act()
                assert code_of(caught) == "review-not-permitted"
            assert entries(about=recording.id, event=Event.REVIEW_OPENED) == []
            grants.grant("review", user=lena, on=lena.memberships.get())
            assert approve(recording, "recording", lena).outcome == "approve"

    def test_a_member_of_another_organisation_has_no_right_here(
        self, asked: ConsentRecord, rival: Organisation
    ) -> None:
        stranger = hire(rival, "Zoe", role=Role.OWNER)
        assert not reviews.may_review(stranger)

    @pytest.mark.parametrize("words", ["", "   ", "fine", "x" * 2_001])
    def test_a_decision_without_reasons_is_none(self, asked: ConsentRecord, as_ruth: User, words: str) -> None:
        recording = held_recording(asked)
        with pytest.raises(ReviewRefusedError) as caught:
            approve(recording, "recording", as_ruth, words=words)
        assert code_of(caught) == "review-says-nothing"
        assert ConsentRecord.objects.get(id=asked.id).status == "requested"


class TestRecordings:
    def test_approving_gives_the_consent_with_the_review_in_its_evidence(
        self, asked: ConsentRecord, as_ruth: User
    ) -> None:
        recording = held_recording(asked)
        review = approve(recording, "recording", as_ruth)
        asked.refresh_from_db()
        recording.refresh_from_db()
        assert (asked.status, recording.status, recording.reasons, recording.findings) == ("given", "accepted", [], {})
        assert asked.evidence["review"] == {
            "id": str(review.id),
            "reviewer": f"member:{as_ruth.pk}",
            "outcome": "approve",
            "rules": ["ceremony-may-be-synthetic"],
        }
        assert asked.evidence["transcript"].startswith("I am Amara")
        assert Receipt.objects.filter(consent=asked).exists()
        entry = entries(about=recording.id)[-1]
        assert (entry.event, entry.actor) == (Event.REVIEW_DECIDED, f"member:{as_ruth.pk}")
        assert entry.data["rules"] == ["ceremony-may-be-synthetic"]
        assert WHY not in str(entry.data)

    def test_refusing_deletes_the_sound_and_tells_the_speaker_why(
        self, asked: ConsentRecord, as_ruth: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        recording = held_recording(asked)
        with django_capture_on_commit_callbacks(execute=True):
            refuse(recording, "recording", as_ruth, words="Two people take turns in it.")
        recording.refresh_from_db()
        assert (recording.status, recording.blob, recording.findings) == ("refused", "", {})
        (reason,) = recording.reasons
        assert (reason["rule"], reason["effect"]) == ("reviewer-refused", "deny")
        assert "Two people take turns in it." in reason["explanation"]
        assert ConsentRecord.objects.get(id=asked.id).status == "requested"

    def test_of_two_decisions_the_second_finds_nothing_to_decide(
        self, asked: ConsentRecord, as_ruth: User, sam: User
    ) -> None:
        case = case_of(held_recording(asked), "recording")
        reviews.decide(case, approve=False, reviewer=as_ruth, words=WHY)
        with pytest.raises(ReviewRefusedError) as caught:
            reviews.decide(case, approve=True, reviewer=sam, words=WHY)
        assert code_of(caught) == "consent-already-decided"
        assert Review.objects.count() == 1
        assert ConsentRecord.objects.get(id=asked.id).status == "requested"

    def test_a_consent_withdrawn_meanwhile_cannot_be_given(self, asked: ConsentRecord, as_ruth: User) -> None:
        case = case_of(held_recording(asked), "recording")
        lifecycle.withdraw(asked)
        with pytest.raises(ReviewRefusedError):
            reviews.decide(case, approve=True, reviewer=as_ruth, words=WHY)
        assert ConsentRecord.objects.get(id=asked.id).status == "withdrawn"

    def test_once_the_consent_is_given_other_held_recordings_are_discarded(
        self, asked: ConsentRecord, as_ruth: User
    ) -> None:
        first, second = held_recording(asked), held_recording(asked, pitch=300.0)
        approve(first, "recording", as_ruth)
        second.refresh_from_db()
        assert (second.status, second.blob) == ("refused", "")
        assert [reason["rule"] for reason in second.reasons] == ["consent-already-decided"]

    def test_doubt_about_who_speaks_holds_later_recordings_and_doubt_about_the_room_does_not(
        self, asked: ConsentRecord
    ) -> None:
        later = held_recording(asked, pitch=300.0, status="received", reasons=[])
        noisy = held_recording(asked, reasons=[{"rule": "one-speaker-unclear"}])
        assert outcome.lasting_doubts(later) == []
        CeremonyRecording.objects.filter(id=noisy.id).update(reasons=[{"rule": "ceremony-may-be-synthetic"}])
        assert [(reason.rule, reason.effect) for reason in outcome.lasting_doubts(later)] == [
            ("earlier-recording-held", "hold")
        ]

    def test_the_sound_is_opened_for_a_reviewer_and_each_time_is_on_record(
        self, asked: ConsentRecord, as_ruth: User
    ) -> None:
        recording = held_recording(asked)
        found = reviews.open_material(case_of(recording, "recording"), "recording", reviewer=as_ruth)
        assert (found.media_type, decode(found.content).waveform.seconds) == ("audio/wav", pytest.approx(0.5))
        entry = entries(about=recording.id)[-1]
        assert (entry.event, entry.actor) == (Event.REVIEW_OPENED, f"member:{as_ruth.pk}")
        with pytest.raises(UnknownReviewError):
            reviews.open_material(case_of(recording, "recording"), "sample-1", reviewer=as_ruth)


class TestRepresentatives:
    def test_approving_gives_the_consent_and_evidence_and_receipt_say_in_whose_words(
        self, asked: ConsentRecord, as_ruth: User
    ) -> None:
        approve(named_representative(asked), "representative", as_ruth)
        asked.refresh_from_db()
        assert asked.status == "given"
        assert asked.evidence["representative"]["capacity"] == "guardian"
        body = Receipt.objects.get(consent=asked).body["consent"]
        assert body["type"] == "statement of a representative, accepted by a person"
        assert body["representative"] == {"name": "Ruth Okafor", "capacity": "guardian"}

    def test_refusing_deletes_the_document(
        self, asked: ConsentRecord, as_ruth: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        named = named_representative(asked)
        assert reviews.open_material(case_of(named, "representative"), "document", reviewer=as_ruth).content.startswith(
            b"%PDF"
        )
        with django_capture_on_commit_callbacks(execute=True):
            refuse(named, "representative", as_ruth)
        named.refresh_from_db()
        assert (named.status, named.document_blob) == ("refused", "")
        assert ConsentRecord.objects.get(id=asked.id).status == "requested"


class TestVoices:
    def test_approving_lets_enrolment_go_on(
        self, given: ConsentRecord, as_ruth: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice, queued = held_voice(given), []
        monkeypatch.setattr(reviews, "asked_by", lambda _case: "system")
        monkeypatch.setattr(tasks, "queue_enrolment", lambda found: queued.append(found.id))
        approve(voice, "voice", as_ruth)
        voice.refresh_from_db()
        assert (voice.status, voice.reasons, queued) == ("preparing", [], [voice.id])
        assert Review.objects.get().reasons[0]["rule"] == "speaker-uncertain"

    def test_a_voice_whose_consent_ended_is_not_approved(
        self, given: ConsentRecord, as_ruth: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = held_voice(given)
        monkeypatch.setattr(reviews, "asked_by", lambda _case: "system")
        lifecycle.withdraw(given)
        with pytest.raises(ReviewRefusedError) as caught:
            approve(voice, "voice", as_ruth)
        assert code_of(caught) == "consent-not-active"
        assert Voice.objects.get(id=voice.id).status == "held"

    def test_refusing_discards_the_samples(
        self, given: ConsentRecord, as_ruth: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        voice = held_voice(given)
        monkeypatch.setattr(reviews, "asked_by", lambda _case: "system")
        refuse(voice, "voice", as_ruth, words="This is another person.")
        voice.refresh_from_db()
        assert (voice.status, voice.samples.get().blob) == ("refused", "")
        assert "This is another person." in voice.reasons[-1]["explanation"]


class TestClips:
    def test_a_withheld_clip_is_heard_and_noted_and_never_released(self, given: ConsentRecord, as_ruth: User) -> None:
        permit = withheld_clip(held_voice(given))
        assert decode(
            reviews.open_material(case_of(permit, "clip"), "clip", reviewer=as_ruth).content
        ).waveform.seconds == pytest.approx(0.5)
        with pytest.raises(ReviewRefusedError) as caught:
            approve(permit, "clip", as_ruth)
        assert code_of(caught) == "clip-never-released"
        refuse(permit, "clip", as_ruth, words="It says dime instead of time.")
        assert [case for case in reviews.waiting() if case.kind == "clip"] == []
        permit.refresh_from_db()
        assert permit.status == "withheld"
        assert permit.withheld_blob

    def test_the_database_refuses_an_approved_clip_and_a_reviewer_who_asked(
        self, given: ConsentRecord, as_ruth: User
    ) -> None:
        row = {
            "organisation_id": given.organisation_id,
            "about_id": new_id(),
            "speaker": given.speaker,
            "consent": given,
            "words": WHY,
            "reasons": [],
            "decided_at": timezone.now(),
        }
        member = f"member:{as_ruth.pk}"
        for changes in (
            {"kind": "clip", "outcome": "approve", "reviewer": member, "asked_by": "system"},
            {"kind": "voice", "outcome": "approve", "reviewer": member, "asked_by": member},
            {"kind": "voice", "outcome": "approve", "reviewer": "system", "asked_by": member},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                Review.objects.create(**row, **changes)
