from __future__ import annotations

import pytest

from consent.reasons import Reason
from safety.protected_voices import ProtectedMatch
from safety.speech import SpeakerFinding
from synth_adapter.measures import Measures
from tenancy.ids import new_id
from tests.embeddings import CALIBRATION, voice_at
from voices import identity
from voices.listening import HeardSample, reference_of
from watermark.ports import Reading

SOUND = Measures(10.0, -3.0, -22.0, 0.0, 0.0, 0.2, 35.0, 8_000.0, 0.12)
ONE = SpeakerFinding("one", 0.8, 5)
UNMARKED = (Reading("perth", "not_marked", 0.1, 0.5, b""),)
CEREMONY = voice_at(1.0)


def sample(
    score: float | None = 0.8,
    *,
    position: int = 1,
    seconds: float = 10.0,
    speakers: SpeakerFinding = ONE,
    marks: tuple[Reading, ...] = UNMARKED,
) -> HeardSample:
    embedding = None if score is None else voice_at(score, seconds=seconds)
    return HeardSample(position, SOUND, seconds, speakers, marks, embedding, "words")


def judged(*samples: HeardSample) -> list[tuple[str, str]]:
    return [(reason.rule, reason.effect) for reason in reasons_against(*samples)]


def reasons_against(*samples: HeardSample) -> list[Reason]:
    merged = reference_of(samples, calibration=CALIBRATION)
    compared = identity.compare_with_ceremony(
        samples, reference=merged.voice if merged else None, ceremony=CEREMONY, calibration=CALIBRATION
    )
    return identity.judge_speakers(samples, compared=compared)


class TestSpeakers:
    def test_the_consenting_speaker_is_recognised(self) -> None:
        assert judged(sample(0.8), sample(0.7, position=2)) == []

    def test_another_speaker_is_refused(self) -> None:
        assert set(judged(sample(0.1))) == {("not-the-consenting-speaker", "deny")}

    def test_doubt_waits_for_a_reviewer(self) -> None:
        assert set(judged(sample(0.45))) == {("speaker-uncertain", "hold")}

    def test_one_sample_of_somebody_else_among_many_is_found(self) -> None:
        samples = [sample(0.8, position=n) for n in range(1, 6)] + [sample(0.1, position=6)]
        (reason,) = reasons_against(*samples)
        assert (reason.rule, reason.effect, reason.measured["sample"]) == ("not-the-consenting-speaker", "deny", 6)

    def test_a_doubt_about_one_short_sample_is_none_when_the_whole_is_certain(self) -> None:
        assert judged(sample(0.4, seconds=2.0), *[sample(0.8, position=n) for n in range(2, 6)]) == []

    def test_two_voices_within_a_sample_are_refused_and_doubt_is_held(self) -> None:
        assert judged(sample(speakers=SpeakerFinding("several", 0.3, 5))) == [("several-speakers", "deny")]
        assert judged(sample(speakers=SpeakerFinding("inconclusive", 0.55, 5))) == [("several-speakers", "hold")]

    def test_a_sample_too_short_to_be_parted_is_judged_by_its_likeness_alone(self) -> None:
        assert judged(sample(speakers=SpeakerFinding("inconclusive", None, 0), seconds=3.0)) == []

    def test_where_a_representative_said_yes_there_is_no_voice_to_compare_with_and_a_reviewer_listens(self) -> None:
        def against(*samples: HeardSample) -> list[tuple[str, str]]:
            compared = identity.compare_with_ceremony(samples, reference=None, ceremony=None, calibration=CALIBRATION)
            found = identity.judge_speakers(samples, compared=compared)
            return [(reason.rule, reason.effect) for reason in found]

        several = sample(speakers=SpeakerFinding("several", 0.3, 5))
        assert against(sample(0.8)) == [("speaker-not-heard", "hold")]
        assert against(several) == [("several-speakers", "deny"), ("speaker-not-heard", "hold")]
        assert against(sample(None)) == [("no-voice-heard", "deny")]

    def test_samples_without_a_voice_are_refused(self) -> None:
        assert judged(sample(None)) == [("no-voice-heard", "deny")]

    def test_a_reason_says_the_ratio_and_what_was_needed(self) -> None:
        (reason, *_) = reasons_against(sample(0.1))
        assert {"score", "llr", "match_from", "no_match_below"} <= set(reason.measured)
        assert reason.measured["llr"] < reason.measured["no_match_below"]


class TestMarks:
    def test_a_mark_of_ours_is_refused(self) -> None:
        marked = (*UNMARKED, Reading("keyed", "marked", 0.9, 0.5, b"\x01"))
        reasons = identity.judge_marks([sample(), sample(position=2, marks=marked)])
        assert [(r.rule, r.effect, r.measured["sample"]) for r in reasons] == [("synthetic-mark-found", "deny", 2)]

    def test_no_reading_at_all_is_no_all_clear(self) -> None:
        assert [reason.rule for reason in identity.judge_marks([sample(marks=())])] == ["mark-unread"]


class TestProtection:
    @pytest.mark.parametrize(
        ("action", "outcome", "effect"),
        [
            ("deny", "match", "deny"),
            ("deny", "inconclusive", "hold"),
            ("hold", "match", "hold"),
            ("hold", "inconclusive", "hold"),
            ("deny", "no_match", None),
        ],
    )
    def test_only_a_sure_match_on_a_list_that_denies_refuses(
        self, action: str, outcome: str, effect: str | None
    ) -> None:
        match = ProtectedMatch(id=new_id(), name="Somebody", action=action, score=0.7, outcome=outcome)
        for reasons in (identity.judge_protection((match,), ()), identity.judge_protection((), (match,))):
            assert [reason.effect for reason in reasons] == ([effect] if effect else [])
            assert all("Somebody" not in reason.explanation for reason in reasons)

    def test_a_public_figures_name_waits_for_a_reviewer(self) -> None:
        assert identity.judge_names(["Amara", "Studio voice"]) == []
        assert [reason.effect for reason in identity.judge_names(["Amara", "Angela Merkel"])] == ["hold"]
