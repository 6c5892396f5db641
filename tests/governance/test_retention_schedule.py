"""The strictest rule wins, a legal hold overrides, and what is unknown falls under every rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from governance.retention.schedule import FILE, Case, Due, ScheduleError, read, schedule
from governance.retention.terms import parse

SEEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENDED = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIXED = FILE.read_text()


def said(due: Due | None) -> tuple[str, str, datetime]:
    assert due is not None
    return due.rule.code, due.clock, due.at


class TestBiometric:
    @pytest.mark.parametrize(
        ("places", "rule", "after"),
        [(("US-IL",), "house", "3 years"), (("US-CO",), "US-CO", "24 months"), (("EU", "US-CO"), "US-CO", "24 months")],
    )
    def test_silence_ends_it_by_the_shortest_term(self, places: tuple[str, ...], rule: str, after: str) -> None:
        due = schedule().biometric(Case(places, SEEN))
        assert said(due) == (rule, "inactivity", parse(after).after(SEEN))

    @pytest.mark.parametrize("places", [("US-TX",), ("US-IL", "GB"), ()])
    def test_withdrawal_ends_it_at_once_everywhere(self, places: tuple[str, ...]) -> None:
        due = schedule().biometric(Case(places, SEEN, ended_at=ENDED, ended_by="withdrawal"))
        assert said(due) == ("house", "withdrawal", ENDED)
        assert due.by(ENDED)

    def test_the_end_of_the_purpose_ends_it_at_once_even_where_the_law_allows_a_year(self) -> None:
        due = schedule().biometric(Case(("US-TX",), SEEN, ended_at=ENDED))
        assert said(due) == ("house", "purpose", ENDED)

    def test_without_the_house_rule_texas_would_give_it_a_year(self) -> None:
        texas = schedule().rules["US-TX"]
        assert texas.biometric["purpose"].after(ENDED) == ENDED.replace(year=2027)

    def test_silence_counts_even_after_the_end_if_it_is_earlier(self) -> None:
        late = SEEN.replace(year=2030)
        due = schedule().biometric(Case(("US-IL",), SEEN, ended_at=late))
        assert said(due) == ("house", "inactivity", SEEN.replace(year=2029))

    def test_it_is_not_due_a_moment_early(self) -> None:
        due = schedule().biometric(Case(("US-IL",), SEEN))
        assert not due.by(due.at - timedelta(microseconds=1))
        assert due.by(due.at)

    def test_a_hold_on_the_voice_postpones_it_and_one_on_the_proof_does_not(self) -> None:
        ended = {"ended_at": ENDED, "ended_by": "withdrawal"}
        assert not schedule().biometric(Case((), SEEN, **ended, biometric_held=True)).by(ENDED)
        assert schedule().biometric(Case((), SEEN, **ended, proof_held=True)).by(ENDED)


class TestProof:
    @pytest.mark.parametrize(
        ("places", "rule", "years"),
        [(("EU",), "house", 3), (("IN",), "house", 3), (("US-IL", "EU"), "US-IL", 5), (("GB", "US-IL"), "GB", 6)],
    )
    def test_it_is_kept_for_the_longest_duty(self, places: tuple[str, ...], rule: str, years: int) -> None:
        due = schedule().proof(Case(places, SEEN, ended_at=ENDED))
        assert said(due) == (rule, "proof", ENDED.replace(year=ENDED.year + years))

    def test_it_has_no_end_while_the_consent_stands(self) -> None:
        assert schedule().proof(Case(("GB",), SEEN)) is None

    def test_any_hold_postpones_it(self) -> None:
        due = schedule().proof(Case(("EU",), SEEN, ended_at=ENDED, proof_held=True))
        assert due is not None
        assert not due.by(due.at + timedelta(days=3650))


class TestPlaces:
    def test_no_place_named_means_all_of_them(self) -> None:
        assert {rule.code for rule in schedule().applying(())} == {"house", *schedule().rules}

    def test_an_unknown_place_means_all_of_them_too(self) -> None:
        assert schedule().applying(("EU", "ATLANTIS")) == schedule().applying(())
        assert schedule().unknown(("EU", "ATLANTIS")) == ("ATLANTIS",)

    def test_more_places_never_keep_the_voice_longer_nor_the_proof_shorter(self) -> None:
        everywhere = schedule()
        for one, other in combinations(everywhere.rules, 2):
            alone = Case((one,), SEEN, ended_at=ENDED)
            both = Case((one, other), SEEN, ended_at=ENDED)
            assert everywhere.biometric(both).at <= everywhere.biometric(alone).at
            assert said(everywhere.proof(both))[2] >= said(everywhere.proof(alone))[2]

    def test_none_named_is_the_strictest_of_all(self) -> None:
        all_at_once = schedule()
        cases = [Case((code,), SEEN, ended_at=ENDED) for code in all_at_once.rules]
        none = Case((), SEEN, ended_at=ENDED)
        assert all_at_once.biometric(none).at == min(all_at_once.biometric(case).at for case in cases)
        assert said(all_at_once.proof(none))[2] == max(said(all_at_once.proof(case))[2] for case in cases)


class TestReading:
    def test_every_rule_cites_its_law_and_where_it_is_written(self) -> None:
        for rule in schedule().rules.values():
            assert all((rule.law, rule.says, rule.applied, rule.source.startswith("http"))), rule.code

    @pytest.mark.parametrize(
        ("before", "after", "complaint"),
        [
            ('at_most = "6 years"', 'at_most = "4 years"', "GB keeps proof for 6 years, but house destroys it after 4"),
            ('inactivity = "24 months"', 'inactivity = "two years"', "is no term"),
            ('code = "US-TX"', 'code = "US-IL"', "have the same code"),
            ('biometric = { purpose = "1 year" }', 'biometric = { purposes = "1 year" }', "means nothing here"),
            ('purpose = "at once", inactivity = "3 years" }\nproof = { at_least = "3 years"', "x", "cannot be read"),
            ('withdrawal = "at once", purpose = "at once", inactivity', "inactivity", "must have a term for each"),
        ],
    )
    def test_a_schedule_that_contradicts_itself_or_is_misspelt_is_refused(
        self, before: str, after: str, complaint: str
    ) -> None:
        assert before in FIXED
        with pytest.raises(ScheduleError, match=complaint):
            read(FIXED.replace(before, after, 1))
