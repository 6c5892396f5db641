"""The file that must outlive the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.events import Event
from audit.queries import entries
from consent import ceremony, lifecycle
from consent.models import ConsentRecord
from consent.queries import purposes_of
from governance.erasure_ledger import Line, Narrowing, parse, read, repair, write
from governance.erasure_replay import replay
from governance.errors import ErasureError
from governance.narrowing import narrow
from tenancy.ids import new_id
from tenancy.models import Organisation
from tests.consent.conftest import terms
from tests.consent.records import EVIDENCE


def line() -> Line:
    return Line(
        at="2026-11-21T07:00:00+00:00",
        certificate=new_id(),
        entry=new_id(),
        organisation=new_id(),
        speaker=new_id(),
        consent=None,
        reason="consent-withdrawn",
        key_shredded=True,
        postponed=False,
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "apart" / "erasures.jsonl"


def test_what_was_written_is_read_in_order_and_only_once(ledger: Path) -> None:
    first, second = line(), replace(line(), consent=new_id(), key_shredded=False)
    assert (write([first], path=ledger), write([first, second], path=ledger)) == (1, 1)
    assert read(ledger) == [first, second]


def test_a_ledger_that_was_never_written_is_empty(ledger: Path) -> None:
    assert read(ledger) == []


@pytest.mark.parametrize("cut", [2, 20, 150])
def test_a_line_that_a_crash_cut_short_harms_no_other(ledger: Path, cut: int) -> None:
    first, second, third = line(), line(), line()
    write([first, second], path=ledger)
    ledger.write_bytes(ledger.read_bytes()[:-cut])
    assert read(ledger) == [first]
    write([second, third], path=ledger)
    assert read(ledger) == [first, second, third]


def test_a_line_that_only_lacks_its_end_counts(ledger: Path) -> None:
    first, second = line(), line()
    write([first], path=ledger)
    ledger.write_bytes(ledger.read_bytes()[:-1])
    assert write([first, second], path=ledger) == 1
    assert read(ledger) == [first, second]


def test_a_damaged_line_is_not_passed_over(ledger: Path) -> None:
    write([line(), line()], path=ledger)
    raw = ledger.read_bytes()
    with pytest.raises(ErasureError, match="Line 1"):
        parse(raw.replace(b'"certificate":"', b'"certificate":"x', 1))


def narrowing(consent: ConsentRecord | None = None, **changes: Any) -> Narrowing:
    told: dict[str, Any] = {"organisation": new_id(), "speaker": new_id(), "consent": new_id()}
    if consent is not None:
        told = {"organisation": consent.organisation_id, "speaker": consent.speaker_id, "consent": consent.id}
    told |= {"taken_back": ("games",), "clips_may_be_distributed": True, "entry": new_id(), **changes}
    return Narrowing(at="2026-11-21T08:00:00+00:00", **told)


def test_what_was_taken_back_stands_beside_the_erasures(ledger: Path) -> None:
    lines = [line(), narrowing(), line()]
    assert write(lines, path=ledger) == 3
    assert write(lines, path=ledger) == 0
    assert read(ledger) == lines


@pytest.fixture
def given(in_northwind: Organisation) -> ConsentRecord:
    consent, _ = ceremony.request_consent(**terms(purposes=["narration", "games"]))
    lifecycle.give(consent, evidence=EVIDENCE)
    return consent


class TestNarrowingsInARestoredDatabase:
    """The database is as an older backup left it: it knows nothing of the entry that the line names."""

    def test_a_part_is_taken_back_again_and_once(self, given: ConsentRecord) -> None:
        lines = [narrowing(given, clips_may_be_distributed=False)]
        assert replay(lines).again == 1
        given.refresh_from_db()
        assert (purposes_of(given), given.clips_may_be_distributed, given.status) == ({"narration"}, False, "given")
        assert replay(lines).again == 0

    def test_nothing_left_is_a_withdrawal(self, given: ConsentRecord) -> None:
        assert replay([narrowing(given, taken_back=("narration", "games"))]).again == 1
        given.refresh_from_db()
        assert given.status == "withdrawn"

    def test_a_consent_that_the_backup_does_not_hold_is_passed_over(self, given: ConsentRecord) -> None:
        assert replay([replace(narrowing(given), consent=new_id())]).again == 0

    def test_what_the_database_knows_is_not_done_twice(self, given: ConsentRecord) -> None:
        narrow(given.id, purposes=["narration"])
        (entry,) = entries(event=Event.CONSENT_NARROWED)
        assert replay([narrowing(given, taken_back=("narration",), entry=entry.id)]).again == 0
        given.refresh_from_db()
        assert given.status == "given"

    def test_a_line_that_a_crash_kept_from_the_ledger_is_added(
        self, given: ConsentRecord, ledger: Path, settings: Any
    ) -> None:
        settings.ERASURE_LEDGER = ledger
        narrow(given.id, purposes=["narration"])
        repair()
        (found,) = [one for one in read(ledger) if one.organisation == given.organisation_id]
        assert isinstance(found, Narrowing)
        assert (found.consent, found.taken_back) == (given.id, ("games",))
        assert repair() == 0
