"""What stands on a consent passes to the one that takes its place; it ends, and is proved, with that one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent import evidence, lifecycle, links, proof, receipts
from consent.errors import ConsentError
from consent.models import ConsentRecord
from governance import certificates, delivery, erasure_ledger, expiry, narrowing, withdrawal
from governance.erasure import erase
from governance.erasure_replay import _carry_out
from governance.errors import DeliveryRefusedError, RequestDeniedError
from governance.models import DestructionCertificate
from governance.render import render
from governance.retention import due, job
from tenancy import keyring
from tenancy.models import Organisation
from tests.consent.records import EVIDENCE, consent_of
from tests.governance.conftest import ApiClient, give_voice
from tests.governance.test_erasure import keep_ceremony, keep_everything
from tests.governance.test_withdrawal import ask, make_clip
from voices.models import Voice


@pytest.fixture
def voice(in_northwind: Organisation) -> Voice:
    voice = give_voice(in_northwind)
    voice.consent.locale = "en"
    voice.consent.save(update_fields=["locale"])
    return voice


def extend(voice: Voice, *purposes: str, days: float = 60) -> ConsentRecord:
    """The speaker says yes to a request that takes the place of what their voice stands on."""
    request = consent_of(voice.speaker, *purposes, days=days, replaces=voice.consent)
    lifecycle.give(request, evidence=EVIDENCE)
    keep_ceremony(request)
    voice.refresh_from_db()
    return request


def status(consent_id: Any) -> str:
    return ConsentRecord.objects.get(id=consent_id).status


class TestWhatPasses:
    def test_a_clip_made_before_the_renewal_can_still_be_fetched(self, voice: Voice) -> None:
        clip = make_clip(voice)
        heir = extend(voice, "narration")
        assert voice.consent_id == heir.id
        assert delivery.release(clip.id, form="wav").audio == b"sound"

    def test_a_second_purpose_is_denied_until_the_second_yes(self, voice: Voice, api: ApiClient) -> None:
        assert api.ask(voice.id, purpose="games").status_code == 403
        extend(voice, "narration", "games")
        assert api.ask(voice.id, purpose="games").status_code == 202

    def test_what_the_new_consent_leaves_out_is_no_longer_released(self, voice: Voice) -> None:
        clip = make_clip(voice)
        extend(voice, "games")
        with pytest.raises(DeliveryRefusedError) as refused:
            delivery.release(clip.id, form="wav")
        assert [reason["rule"] for reason in refused.value.reasons] == ["purpose-outside-scope"]

    def test_nothing_is_erased_and_the_key_stays(self, voice: Voice) -> None:
        keep_everything(voice)
        old = voice.consent
        extend(voice, "narration")
        assert keyring.subject_key_exists(subject_id=voice.speaker_id)
        assert not DestructionCertificate.objects.exists()
        assert old.recordings.exclude(blob="").count() == 1


class TestWhatEnds:
    def test_a_withdrawal_takes_what_was_recorded_under_every_consent_of_the_line(self, voice: Voice) -> None:
        first = voice.consent
        kept = keep_everything(voice)
        second = extend(voice, "narration")
        third = extend(voice, "narration", "games")
        done = withdrawal.withdraw(third.id)
        counts = done.certificate.body["destroyed"]["counts"]
        assert counts == {**kept, "ceremony-recording": 3, "ceremony-embedding": 3}
        assert done.key_shredded
        assert set(done.certificate.body["consents"]) == {str(consent.id) for consent in (first, second, third)}
        assert [status(consent.id) for consent in (first, second, third)] == ["superseded", "superseded", "withdrawn"]

    def test_beside_another_consent_the_line_goes_and_the_other_stays(self, voice: Voice) -> None:
        keep_everything(voice)
        old = voice.consent
        beside = consent_of(voice.speaker, "ivr", status="given")
        keep_ceremony(beside)
        heir = extend(voice, "narration")
        done = withdrawal.withdraw(heir.id)
        assert (done.key_shredded, done.voices_erased) == (False, 1)
        assert not old.recordings.exclude(blob="").exists()
        assert beside.recordings.exclude(blob="").count() == 1
        assert status(beside.id) == "given"

    def test_an_older_receipt_takes_back_what_stands_now(self, voice: Voice, api: ApiClient) -> None:
        token = receipts.new_link(receipts.issue(voice.consent))
        old, clip = voice.consent, make_clip(voice)
        heir = extend(voice, "narration")
        done = api.post(f"/v1/receipts/{token}/withdraw").json()
        assert (done["status"], done["voices_erased"], done["key_shredded"]) == ("withdrawn", 1, True)
        assert (status(old.id), status(heir.id)) == ("superseded", "withdrawn")
        with pytest.raises(DeliveryRefusedError):
            delivery.release(clip.id, form="wav")
        assert api.get(f"/v1/receipts/{token}/certificate").json() == done["destruction"]
        assert certificates.of_consent(old.id, speaker_id=old.speaker_id).consent_id == heir.id  # type: ignore[union-attr]

    def test_a_withdrawal_ends_the_request_that_would_take_its_place(self, voice: Voice) -> None:
        beside = consent_of(voice.speaker, "ivr", status="given")
        request = consent_of(voice.speaker, "narration", replaces=voice.consent)
        recording = keep_ceremony(request)
        withdrawal.withdraw(voice.consent_id)
        recording.refresh_from_db()
        assert (status(request.id), status(beside.id), recording.blob) == ("expired", "given", "")
        with pytest.raises(ConsentError):
            lifecycle.give(request, evidence=EVIDENCE)

    def test_when_only_time_runs_out_the_renewal_under_way_may_go_on(self, voice: Voice) -> None:
        request = consent_of(voice.speaker, "narration", days=60, replaces=voice.consent)
        links.new_link(request, kind="ceremony", expires_at=request.valid_until)
        ConsentRecord.objects.filter(id=voice.consent_id).update(valid_until=timezone.now())
        assert expiry.expire_due(voice.organisation_id) == 1
        lifecycle.give(request, evidence=EVIDENCE)
        assert (status(voice.consent_id), status(request.id)) == ("expired", "given")
        assert Voice.objects.get(id=voice.id).status == "erased"

    def test_expiry_takes_the_line_as_well(self, voice: Voice) -> None:
        keep_everything(voice)
        old, heir = voice.consent, extend(voice, "narration")
        ConsentRecord.objects.filter(id=heir.id).update(valid_until=timezone.now())
        assert expiry.expire_due(voice.organisation_id) == 1
        assert not old.recordings.exclude(blob="").exists()
        assert not keyring.subject_key_exists(subject_id=voice.speaker_id)

    def test_erasing_twice_by_either_name_is_erasing_once(self, voice: Voice) -> None:
        keep_everything(voice)
        old, heir = voice.consent, extend(voice, "narration")
        first = withdrawal.withdraw(heir.id).certificate
        for consent in (old, heir):
            assert erase(voice.speaker_id, reason="consent-withdrawn", consent_id=consent.id) == first

    def test_refusing_a_request_leaves_what_stands(self, voice: Voice) -> None:
        clip = make_clip(voice)
        request = consent_of(voice.speaker, "narration", "games", replaces=voice.consent)
        withdrawal.refuse(request.id)
        assert (status(request.id), status(voice.consent_id)) == ("withdrawn", "given")
        assert delivery.release(clip.id, form="wav").audio == b"sound"
        with pytest.raises(ConsentError) as caught:
            withdrawal.refuse(voice.consent_id)
        assert caught.value.code == "consent-already-decided"


class TestProof:
    def proofs(self, voice: Voice) -> dict[Any, Any]:
        return {item.consent_id: item.due.at for item in due.items(speaker_id=voice.speaker_id) if item.what == "proof"}

    def test_that_of_a_superseded_consent_has_no_date_while_its_heir_stands(self, voice: Voice) -> None:
        old = voice.consent
        extend(voice, "narration")
        assert self.proofs(voice) == {}
        with pytest.raises(ConsentError, match="has not ended"):
            proof.destroy(old)

    def test_it_is_kept_as_long_as_that_of_the_heir_and_then_goes(
        self, voice: Voice, in_northwind: Organisation
    ) -> None:
        old = voice.consent
        ended_long_ago = timezone.now() - timedelta(days=20 * 366)
        heir = extend(voice, "narration")
        ConsentRecord.objects.filter(id=old.id).update(ended_at=ended_long_ago)
        withdrawal.withdraw(heir.id)
        dates = self.proofs(voice)
        assert dates[old.id] == dates[heir.id] > timezone.now()
        assert job.enforce(in_northwind.id).proofs == 0
        ConsentRecord.objects.filter(id=heir.id).update(ended_at=ended_long_ago)
        assert job.enforce(in_northwind.id).proofs == 2
        old.refresh_from_db()
        assert (old.statement, old.evidence, old.status) == ("", {}, "superseded")

    def test_silence_ends_the_whole_line(self, voice: Voice, in_northwind: Organisation) -> None:
        keep_everything(voice)
        old, heir = voice.consent, extend(voice, "narration")
        long_ago = timezone.now() - timedelta(days=4 * 366)
        mine = ConsentRecord.objects.filter(speaker=voice.speaker)
        mine.update(given_at=long_ago, requested_at=long_ago)
        for consent in (old, heir):
            consent.recordings.update(received_at=long_ago)
        assert job.enforce(in_northwind.id).voices == 1
        assert [status(consent.id) for consent in (old, heir)] == ["superseded", "expired"]
        assert not keyring.subject_key_exists(subject_id=voice.speaker_id)


class TestRestoring:
    """A backup may be older than the succession: what was erased with the heir must go there as well."""

    def test_the_ledger_names_the_consents_that_ended_with_it(self, voice: Voice) -> None:
        old, heir = voice.consent, extend(voice, "narration")
        certificate = withdrawal.withdraw(heir.id).certificate
        line = erasure_ledger.line_of(certificate)
        assert (line.consent, line.also) == (heir.id, (old.id,))
        assert erasure_ledger.parse(line.to_json().encode() + b"\n") == [line]

    def test_a_line_from_before_there_was_any_succession_can_still_be_read(self, voice: Voice) -> None:
        line = erasure_ledger.line_of(withdrawal.withdraw(voice.consent_id).certificate)
        earlier = line.to_json().replace(',"also":[]', "")
        assert "also" not in earlier
        assert erasure_ledger.parse(earlier.encode() + b"\n") == [line]

    def test_where_the_heir_is_not_in_the_backup_the_old_consent_ends_all_the_same(
        self, voice: Voice, in_northwind: Organisation
    ) -> None:
        keep_everything(voice)
        consent_of(voice.speaker, "ivr", status="given")
        elsewhere = give_voice(in_northwind, name="Ivo")
        line = erasure_ledger.Line(
            at="2026-01-01T00:00:00+00:00",
            certificate=elsewhere.id,
            entry=elsewhere.id,
            organisation=in_northwind.id,
            speaker=voice.speaker_id,
            consent=elsewhere.id,  # the heir's, which this database has never seen
            reason="consent-withdrawn",
            key_shredded=False,
            postponed=False,
            also=(voice.consent_id,),
        )
        assert _carry_out(line)
        assert status(voice.consent_id) == "expired"
        assert Voice.objects.get(id=voice.id).status == "erased"

    def test_where_the_backup_holds_the_whole_line_it_ends_as_it_did(
        self, voice: Voice, in_northwind: Organisation
    ) -> None:
        keep_everything(voice)
        consent_of(voice.speaker, "ivr", status="given")
        old, heir = voice.consent, extend(voice, "narration")
        line = erasure_ledger.Line(
            at="2026-01-01T00:00:00+00:00",
            certificate=old.id,
            entry=old.id,
            organisation=in_northwind.id,
            speaker=voice.speaker_id,
            consent=heir.id,
            reason="consent-withdrawn",
            key_shredded=False,
            postponed=False,
            also=(old.id,),
        )
        assert _carry_out(line)
        assert (status(old.id), status(heir.id)) == ("superseded", "withdrawn")
        assert not old.recordings.exclude(blob="").exists()


class TestNarrowing:
    @pytest.fixture
    def both(self, voice: Voice) -> Voice:
        extend(voice, "narration", "games")
        return voice

    def narrow(self, voice: Voice) -> Any:
        return narrowing.narrow(voice.consent_id, purposes=["games"])

    def test_what_is_queued_is_denied_at_decision_two(self, both: Voice) -> None:
        waiting = ask(both)
        self.narrow(both)
        render(waiting.id, organisation_id=both.organisation_id)
        waiting.refresh_from_db()
        assert waiting.status == "withheld"
        assert [reason["rule"] for reason in waiting.reasons] == ["purpose-outside-scope"]

    def test_what_was_made_is_no_longer_released_and_nothing_more_is_taken(self, both: Voice) -> None:
        clip = make_clip(both)
        self.narrow(both)
        with pytest.raises(DeliveryRefusedError) as refused:
            delivery.release(clip.id, form="wav")
        assert [reason["rule"] for reason in refused.value.reasons] == ["purpose-outside-scope"]
        with pytest.raises(RequestDeniedError):
            ask(both)
        assert status(both.consent_id) == "given"

    def test_a_new_receipt_says_what_is_left(self, both: Voice) -> None:
        receipt = self.narrow(both)
        assert [purpose["purpose"] for purpose in receipt.body["purposes"]] == ["games"]
        assert receipts.latest(both.consent) == receipt

    @pytest.mark.parametrize(("purpose", "expected"), [("narration", "withdrawn"), ("games", "requested")])
    def test_a_request_that_would_bring_it_back_ends_and_no_other(
        self, both: Voice, purpose: str, expected: str
    ) -> None:
        request = consent_of(both.speaker, purpose, replaces=both.consent)
        self.narrow(both)
        assert status(request.id) == expected

    def test_an_older_receipt_narrows_what_stands_now(self, voice: Voice) -> None:
        old = voice.consent_id
        heir = extend(voice, "narration", "games")
        receipt = narrowing.narrow(old, purposes=["games"])
        assert receipt.consent_id == heir.id


def test_evidence_of_a_superseded_ceremony_can_still_be_opened(voice: Voice) -> None:
    recording = keep_ceremony(voice.consent)
    extend(voice, "narration")
    opened: Callable[..., Any] = evidence.blobs.get
    kept = opened(recording.blob, subject_id=voice.speaker_id, kind=evidence.RECORDING_KIND, object_id=recording.id)
    assert len(kept) == 40_000
