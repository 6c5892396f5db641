from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from safety.ports import SpoofFinding
from safety.spoofing.demonstration import (
    check_living_speakers,
    check_only_the_demonstration,
    living_evidence,
    synthetic_speakers_admitted,
)

ROOT = Path(__file__).resolve().parents[2]
SPOOFED = SpoofFinding(3.0, "spoofed", 2, (), "c")


def test_synthetic_speakers_are_admitted_nowhere_unless_somebody_says_so() -> None:
    assert not synthetic_speakers_admitted()
    assert "admitted" not in living_evidence(SPOOFED)


def test_what_was_passed_over_is_written_into_the_evidence(settings: Settings) -> None:
    settings.DEMO_SYNTHETIC_SPEAKERS = True
    evidence = living_evidence(SPOOFED)
    assert (evidence["outcome"], "demonstration" in evidence["admitted"]) == ("spoofed", True)
    assert "admitted" not in living_evidence(SpoofFinding(-3.0, "bona_fide", 2, (), "c"))


@pytest.mark.parametrize("earnest", [{"BEHIND_TLS": True}, {"DATABASE_URL": "postgresql://elsewhere/vivavoce"}])
def test_the_switch_does_nothing_in_a_house_meant_in_earnest(settings: Settings, earnest: dict[str, object]) -> None:
    settings.DEMO_SYNTHETIC_SPEAKERS, settings.TESTING = True, False
    settings.DATABASE_URL = settings.EMBEDDED["DATABASE_URL"]
    assert synthetic_speakers_admitted()
    assert check_only_the_demonstration(None) == []
    for name, value in earnest.items():
        setattr(settings, name, value)
    assert not synthetic_speakers_admitted()
    assert [error.id for error in check_only_the_demonstration(None)] == ["safety.E001"]


def test_a_deployment_with_the_switch_is_refused(settings: Settings) -> None:
    assert check_living_speakers(None) == []
    settings.DEMO_SYNTHETIC_SPEAKERS = True
    assert [error.id for error in check_living_speakers(None)] == ["safety.E002"]


@pytest.mark.slow
def test_check_deploy_ends_with_an_error_when_the_switch_is_on() -> None:
    environment = {**os.environ, "DEMO_SYNTHETIC_SPEAKERS": "1", "BEHIND_TLS": "1"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "security"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "safety.E002" in done.stderr
