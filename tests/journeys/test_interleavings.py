"""At no interleaving of what speakers, organisations and clocks do does a clip leave without a live consent for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from governance import decisions, delivery, gate
from tests.journeys.interleaving import Interleavings, hear_nothing

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]
SEARCH = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_nothing(monkeypatch)
    monkeypatch.setattr(Interleavings, "delivered", 0)


def test_no_clip_leaves_without_a_live_consent_that_covers_it() -> None:
    run_state_machine_as_test(Interleavings, settings=SEARCH)
    assert Interleavings.delivered > 0, "nothing was ever fetched, so nothing was tried"


class Unasked:
    """Decision 3, made without asking: every clip may leave."""

    def __getattr__(self, name: str) -> Any:
        return getattr(decisions, name)

    def decide(self, request: Any, *, stage: str, clip: Any = None) -> Any:
        decision = decisions.decide(request, stage=stage, clip=clip)
        decision.effect = gate.Verdict("permit", ()).effect
        return decision


def test_the_search_finds_a_delivery_that_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even an erasure would help, if storage forgot nothing: the decision has to be made."""
    monkeypatch.setattr(delivery, "decisions", Unasked())
    monkeypatch.setattr(delivery, "clip_files", SimpleNamespace(opened=lambda *_: b"sound"))
    quick = settings(SEARCH, max_examples=200, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match="a clip left without a live consent"):
        run_state_machine_as_test(Interleavings, settings=quick)


def test_the_search_finds_a_purpose_that_is_never_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = dict(decisions.RULES)
    rules["delivery"] = tuple(rule for rule in rules["delivery"] if rule.__name__ != "purpose_is_in_scope")
    monkeypatch.setattr(decisions, "RULES", rules)
    quick = settings(SEARCH, max_examples=200, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match="a clip left without a live consent"):
        run_state_machine_as_test(Interleavings, settings=quick)
