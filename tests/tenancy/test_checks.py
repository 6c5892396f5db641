from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections, transaction
from pytest_django import Settings

from tenancy import checks
from tenancy.checks import check_fences, check_role, check_stand_ins

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_the_migrated_database_has_no_open_door() -> None:
    assert check_fences(None, databases=["default"]) == []
    assert check_role(None, databases=["default"]) == []


@pytest.mark.django_db
def test_the_checks_run_with_the_command() -> None:
    call_command("check", databases=["default"])


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE consent_speaker DISABLE ROW LEVEL SECURITY", "consent_speaker has no forced row security"),
        ("ALTER TABLE consent_speaker NO FORCE ROW LEVEL SECURITY", "consent_speaker has no forced row security"),
        ("DROP POLICY own_rows ON consent_speaker", "consent_speaker has no forced row security"),
        ("ALTER TABLE safety_protectedvoice DISABLE ROW LEVEL SECURITY", "safety_protectedvoice has no forced row"),
        (
            "ALTER TABLE voices_voice DROP CONSTRAINT voices_voice_consent_id_within",
            "voices_voice.consent_id may leave its organisation",
        ),
    ],
)
@pytest.mark.usefixtures("committed_db")
def test_a_fence_that_came_down_is_found(monkeypatch: pytest.MonkeyPatch, statement: str, message: str) -> None:
    """The owner takes it down in a transaction, looks at it there with the check, and undoes it."""
    monkeypatch.setattr(checks, "APPLICATION", "owner")
    with transaction.atomic(using="owner"):
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement)
        (error,) = check_fences(None, databases=["owner"])
        transaction.set_rollback(True, using="owner")
    assert message in error.msg


@pytest.mark.parametrize("path", ["tests.cast.UnsafeEngine", "safety.backends.UnsafeEncoder"])
@pytest.mark.parametrize("name", ["SPEECH_ENGINE", "SPEAKER_ENCODERS", "KEY_MANAGEMENT", "EVENT_RECORDER"])
def test_a_stand_in_is_refused_outside_tests(settings: Settings, name: str, path: str) -> None:
    setattr(settings, name, path)
    assert check_stand_ins(None) == []
    settings.TESTING = False
    assert [error.id for error in check_stand_ins(None)] == ["tenancy.E001"]


def test_a_stand_in_among_several_watermarkers_is_refused(settings: Settings) -> None:
    settings.TESTING = False
    settings.WATERMARKERS = ["watermark.backends.perth.Perth", "tests.UnsafeMarker"]
    assert [error.id for error in check_stand_ins(None)] == ["tenancy.E001"]


def test_the_configured_backends_are_no_stand_ins(settings: Settings) -> None:
    settings.TESTING = False
    assert check_stand_ins(None) == []


def test_the_owner_in_the_place_of_the_application_is_refused(django_db_setup: None) -> None:
    told = check_in_a_process_of_its_own(DATABASE_URL=django_settings.DATABASE_OWNER_URL)
    assert "owns tables" in told
    assert "tenancy.E003" in told


def check_in_a_process_of_its_own(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--database", "default", "--tag", "database"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr
