"""The file that must outlive the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from governance.erasure_ledger import Line, parse, read, write
from governance.errors import ErasureError
from tenancy.ids import new_id


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
