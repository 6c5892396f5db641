"""The operator's commands for lists: what they put there, what they refuse, and that a refusal leaves nothing."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from deploy.demo.cast import IVO, PASSAGES, PROTECTED, say
from safety import lists
from safety.hearing import embed_voice
from safety.lists import Person
from safety.models import ListChange, ProtectedList, ProtectedVoice
from safety.protected_voices import default_list, screen
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import Role, hire
from tests.ears import FIRST, heard

COLUMNS = "name,reason,recording,aliases,action,expires"


def run(*arguments: object, **options: object) -> str:
    said = io.StringIO()
    call_command(*map(str, arguments), stdout=said, **options)
    return said.getvalue()


@pytest.fixture(autouse=True)
def _without_a_process(settings: LazySettings, tmp_path: Path) -> None:
    settings.SEARCH_SOCKET = tmp_path / "search.sock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings of Ivo, one of Conrad Weston, and one of nobody."""
    recordings = {
        "ivo-1.wav": say(IVO, PASSAGES[0]),
        "ivo-2.wav": say(IVO, PASSAGES[1]),
        "weston.wav": say(PROTECTED, PASSAGES[1]),
        "silence.wav": encode_wav(Waveform(np.zeros(32_000, np.float32), 16_000)),
    }
    (tmp_path / "recordings").mkdir()
    for name, recording in recordings.items():
        (tmp_path / "recordings" / name).write_bytes(recording)
    return tmp_path / "recordings"


def table(folder: Path, *lines: str) -> Path:
    path = folder.parent / "people.csv"
    path.write_text("\n".join([COLUMNS, *lines]), encoding="utf-8")
    return path


IVO_LINES = ("Ivo Brandt,asked,ivo-1.wav,The Miller,,", "Ivo Brandt,asked,ivo-2.wav,,,")
WESTON_LINE = "Conrad Weston,an actor,weston.wav,,hold,2040-12-31"


def found_by(sound: bytes) -> list[tuple[str, str, str]]:
    voice = embed_voice(decode(sound).waveform, encoders=speaker_encoders())
    return [(match.name, match.action, match.outcome) for match in screen(voice)]


@pytest.mark.slow
@pytest.mark.django_db
class TestImport:
    def test_on_the_platforms_list_they_stand_at_once_for_everybody(
        self, folder: Path, in_northwind: Organisation
    ) -> None:
        said = run("import_protected_voices", table(folder, *IVO_LINES, WESTON_LINE), folder)
        assert said == "2 of 2 people: protected.\n"
        assert found_by(say(IVO, PASSAGES[2])) == [("Ivo Brandt", "deny", "match")]
        assert found_by(say(PROTECTED, PASSAGES[2])) == [("Conrad Weston", "hold", "match")]
        assert ProtectedVoice.objects.get(name="Ivo Brandt", removed_at=None).aliases == ["The Miller"]

    def test_importing_again_replaces_and_does_not_double(self, folder: Path, in_northwind: Organisation) -> None:
        path = table(folder, *IVO_LINES)
        for _ in range(2):
            run("import_protected_voices", path, folder)
        rows = ProtectedVoice.objects.filter(name="Ivo Brandt")
        assert (rows.count(), rows.filter(removed_at=None).count()) == (2, 1)

    def test_on_an_organisations_list_they_wait_for_two_of_its_members(
        self, folder: Path, northwind: Organisation, ruth: User, sam: User
    ) -> None:
        said = run("import_protected_voices", table(folder, *IVO_LINES), folder, organisation=northwind.slug)
        assert said == "1 of 1 people: proposed; two members have to agree.\n"
        with organisation_scope(northwind.id, actor="system"):
            assert found_by(say(IVO, PASSAGES[2])) == []
            (change,) = ListChange.objects.filter(organisation=northwind)
        for member, status in ((ruth, "proposed"), (sam, "applied")):
            with organisation_scope(northwind.id, actor=f"member:{member.pk}"):
                assert lists.approve(change.id).status == status
        with organisation_scope(northwind.id, actor="system"):
            assert found_by(say(IVO, PASSAGES[2])) == [("Ivo Brandt", "deny", "match")]

    def test_who_cannot_be_heard_is_named_and_the_others_are_protected(
        self, folder: Path, in_northwind: Organisation
    ) -> None:
        path = table(folder, "Nobody,asked,silence.wav,,,", *IVO_LINES)
        with pytest.raises(CommandError, match="line 2, Nobody"):
            run("import_protected_voices", path, folder)
        assert found_by(say(IVO, PASSAGES[2])) == [("Ivo Brandt", "deny", "match")]
        assert not ProtectedVoice.objects.filter(name="Nobody").exists()

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("Conrad Weston,asked,elsewhere.wav,,,", "line 4: there is no recording elsewhere.wav"),
            ("Conrad Weston,asked,weston.wav,,,2020-01-01", "line 4: the protection would be over already"),
            ("?!,asked,weston.wav,,,", "line 4: .* is no name"),
        ],
        ids=["no recording", "over already", "no name"],
    )
    def test_a_table_with_a_fault_is_refused_as_a_whole(
        self, folder: Path, in_northwind: Organisation, line: str, fault: str
    ) -> None:
        before = ProtectedVoice.objects.count()
        with pytest.raises(CommandError, match=fault):
            run("import_protected_voices", table(folder, *IVO_LINES, line), folder)
        assert ProtectedVoice.objects.count() == before

    def test_a_list_that_is_missing_is_made_only_with_somebody_who_answers_for_it(
        self, folder: Path, northwind: Organisation
    ) -> None:
        path, named = table(folder, WESTON_LINE), {"organisation": northwind.slug, "listing": "Actors"}
        with pytest.raises(CommandError, match="Give --owner"):
            run("import_protected_voices", path, folder, **named)
        with organisation_scope(northwind.id, actor="system"):
            assert not ProtectedList.objects.filter(organisation=northwind).exists()
        run("import_protected_voices", path, folder, owner="the studio", **named)
        with organisation_scope(northwind.id, actor="system"):
            assert ProtectedList.objects.get(organisation=northwind).owner == "the studio"

    def test_an_unknown_organisation_gets_nothing(self, folder: Path, db: None) -> None:
        with pytest.raises(CommandError, match="no organisation 'nobody'"):
            run("import_protected_voices", table(folder, WESTON_LINE), folder, organisation="nobody")


def proposed(**changes: object) -> ListChange:
    with platform_scope():
        return lists.propose_addition(
            default_list(platform=True),
            Person("Vera Lind", "asked"),
            voice=heard(**changes),  # type: ignore[arg-type]
        )


def stored(change: ListChange) -> ListChange:
    with platform_scope():
        return ListChange.objects.get(id=change.id)


@pytest.mark.django_db
@pytest.mark.usefixtures("measured_ears")
class TestDecision:
    def test_what_waits_is_listed(self) -> None:
        change = proposed()
        assert f"{change.id}  add  Vera Lind  on “Protected voices”\n" in run("decide_protection")

    def test_who_is_agreed_to_is_protected(self, in_northwind: Organisation) -> None:
        change = proposed()
        assert run("decide_protection", change.id) == f"{change.id} was applied.\n"
        assert [match.name for match in screen(heard())] == ["Vera Lind"]
        assert (stored(change).decided_by, stored(change).embedding) == (lists.OPERATOR, None)
        assert str(change.id) not in run("decide_protection")

    def test_who_is_refused_is_not_and_the_voice_is_not_kept(self, in_northwind: Organisation) -> None:
        change = proposed()
        assert run("decide_protection", change.id, refuse="no proof") == f"{change.id} was rejected.\n"
        assert screen(heard()) == ()
        assert (stored(change).statement, stored(change).embedding) == ("no proof", None)

    def test_a_refusal_says_why(self) -> None:
        change = proposed()
        with pytest.raises(CommandError, match="Say why"):
            run("decide_protection", change.id, refuse=" ")
        assert stored(change).status == "proposed"

    def test_what_was_decided_or_is_unknown_cannot_be_decided(self) -> None:
        change = proposed()
        run("decide_protection", change.id)
        for unknown in (change.id, uuid4()):
            with pytest.raises(CommandError, match="No such change waits"):
                run("decide_protection", unknown)

    def test_an_organisations_change_is_not_the_operators(self, northwind: Organisation) -> None:
        member = hire(northwind, "Ruth", role=Role.REVIEWER)
        with organisation_scope(northwind.id, actor=f"member:{member.pk}"):
            change = lists.propose_addition(default_list(platform=False), Person("Vera Lind", "asked"), voice=heard())
        with pytest.raises(CommandError, match="No such change waits"):
            run("decide_protection", change.id)

    def test_a_voice_that_other_encoders_heard_is_proposed_anew(self, in_northwind: Organisation) -> None:
        change = proposed(models=(FIRST,))
        with pytest.raises(CommandError, match="Other encoders heard this voice"):
            run("decide_protection", change.id)
        assert stored(change).status == "proposed"
        assert screen(heard()) == ()
