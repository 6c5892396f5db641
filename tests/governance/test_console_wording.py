from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.console.wording import Figure, duration, figures, midway, plainly, relative, standing

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00.0"), (7.43, "0:07.4"), (59.96, "1:00.0"), (61.25, "1:01.2"), (600, "10:00.0")],
)
def test_a_duration_is_minutes_seconds_and_tenths(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=61), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(seconds=-10), "in under a minute"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_a_moment_is_said_in_its_largest_unit(away: timedelta, said: str) -> None:
    assert relative(NOW - away, now=NOW) == said


def test_a_slug_becomes_words_and_keeps_abbreviations() -> None:
    assert (plainly("purpose-outside-scope"), plainly("ivr")) == ("Purpose outside scope", "IVR")
    assert (midway("Narration"), midway("IVR")) == ("narration", "IVR")


def test_figures_have_units_and_say_what_is_not_known() -> None:
    measured = {"snr_db": 7.91, "net_speech_seconds": 8.4, "word_error_rate": 0.038, "key_present": True, "score": None}
    assert {figure.label: (figure.value, figure.known) for figure in figures(measured)} == {
        "Comparison score": ("Not known", False),
        "Word error rate": ("3.8 %", True),
        "Signal to noise": ("7.91 dB", True),
        "Net speech": ("8.40 s", True),
        "Key present": ("Yes", True),
    }


def test_a_model_is_one_figure_with_its_whole_hash_at_hand() -> None:
    model = {"encoder": {"name": "campplus", "sha256": "a" * 64}}
    assert figures(model) == [Figure("Encoder", f"campplus {'a' * 12}…", exact="a" * 64)]


@pytest.mark.parametrize(
    ("measured", "limit"),
    [
        ({"word_error_rate": 0.381, "limit": 0.25}, "25.0 %"),
        ({"snr_db": 7.9, "limit": 15.0}, "15.0 dB"),
        ({"score": 0.4, "limit": 0.5}, "0.500"),
    ],
)
def test_a_limit_is_said_in_the_unit_of_what_it_limits(measured: dict[str, float], limit: str) -> None:
    assert Figure("Limit", limit) in figures(measured)


def test_nested_figures_carry_the_name_of_what_they_belong_to() -> None:
    consent = {"consent": {"purposes": ["narration", "ivr"], "valid_until": "2026-12-11T04:49:01+00:00"}}
    assert [(figure.label, figure.value) for figure in figures(consent)] == [
        ("Consent: purposes", "narration, ivr"),
        ("Consent: valid until", "11 Dec 2026, 04:49 UTC"),
    ]


def test_a_state_that_nobody_knows_is_never_shown_as_permitted() -> None:
    assert standing("transmogrified") == ("hold", "Transmogrified")
