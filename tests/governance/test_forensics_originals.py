"""Originals end at their time unless held; what is known of them stays, and says when and why they went."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import storages
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.queries import entries
from governance import case_holds
from governance.forensic_models import Examination
from governance.forensics import custody, examinations, originals
from governance.forensics.errors import ExaminationHeldError
from governance.retention import job
from governance.retention.job import Report
from tenancy import keyring
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip
from tests.governance.conftest import ApiClient
from tests.governance.examination_rows import complete, concluded, fail, hand_in
from tests.governance.test_api_refusals import problem

pytestmark = pytest.mark.django_db
CASE = "LKA-2026-0417"
DAY = timedelta(days=1)
ADDRESS = "/v1/forensics/examinations"


@pytest.fixture
def examiner(northwind: Organisation) -> ApiClient:
    return ApiClient(equip(northwind, ApiScope.FORENSICS).secret)


@pytest.fixture
def ended(northwind: Organisation, settings: Settings) -> Examination:
    """An examination that ended 31 days ago, where originals are kept for 30."""
    settings.EXAMINATION_ORIGINAL_DAYS = 30
    return ended_on(complete(hand_in(northwind), concluded("not_marked")), timezone.now() - 31 * DAY)


def ended_on(row: Examination, day: datetime) -> Examination:
    with organisation_scope(row.organisation_id, actor="system"):
        Examination.objects.filter(id=row.id).update(completed_at=day)
        row.refresh_from_db()
    return row


def shown(api: ApiClient, row: Examination) -> dict[str, Any]:
    body: dict[str, Any] = api.get(f"{ADDRESS}/{row.id}").json()
    return body


def enforce(organisation: Organisation, callbacks: Any) -> Report:
    with callbacks(execute=True):
        return job.enforce(organisation.id)


def test_an_original_is_destroyed_at_its_time_and_what_is_known_of_it_stays(
    northwind: Organisation, examiner: ApiClient, ended: Examination, django_capture_on_commit_callbacks: Any
) -> None:
    assert storages["blobs"].exists(ended.blob)
    assert enforce(northwind, django_capture_on_commit_callbacks) == Report(originals=1)
    assert not storages["blobs"].exists(ended.blob)
    body = shown(examiner, ended)
    assert (body["original_kept"], body["sha256"], body["verdict"]) == (False, ended.sha256, "not_marked")
    assert body["original"]["destroyed_because"] == "The time for which originals are kept is over."
    problem(examiner.get(f"{ADDRESS}/{ended.id}/original"), 410, "examination-original-gone")
    with organisation_scope(northwind.id, actor="system"):
        assert not keyring.subject_key_exists(subject_id=ended.id)
        trail = custody.trail(ended)
        custody.verify(trail, examination_id=ended.id, original_sha256=ended.sha256)
        last = trail[-1]
        assert (last.action, last.actor, last.parameters["days"]) == ("deleted", "system", 30)
        assert datetime.fromisoformat(body["original"]["destroyed_at"]) == last.at
        (entry,) = entries(about=ended.id, event=Event.EXAMINATION_DELETED)
        assert entry.data == {"sha256": ended.sha256, "because": "retention"}
        (run,) = entries(event=Event.RETENTION_RUN)
        assert run.data["originals"] == 1
    assert enforce(northwind, django_capture_on_commit_callbacks) == Report()


def test_whoever_asks_for_one_that_is_gone_is_told_since_when(northwind: Organisation, ended: Examination) -> None:
    with organisation_scope(northwind.id, actor="system"):
        originals.expire(ended.id)
        ended.refresh_from_db()
        with pytest.raises(examinations.OriginalGoneError, match=f"destroyed on {timezone.now():%Y-%m-%d}"):
            examinations.hand_out(ended)


@pytest.mark.parametrize(("age", "outcome"), [(30 * DAY + DAY / 24, 1), (30 * DAY - DAY / 24, 0)])
def test_it_is_not_destroyed_before_its_time(
    northwind: Organisation, ended: Examination, age: timedelta, outcome: int
) -> None:
    ended_on(ended, timezone.now() - age)
    assert job.enforce(northwind.id).originals == outcome


def test_one_that_failed_has_a_time_too_and_one_that_goes_on_has_none(
    northwind: Organisation, examiner: ApiClient, settings: Settings
) -> None:
    settings.EXAMINATION_ORIGINAL_DAYS = 30
    going_on = hand_in(northwind)
    failed = ended_on(fail(hand_in(northwind), "It is no sound."), timezone.now() - 31 * DAY)
    assert shown(examiner, going_on)["original"]["until"] is None
    until = datetime.fromisoformat(shown(examiner, failed)["original"]["until"])
    assert until == failed.completed_at + 30 * DAY
    assert job.enforce(northwind.id).originals == 1
    assert (shown(examiner, going_on)["original_kept"], shown(examiner, failed)["original_kept"]) == (True, False)


def test_a_hold_on_the_case_keeps_it_from_clock_and_examiner_until_it_is_lifted(
    northwind: Organisation, examiner: ApiClient, ended: Examination
) -> None:
    placed = examiner.post("/v1/forensics/holds", {"case_number": CASE, "reason": "Order 7/26 of the court"})
    assert (placed.status_code, placed.json()["lifted_at"]) == (201, None)
    assert [hold["id"] for hold in examiner.get("/v1/forensics/holds").json()] == [placed.json()["id"]]
    assert job.enforce(northwind.id) == Report(held=1)
    assert shown(examiner, ended)["original"]["held_since"] == placed.json()["placed_at"]
    body = {"reason": "we need the space"}
    refused = examiner.client.delete(
        f"{ADDRESS}/{ended.id}/original", body, content_type="application/json", headers=examiner.headers
    )
    problem(refused, 409, "examination-held")
    lift = f"/v1/forensics/holds/{placed.json()['id']}/lift"
    assert examiner.post(lift).json()["lifted_at"] is not None
    problem(examiner.post(lift), 404, "hold-unknown")
    assert examiner.get("/v1/forensics/holds").json() == []
    assert job.enforce(northwind.id) == Report(originals=1)


def test_a_hold_is_of_one_case_and_covers_what_comes_later(northwind: Organisation, ended: Examination) -> None:
    with organisation_scope(northwind.id, actor="system"):
        case_holds.place("another case", reason="Order", placed_by="Ruth")
        case_holds.place("LKA-2027-1", reason="Order", placed_by="Ruth")
    later = ended_on(
        complete(hand_in(northwind, case_number="LKA-2027-1"), concluded("not_marked")), ended.completed_at
    )
    assert job.enforce(northwind.id) == Report(originals=1, held=1)
    with organisation_scope(northwind.id, actor="system"):
        later.refresh_from_db()
        assert later.blob
        with pytest.raises(ExaminationHeldError):
            originals.delete(later, reason="tidy")


def test_only_an_examiner_places_and_lifts_holds(api: ApiClient, northwind: Organisation, rival: Organisation) -> None:
    others = ApiClient(equip(northwind, ApiScope.SYNTHESISE).secret)
    problem(others.get("/v1/forensics/holds"), 403, "scope-missing")
    problem(others.post("/v1/forensics/holds", {"case_number": CASE, "reason": "x"}), 403, "scope-missing")
    hold = api.post("/v1/forensics/holds", {"case_number": CASE, "reason": "x"}).json()
    theirs = ApiClient(equip(rival, ApiScope.FORENSICS).secret)
    problem(theirs.post(f"/v1/forensics/holds/{hold['id']}/lift"), 404, "hold-unknown")
    assert theirs.get("/v1/forensics/holds").json() == []
    problem(api.post("/v1/forensics/holds", {"case_number": CASE}), 400, "request-malformed")


def test_one_that_cannot_be_destroyed_keeps_no_other_from_its_end(
    northwind: Organisation, ended: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ended_on(complete(hand_in(northwind), concluded("not_marked")), ended.completed_at + DAY / 24)
    honest = custody.note

    def broken(examination: Examination, **stated: Any) -> Any:
        if examination.id == ended.id:
            raise RuntimeError("the disk is full")
        return honest(examination, **stated)

    monkeypatch.setattr(custody, "note", broken)
    assert job.enforce(northwind.id) == Report(originals=1, failed=1)
    with organisation_scope(northwind.id, actor="system"):
        kept: dict[UUID, bool] = {row.id: bool(row.blob) for row in Examination.objects.all()}
    assert kept == {ended.id: True, other.id: False}
