"""The same voice is found whoever enrolled it, and nobody learns more than that."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest
from django.db import connections, transaction

from safety import duplicates
from safety.calibration import SPEECH, Calibration, OperatingPoint, features
from safety.comparison import Embedding, VoiceEmbedding
from safety.duplicates import forget, least_llr, look_for, others_like, register
from safety.errors import ComparisonError
from safety.models import EnrolledVoice, PlatformKey
from safety.ports import ModelIdentity
from safety.rotation import rotate_voice
from tenancy.errors import TamperedError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import found

FIRST, SECOND = ModelIdentity("first", "1" * 64), ModelIdentity("second", "2" * 64)
SAME = {"seconds": 30.0, "bandwidth_hz": 8_000.0}


def calibration(*models: ModelIdentity) -> Calibration:
    """A ratio of twelve times the mean score less six: 6 for one voice, -6 for two that have nothing in common."""
    count = len(features([0.0] * len(models), **SAME))
    coefficients = (-6.0, *[12.0 / len(models)] * len(models), *[0.0] * (count - 1 - len(models)))
    points = {SPEECH: OperatingPoint(match=2.0, no_match=-2.0, source={})}
    return Calibration("0" * 64, models, coefficients, points, cap=7.0, source={})


BOTH = calibration(FIRST, SECOND)


@pytest.fixture(autouse=True)
def nobody_else(request: pytest.FixtureRequest) -> None:
    """What other tests have committed is out of the way for the length of a test."""
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")
        with platform_scope():
            organisations = set(EnrolledVoice.objects.values_list("organisation_id", flat=True))
        for organisation_id in organisations:
            with organisation_scope(organisation_id, actor="system"):
                EnrolledVoice.objects.all().delete()


def voice(number: int, *, models: tuple[ModelIdentity, ...] = (SECOND, FIRST)) -> VoiceEmbedding:
    """Somebody's voice; the two encoders have vectors of different lengths."""
    parts = []
    for model, length in zip(models, (192, 256), strict=False):
        vector = np.random.default_rng([number, length]).normal(size=length).astype(np.float32)
        parts.append(Embedding(model, vector / np.float32(np.linalg.norm(vector))))
    return VoiceEmbedding(tuple(parts), **SAME)


def enrol(number: int, *, speaker: int = 0, models: tuple[ModelIdentity, ...] = (SECOND, FIRST)) -> EnrolledVoice:
    """Speakers are numbered within the organisation in scope."""
    voice_id = new_id()
    register(voice(number, models=models), speaker_id=person(speaker), voice_id=voice_id)
    return EnrolledVoice.objects.get(voice_id=voice_id)


def person(number: int) -> UUID:
    return UUID(int=number + 1)


def asked(number: int, *, speaker: int = 0) -> str:
    return look_for(voice(number), speaker_id=person(speaker), calibration=BOTH)


class TestLooking:
    def test_another_organisation_that_enrols_the_same_voice_hears_that_somebody_has_it(
        self, northwind: Organisation, rival: Organisation
    ) -> None:
        with organisation_scope(northwind.id, actor="system"):
            enrol(1)
        with organisation_scope(rival.id, actor="system"):
            assert (asked(1), asked(2)) == ("somebody", "nobody")

    @pytest.mark.usefixtures("in_northwind")
    def test_within_an_organisation_it_is_another_person_who_may_not(self) -> None:
        enrol(1, speaker=1)
        assert asked(1, speaker=1) == "nobody"
        assert asked(1, speaker=2) == "somebody"

    @pytest.mark.usefixtures("in_northwind")
    def test_who_was_enrolled_with_other_encoders_cannot_be_ruled_out(self) -> None:
        enrol(1, speaker=1, models=(FIRST,))
        assert asked(2) == "unsearched"
        enrol(2, speaker=2)
        assert asked(2) == "somebody"

    @pytest.mark.usefixtures("in_northwind")
    def test_enrolling_again_replaces_the_copy(self) -> None:
        first = enrol(1, speaker=1)
        register(voice(3), speaker_id=first.speaker_id, voice_id=first.voice_id)
        assert (asked(1), asked(3)) == ("nobody", "somebody")
        assert EnrolledVoice.objects.count() == 1

    @pytest.mark.usefixtures("in_northwind")
    def test_a_rotated_voice_is_neither_asked_about_nor_kept(self) -> None:
        rotated = rotate_voice(voice(1))
        with pytest.raises(ComparisonError, match="as it was heard"):
            look_for(rotated, speaker_id=person(0), calibration=BOTH)
        with pytest.raises(ComparisonError, match="as it was heard"):
            register(rotated, speaker_id=person(0), voice_id=new_id())

    def test_the_more_are_enrolled_the_more_alike_one_must_be(self) -> None:
        assert least_llr(BOTH, among=0) == least_llr(BOTH, among=1) == 2.0
        assert least_llr(BOTH, among=100) == pytest.approx(2.0 + math.log(100))
        assert least_llr(BOTH, among=10**6) == BOTH.cap

    def test_of_two_enrolments_at_once_the_second_finds_the_first(self, committed_db: None) -> None:
        organisation, may_end = found("Northwind"), threading.Event()
        answers: list[str] = []
        try:
            with transaction.atomic():
                with organisation_scope(organisation.id, actor="system"):
                    assert asked(77, speaker=1) != "somebody"
                    copy = enrol(77, speaker=1)
                second = threading.Thread(target=_ask_elsewhere, args=(organisation, answers, may_end))
                second.start()
                assert not may_end.wait(timeout=1.0)  # it waits for us
            second.join(timeout=20)
            assert answers == ["somebody"]
        finally:
            with organisation_scope(organisation.id, actor="system"):
                forget(copy.voice_id)


def _ask_elsewhere(organisation: Organisation, answers: list[str], ended: threading.Event) -> None:
    with organisation_scope(organisation.id, actor="system"):
        answers.append(asked(77, speaker=2))
    ended.set()
    connections.close_all()


class TestKeeping:
    @pytest.fixture
    def copy(self, northwind: Organisation) -> Iterator[EnrolledVoice]:
        with organisation_scope(northwind.id, actor="system"):
            yield enrol(1)

    def test_no_organisation_reads_anothers_copies_and_none_the_platforms_key(
        self, copy: EnrolledVoice, rival: Organisation
    ) -> None:
        with organisation_scope(rival.id, actor="system"):
            assert not EnrolledVoice.objects.exists()
            assert not PlatformKey.objects.exists()
            assert asked(1) == "somebody"
            assert not EnrolledVoice.objects.exists()
        with platform_scope():
            assert EnrolledVoice.objects.filter(id=copy.id).exists()
            assert PlatformKey.objects.get().purpose == duplicates.KIND

    def test_a_copy_lies_sealed_and_belongs_to_its_row(self, copy: EnrolledVoice) -> None:
        assert voice(1).parts[0].vector.tobytes()[:16] not in bytes(copy.sealed)
        other = enrol(2, speaker=5)
        EnrolledVoice.objects.filter(id=copy.id).update(sealed=other.sealed)
        with pytest.raises(TamperedError):
            asked(1, speaker=5)

    def test_what_is_forgotten_is_found_no_more_and_says_what_it_was(
        self, copy: EnrolledVoice, rival: Organisation
    ) -> None:
        with organisation_scope(rival.id, actor="system"):
            assert forget(copy.voice_id) == []
        (destroyed,) = forget(copy.voice_id)
        assert (destroyed.kind, destroyed.object_id) == ("duplicate-reference", copy.id)
        assert asked(1, speaker=9) == "nobody"
        assert forget(copy.voice_id) == []

    def test_the_operator_sees_who_it_is(self, copy: EnrolledVoice, rival: Organisation) -> None:
        with organisation_scope(rival.id, actor="system"):
            again = enrol(1)
        (likeness,) = others_like(again.voice_id, calibration=BOTH)
        assert (likeness.organisation_id, likeness.voice_id) == (copy.organisation_id, copy.voice_id)
        assert likeness.llr == pytest.approx(6.0, abs=1e-4)
        with pytest.raises(ComparisonError, match="reenrol"):
            others_like(new_id(), calibration=BOTH)
