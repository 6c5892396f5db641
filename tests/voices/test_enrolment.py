from __future__ import annotations

import numpy as np
import pytest
from django.core.files.storage import storages

from audit.events import Event
from audit.queries import entries
from consent import lifecycle
from consent.models import ConsentRecord, Speaker
from safety import protected_voices
from safety.comparison import compare
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoders, speaker_models
from safety.rotation import alike
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import meet
from tests.consent.records import EVIDENCE, consent_of
from tests.marks import leave_as_clip
from tests.voices.conftest import keep_ceremony
from voices import vault
from voices.enrolment import create_voice, enrol
from voices.errors import VoiceError
from voices.models import Reference, Sample, Voice

pytestmark = pytest.mark.usefixtures("heard_once")
ENOUGH = slice(5, 8)  # 39 seconds, of which some 30 are speech


def offer(consent: ConsentRecord, samples: list[bytes], *, name: str = "Amara", language: str = "en") -> Voice:
    return create_voice(consent_id=consent.id, name=name, language=language, samples=samples)


def rules(voice: Voice) -> set[tuple[str, str]]:
    return {(reason["rule"], reason["effect"]) for reason in voice.reasons}


class TestOffering:
    def test_samples_are_sealed_in_order_and_wait_to_be_checked(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        voice = offer(given, amaras_speech[:3])
        assert (voice.status, voice.speaker_id) == ("checking", given.speaker_id)
        assert [sample.position for sample in voice.samples.all()] == [1, 2, 3]
        second = voice.samples.all()[1]
        assert second.sha256 == decode(amaras_speech[1]).sha256
        assert vault.open_sample(voice, second).seconds == pytest.approx(7.84)
        assert entries(about=voice.id)[0].event == Event.VOICE_CREATED

    @pytest.mark.parametrize(("count", "code"), [(0, "samples-missing"), (21, "samples-too-many")])
    def test_one_to_twenty_samples_are_taken(self, given: ConsentRecord, count: int, code: str) -> None:
        with pytest.raises(VoiceError) as caught:
            offer(given, [b"never decoded"] * count)
        assert caught.value.code == code

    def test_one_bad_sample_and_nothing_is_kept(self, given: ConsentRecord, amaras_speech: list[bytes]) -> None:
        with pytest.raises(AudioError):
            offer(given, [amaras_speech[0], b"not sound at all"])
        assert not Voice.objects.exists()
        assert not Sample.objects.exists()
        assert not storages["blobs"].exists(f"{given.organisation_id}/{vault.SAMPLE}")

    def test_a_consent_that_was_not_given_admits_nothing(
        self, asked: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        with pytest.raises(VoiceError) as caught:
            offer(asked, amaras_speech[:1])
        assert caught.value.code == "consent-not-active"

    def test_a_withdrawn_consent_admits_nothing(self, given: ConsentRecord, amaras_speech: list[bytes]) -> None:
        lifecycle.withdraw(given)
        with pytest.raises(VoiceError) as caught:
            offer(given, amaras_speech[:1])
        assert caught.value.code == "consent-not-active"

    def test_a_language_outside_the_consent_admits_nothing(
        self, given: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        with pytest.raises(VoiceError) as caught:
            offer(given, amaras_speech[:1], language="de")
        assert caught.value.code == "language-outside-scope"

    def test_an_unknown_consent_and_one_of_another_organisation_look_alike(
        self, given: ConsentRecord, rival: Organisation, amaras_speech: list[bytes]
    ) -> None:
        with organisation_scope(rival.id, actor="system"):
            for consent_id in (given.id, new_id()):
                with pytest.raises(VoiceError) as caught:
                    create_voice(consent_id=consent_id, name="A", language="en", samples=amaras_speech[:1])
                assert caught.value.code == "consent-unknown"


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestEnrolling:
    def test_the_consenting_speaker_is_enrolled(self, given_aloud: ConsentRecord, amaras_speech: list[bytes]) -> None:
        voice = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        assert (voice.status, voice.reasons) == ("preparing", [])

        mine = embed_voice(decode(amaras_speech[0]).waveform, encoders=speaker_encoders())
        reference = vault.open_reference(voice, models=speaker_models())
        assert compare(alike(mine, to=reference), reference, calibration=calibration()).outcome == "match"
        assert (voice.comparison["outcome"], voice.comparison["calibration"]) == ("match", calibration().id)
        assert set(voice.comparison["models"]) == {"campplus", "ge2e"}
        assert all(sample.measures["comparison"]["outcome"] == "match" for sample in voice.samples.all())
        assert all(len(sample.transcript.split()) > 5 for sample in vault.open_samples(voice))
        assert all(sample.measures["net_speech_seconds"] > 3 for sample in voice.samples.all())
        assert entries(about=voice.id)[-1].event == Event.VOICE_REFERENCE_SEALED

        before = entries(about=voice.id)
        assert enrol(voice.id).status == "preparing"
        assert entries(about=voice.id) == before

    def test_an_impersonator_is_refused_and_nothing_of_the_upload_is_kept(
        self,
        given_aloud: ConsentRecord,
        ivos_speech: list[bytes],
        django_capture_on_commit_callbacks: pytest.FixtureRequest,
    ) -> None:
        voice = offer(given_aloud, ivos_speech[2:4])
        names = list(voice.samples.values_list("blob", flat=True))
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            voice = enrol(voice.id)
        assert voice.status == "refused"
        assert rules(voice) == {("not-the-consenting-speaker", "deny")}
        assert all("deleted" in reason["explanation"] for reason in voice.reasons)
        assert not any(storages["blobs"].exists(name) for name in names)
        assert not Reference.objects.exists()
        assert all(sample.measures and sample.sha256 for sample in voice.samples.all())
        assert entries(about=voice.id)[-1].event == Event.VOICE_ENROLMENT_REFUSED

    def test_too_little_speech_is_refused_with_how_much_is_missing(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        voice = enrol(offer(given_aloud, amaras_speech[1:2]).id)
        assert voice.status == "refused"
        assert rules(voice) == {("too-little-speech", "deny")}
        (amount,) = (reason for reason in voice.reasons if reason["rule"] == "too-little-speech")
        assert 0 < amount["measured"]["net_speech_seconds"] < amount["measured"]["limit_seconds"]

    def test_a_sample_in_which_two_people_speak_is_refused(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes], ivos_speech: list[bytes]
    ) -> None:
        amara, ivo = decode(amaras_speech[5]).waveform, decode(ivos_speech[3]).waveform
        both = Waveform(np.concatenate([amara.samples, ivo.resampled(amara.rate).samples]), amara.rate)
        voice = enrol(offer(given_aloud, [encode_wav(both), *amaras_speech[6:8]]).id)
        assert voice.status == "refused"
        assert ("several-speakers", "deny") in rules(voice)

    def test_speech_that_carries_our_mark_is_refused_whoevers_clip_it_is(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes], rival: Organisation
    ) -> None:
        marked, _ = leave_as_clip(decode(amaras_speech[7]).waveform, of=rival)
        samples = [encode_wav(marked), amaras_speech[6]]
        assert ("synthetic-mark-found", "deny") in rules(enrol(offer(given_aloud, samples).id))

    def test_a_protected_voice_is_refused_or_held_as_its_list_says(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        heard = embed_voice(decode(amaras_speech[9]).waveform, encoders=speaker_encoders())
        protected_voices.add(name="Somebody", reason="asked", action="hold", voice=heard)
        held = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        assert (held.status, rules(held)) == ("held", {("protected-voice", "hold")})
        assert entries(about=held.id)[-1].event == Event.VOICE_ENROLMENT_HELD
        assert vault.open_reference(held, models=speaker_models()).seconds > 20

        protected_voices.add(name="Somebody", reason="asked", action="deny", voice=heard)
        refused = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        assert (refused.status, rules(refused)) == (
            "refused",
            {("protected-voice", "hold"), ("protected-voice", "deny")},
        )

    def test_a_public_figures_name_waits_for_a_reviewer(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        voice = enrol(offer(given_aloud, amaras_speech[ENOUGH], name="Angela Merkel").id)
        assert (voice.status, rules(voice)) == ("held", {("public-figure-name", "hold")})

    def test_a_consent_that_ends_before_the_samples_are_checked_refuses_them(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        voice = offer(given_aloud, amaras_speech[ENOUGH])
        lifecycle.withdraw(given_aloud)
        voice = enrol(voice.id)
        assert (voice.status, rules(voice)) == ("refused", {("consent-not-active", "deny")})


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestEnrollingTogether:
    def test_the_same_voice_waits_for_a_reviewer_elsewhere_until_it_is_erased_here(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes], rival: Organisation
    ) -> None:
        mine = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        with organisation_scope(rival.id, actor="system"):
            elsewhere = consent_of(meet(rival, "A. Lindqvist"), "narration")
            lifecycle.give(elsewhere, evidence=EVIDENCE)
            keep_ceremony(elsewhere, amaras_speech[8])
            held = enrol(offer(elsewhere, amaras_speech[ENOUGH]).id)
            (reason,) = held.reasons
            assert (held.status, reason["rule"], reason["effect"]) == ("held", "voice-enrolled-already", "hold")
            assert reason["measured"] == {}
            said = f"{reason} {entries(about=held.id)}"
            assert not any(str(known) in said for known in (mine.organisation_id, mine.id, "Northwind"))
            vault.erase(held)
        assert {item.kind for item in vault.erase(mine)} >= {"voice-reference", "duplicate-reference"}
        with organisation_scope(rival.id, actor="system"):
            free = enrol(offer(elsewhere, amaras_speech[ENOUGH]).id)
            assert (free.status, free.reasons) == ("preparing", [])

    def test_who_is_refused_learns_nothing_of_who_is_enrolled(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes], ivos_speech: list[bytes], ivo: Speaker
    ) -> None:
        assert enrol(offer(given_aloud, amaras_speech[ENOUGH]).id).status == "preparing"
        his = consent_of(ivo, "narration")
        lifecycle.give(his, evidence=EVIDENCE)
        keep_ceremony(his, ivos_speech[0])
        refused = enrol(offer(his, amaras_speech[ENOUGH]).id)
        assert rules(refused) == {("not-the-consenting-speaker", "deny")}

    def test_an_engine_learns_nothing_from_a_sample_that_was_left_out(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        voice = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        assert len(vault.open_samples(voice)) == 3
        Sample.objects.filter(voice=voice, position=2).update(left_out="unlike-the-others")
        assert len(vault.open_samples(voice)) == 2

    def test_samples_in_another_language_than_the_voices_wait_for_a_reviewer(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        given_aloud.languages = ["en", "de"]
        given_aloud.save(update_fields=["languages"])
        voice = enrol(offer(given_aloud, amaras_speech[ENOUGH], language="de").id)
        assert (voice.status, rules(voice)) == ("held", {("sample-other-language", "hold")})
        kept = voice.samples.all()[0].measures
        assert kept["language"]["heard"] == "en"
        assert all(check["passed"] and "limit" in check for check in kept["checks"])
