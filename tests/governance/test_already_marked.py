"""What an engine made is listened to before it gets our mark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from governance import already_marked
from governance.render import _explain
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tests.marks import leave_as_clip
from watermark import marking, register
from watermark.errors import AlreadyMarkedError
from watermark.ports import Reading


@pytest.fixture(autouse=True)
def _fresh_library() -> Any:
    register.forget_library()
    yield
    register.forget_library()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Reading]:
    """What the markers say, whatever the sound."""
    readings = [Reading("perth", "marked", 0.97123, 0.65, b""), Reading("audioseal", "inconclusive", 0.3, 0.5, b"")]
    monkeypatch.setattr(marking, "detect", lambda _sound: tuple(readings))
    return readings


SOUND = Waveform(np.zeros(24_000, np.float32), 24_000)


def test_a_foreign_mark_is_noted_with_its_score(heard: list[Reading]) -> None:
    assert already_marked.look(SOUND) == [{"marker": "perth", "score": 0.9712}]


def test_it_is_refused_where_the_policy_says_so(heard: list[Reading], settings: Settings) -> None:
    settings.ALREADY_MARKED = "refuse"
    with pytest.raises(AlreadyMarkedError, match="a mark of perth already"):
        already_marked.look(SOUND)


def test_what_is_not_surely_marked_is_no_reason(heard: list[Reading], settings: Settings) -> None:
    settings.ALREADY_MARKED = "refuse"
    del heard[0]
    assert already_marked.look(SOUND) == []


def test_the_sound_of_another_clip_is_refused_whatever_the_policy(
    northwind: Organisation, rival: Organisation, speech: Waveform
) -> None:
    assert already_marked.look(speech) == []
    marked, mark = leave_as_clip(speech, of=rival)
    with pytest.raises(AlreadyMarkedError, match=str(mark.clip_id)):
        already_marked.look(marked.cut(0.2, 2.9))


def test_the_job_says_that_asking_again_will_not_help() -> None:
    objection, again = _explain(AlreadyMarkedError("The engine's output bears a mark of perth already."))
    assert (objection.rule, again) == ("output-already-marked", False)
    assert "asking again will not help" in objection.way_forward
