"""A legal hold keeps what would be destroyed: on somebody's word, on the record, until it is lifted."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, transaction

from audit.events import Event
from audit.queries import entries
from consent.models import Speaker
from governance import case_holds, legal_holds
from governance.hold_models import CaseHold, LegalHold
from governance.legal_holds import LegalHoldError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

WHY = {"reason": "Subpoena 26-cv-1234, N.D. Ill.", "placed_by": "Ruth, compliance"}


@pytest.mark.usefixtures("in_northwind")
class TestHold:
    def test_one_keeps_the_proof_and_not_the_voice(self, amara: Speaker) -> None:
        legal_holds.place(amara.id, **WHY)
        held = legal_holds.held(amara.id)
        assert (held.proof, held.biometric, len(held.holds)) == (True, False, 1)

    def test_the_voice_is_kept_only_where_the_hold_says_so(self, amara: Speaker) -> None:
        legal_holds.place(amara.id, **WHY)
        legal_holds.place(amara.id, **WHY, covers_biometric=True)
        assert legal_holds.held(amara.id).biometric

    def test_it_holds_nobody_else(self, amara: Speaker, ivo: Speaker) -> None:
        legal_holds.place(amara.id, **WHY, covers_biometric=True)
        assert legal_holds.held(ivo.id) == legal_holds.Held(proof=False, biometric=False)

    def test_it_ends_when_the_last_is_lifted(self, amara: Speaker) -> None:
        first, second = (legal_holds.place(amara.id, **WHY) for _ in range(2))
        legal_holds.lift(first.id)
        assert legal_holds.held(amara.id).proof
        legal_holds.lift(second.id)
        assert not legal_holds.held(amara.id).proof

    def test_it_cannot_be_lifted_twice(self, amara: Speaker) -> None:
        hold = legal_holds.place(amara.id, **WHY)
        legal_holds.lift(hold.id)
        with pytest.raises(LegalHoldError, match="was lifted on"):
            legal_holds.lift(hold.id)

    def test_placing_and_lifting_are_on_the_record_without_the_reason(self, amara: Speaker) -> None:
        legal_holds.lift(legal_holds.place(amara.id, **WHY).id)
        found = entries(about=amara.id)
        assert [entry.event for entry in found] == [Event.LEGAL_HOLD_PLACED, Event.LEGAL_HOLD_LIFTED]
        assert "Subpoena" not in str([entry.data for entry in found])

    @pytest.mark.parametrize("wrong", [{"reason": " "}, {"placed_by": ""}])
    def test_nobody_holds_without_saying_why_and_who(self, amara: Speaker, wrong: dict[str, str]) -> None:
        with pytest.raises(LegalHoldError):
            legal_holds.place(amara.id, **{**WHY, **wrong})

    def test_the_database_does_not_let_a_hold_be_deleted_nor_stand_without_a_reason(self, amara: Speaker) -> None:
        hold = legal_holds.place(amara.id, **WHY)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            LegalHold.objects.filter(id=hold.id).delete()
        with pytest.raises(IntegrityError, match="hold_says_why_and_who"), transaction.atomic():
            LegalHold.objects.filter(id=hold.id).update(reason="")

    def test_an_unknown_speaker_or_hold_is_refused(self) -> None:
        with pytest.raises(LegalHoldError, match="no such speaker"):
            legal_holds.place(uuid4(), **WHY)
        with pytest.raises(LegalHoldError, match="no such hold"):
            legal_holds.lift(uuid4())


def test_another_organisation_sees_no_hold_and_lifts_none(
    northwind: Organisation, rival: Organisation, amara: Speaker
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        hold = legal_holds.place(amara.id, **WHY)
    with organisation_scope(rival.id, actor="system"):
        assert not legal_holds.held(amara.id).proof
        with pytest.raises(LegalHoldError, match="no such hold"):
            legal_holds.lift(hold.id)


class TestCases:
    def test_the_files_of_a_case_are_held_until_the_last_hold_is_lifted(self, in_northwind: Organisation) -> None:
        first, second = (case_holds.place("2026/17", **WHY) for _ in range(2))
        assert case_holds.on("2026/17") == first
        assert case_holds.on("2026/18") is None
        case_holds.lift(first.id)
        assert case_holds.on("2026/17") == second
        assert case_holds.lift(second.id).lifted_at is not None
        assert case_holds.on("2026/17") is None
        with pytest.raises(case_holds.UnknownHoldError):
            case_holds.lift(second.id)

    @pytest.mark.parametrize("wrong", [{"reason": " "}, {"placed_by": ""}])
    def test_nobody_holds_a_case_without_saying_why_and_who(
        self, in_northwind: Organisation, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(ValueError, match="why, and by whom"):
            case_holds.place("2026/17", **{**WHY, **wrong})

    def test_placing_and_lifting_are_on_the_record_without_case_and_reason(self, in_northwind: Organisation) -> None:
        hold = case_holds.place("2026/17", **WHY)
        case_holds.lift(hold.id)
        (placed,), (lifted,) = (entries(event=event) for event in (Event.LEGAL_HOLD_PLACED, Event.LEGAL_HOLD_LIFTED))
        assert (placed.data, placed.refs) == ({"hold": str(hold.id), "originals": 0}, {})
        assert (lifted.data, lifted.refs) == ({"hold": str(hold.id)}, {})

    @pytest.mark.parametrize("change", ["delete", "update"])
    def test_the_database_lets_a_hold_be_lifted_and_nothing_else(self, in_northwind: Organisation, change: str) -> None:
        holds = CaseHold.objects.filter(id=case_holds.place("2026/17", **WHY).id)
        act = {"delete": holds.delete, "update": lambda: holds.update(case_number="2026/18")}[change]
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            act()

    def test_another_organisation_sees_no_hold_and_lifts_none(
        self, northwind: Organisation, rival: Organisation
    ) -> None:
        with organisation_scope(northwind.id, actor="system"):
            hold = case_holds.place("2026/17", **WHY)
        with organisation_scope(rival.id, actor="system"):
            assert case_holds.on("2026/17") is None
            with pytest.raises(case_holds.UnknownHoldError):
                case_holds.lift(hold.id)


def said(*arguments: str) -> str:
    with redirect_stdout(io.StringIO()) as output:
        call_command("legal_hold", *arguments)
    return output.getvalue()


def test_the_command_places_lists_and_lifts(northwind: Organisation, amara: Speaker) -> None:
    where = ("--organisation", northwind.slug)
    placed = said("place", str(amara.id), "--reason", "A claim", "--placed-by", "Ruth", "--covers-biometric", *where)
    assert "the voice and the proof of consent is kept" in placed
    hold = placed.split()[1]
    assert f"{hold}: speaker {amara.id}" in said("list", *where)
    assert "is lifted" in said("lift", hold, *where)
    assert said("list", *where) == ""
    with pytest.raises(CommandError, match="was lifted on"):
        said("lift", hold, *where)


def test_the_command_holds_a_case_too(northwind: Organisation) -> None:
    where = ("--organisation", northwind.slug)
    placed = said("place", "--case", "2026/17", "--reason", "Order 7/26", "--placed-by", "Ruth", *where)
    assert "the originals of case 2026/17 are kept until it is lifted" in placed
    hold = placed.split()[1]
    assert f"{hold}: the originals of case 2026/17" in said("list", *where)
    assert "is lifted" in said("lift", hold, *where)
    assert said("list", *where) == ""
    with pytest.raises(CommandError, match="no such hold"):
        said("lift", hold, *where)
    with pytest.raises(CommandError, match="why, and by whom"):
        said("place", "--case", " ", "--reason", "Order 7/26", "--placed-by", "Ruth", *where)
