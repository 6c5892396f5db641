from __future__ import annotations

import numpy as np
import pytest
from django.core.files.storage import storages

from audit.events import Event
from audit.queries import entries
from consent import lifecycle
from consent.models import ConsentRecord
from safety import protected_voices
from safety.comparison import embed
from safety.registry import speaker_encoder
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import AudioError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices import vault
from voices.enrolment import create_voice, enrol
from voices.errors import VoiceError
from voices.models import Reference, Sample, Voice
from watermark import marking

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

        encoder = speaker_encoder()
        mine = embed(decode(amaras_speech[0]).waveform, encoder=encoder).vector
        reference = vault.open_reference(voice, model=encoder.model).vector
        assert float(mine @ reference) >= 0.55
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

    def test_too_little_narrow_band_speech_is_refused_with_every_reason(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        by_phone = encode_wav(decode(amaras_speech[1]).waveform.resampled(8_000))
        voice = enrol(offer(given_aloud, [by_phone]).id)
        assert voice.status == "refused"
        assert rules(voice) >= {("sample-narrow-band", "deny"), ("too-little-speech", "deny")}
        (amount,) = (reason for reason in voice.reasons if reason["rule"] == "too-little-speech")
        assert 0 < amount["measured"]["net_speech_seconds"] < amount["measured"]["limit_seconds"]

    def test_speech_that_carries_our_mark_is_refused(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        marked = marking.mark(decode(amaras_speech[7]).waveform, clip_id=new_id()).waveform
        samples = [encode_wav(marked), amaras_speech[6]]
        assert ("synthetic-mark-found", "deny") in rules(enrol(offer(given_aloud, samples).id))

    def test_a_protected_voice_is_refused_or_held_as_its_list_says(
        self, given_aloud: ConsentRecord, amaras_speech: list[bytes]
    ) -> None:
        encoder = speaker_encoder()
        embedding = encoder.embed(decode(amaras_speech[9]).waveform)
        protected_voices.add(name="Somebody", reason="asked", action="hold", embedding=embedding, model=encoder.model)
        held = enrol(offer(given_aloud, amaras_speech[ENOUGH]).id)
        assert (held.status, rules(held)) == ("held", {("protected-voice", "hold")})
        assert entries(about=held.id)[-1].event == Event.VOICE_ENROLMENT_HELD
        assert np.isfinite(vault.open_reference(held, model=encoder.model).vector).all()

        protected_voices.add(name="Somebody", reason="asked", action="deny", embedding=embedding, model=encoder.model)
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
