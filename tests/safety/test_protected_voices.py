from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from django.db import ProgrammingError
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from safety import rotation
from safety.comparison import Embedding, VoiceEmbedding
from safety.errors import ComparisonError, ProtectionError, SearchUnavailableError
from safety.models import ProtectedList, ProtectedVoice
from safety.protected_voices import add, default_list, remove, remove_platform, screen, screen_name
from tenancy.errors import ScopeError, TamperedError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope
from tests.ears import FIRST, SECOND, heard

pytestmark = pytest.mark.usefixtures("measured_ears")
SURE, DOUBTFUL = 0.55, 0.45  # ratios of 7.5 and 2.5: on a list of one, a match from 5, a doubt from 0


def protect(name: str = "Vera Lind", *, platform: bool = False, likeness: float = 1.0) -> ProtectedVoice:
    return add(name=name, reason="asked", action="deny", voice=heard(likeness), platform=platform)


def found(likeness: float = 1.0) -> list[tuple[UUID, str]]:
    return [(match.id, match.outcome) for match in screen(heard(likeness))]


@pytest.fixture(autouse=True)
def _without_a_process(settings: object, tmp_path: object) -> None:
    """No search process runs: short lists are searched here."""
    settings.SEARCH_SOCKET = tmp_path / "search.sock"  # type: ignore[attr-defined, operator]


@pytest.mark.parametrize(
    ("likeness", "outcomes"),
    [(0.99, ["match"]), (SURE, ["match"]), (DOUBTFUL, ["inconclusive"]), (0.39, []), (-0.9, [])],
)
def test_a_protected_voice_is_recognised_by_how_it_sounds(
    in_northwind: Organisation, likeness: float, outcomes: list[str]
) -> None:
    listed = protect()
    assert found(likeness) == [(listed.id, outcome) for outcome in outcomes]


def test_the_longer_the_list_the_more_it_takes(in_northwind: Organisation) -> None:
    listed = protect()
    assert found(SURE) == [(listed.id, "match")]
    for number in range(40):
        stranger = np.zeros(192, np.float32), np.zeros(256, np.float32)
        for vector in stranger:
            vector[2 + number] = 1.0
        parts = tuple(Embedding(model, vector) for model, vector in zip((FIRST, SECOND), stranger, strict=True))
        add(name=f"Stranger {number}", reason="asked", action="deny", voice=VoiceEmbedding(parts, 4.0, 8_000.0))
    assert found(SURE) == [(listed.id, "inconclusive")]
    assert screen(heard())[0].figures()["list_size"] == 41


def test_the_most_alike_comes_first_with_its_figures(in_northwind: Organisation) -> None:
    close, closer = protect(likeness=0.8), protect(likeness=0.9)
    matches = screen(heard())
    assert [match.id for match in matches] == [closer.id, close.id]
    assert [match.score for match in matches] == pytest.approx([0.9, 0.8], abs=1e-6)
    assert matches[0].figures()["llr"] == 25.0
    assert matches[0].as_json()["scores"] == pytest.approx({"first-ear": 0.9, "second-ear": 0.9}, abs=1e-6)


def test_an_empty_list_finds_nobody(in_northwind: Organisation) -> None:
    assert (screen(heard()), screen_name("Vera Lind")) == ((), ())


@pytest.mark.parametrize("models", [(FIRST,), (SECOND,)])
def test_somebody_whom_other_encoders_heard_cannot_be_listed(
    in_northwind: Organisation, models: tuple[object, ...]
) -> None:
    with pytest.raises(ComparisonError, match="No calibration"):
        add(name="Vera Lind", reason="asked", action="deny", voice=heard(models=models))  # type: ignore[arg-type]


def test_somebody_from_before_there_were_lists_cannot_be_ruled_out(in_northwind: Organisation) -> None:
    ProtectedVoice.objects.filter(id=protect().id).update(listing=None)
    with pytest.raises(ComparisonError, match="one encoder alone"):
        screen(heard(0.0))


def test_a_rotated_voice_is_not_screened(in_northwind: Organisation) -> None:
    protect()
    with pytest.raises(ComparisonError, match="rotated"):
        screen(VoiceEmbedding(tuple(map(rotation.rotate, heard().parts)), 4.0, 8_000.0))


@pytest.mark.django_db
def test_outside_an_organisation_nobody_is_cleared() -> None:
    with pytest.raises(ScopeError):
        screen(heard())
    with pytest.raises(ScopeError):
        screen_name("Vera Lind")


def test_a_list_too_long_for_this_process_is_not_searched_at_all(in_northwind: Organisation, settings: object) -> None:
    settings.PROTECTED_VOICES_IN_PROCESS = 1  # type: ignore[attr-defined]
    protect()
    assert len(found()) == 1
    protect("Nils Berg")
    with pytest.raises(SearchUnavailableError, match=r"2 protected voices are too many.*search_protected_voices"):
        screen(heard())


@pytest.mark.parametrize("name", ["Véra LIND", "  vera\t lind ", "ＶＥＲＡ lind", "Ve\u0301ra Lind"])
def test_a_name_is_recognised_however_it_is_written(in_northwind: Organisation, name: str) -> None:
    listed = protect()
    assert [(match.id, match.outcome) for match in screen_name(name)] == [(listed.id, "inconclusive")]


@pytest.mark.parametrize("name", ["Vera", "Vera Linda", "Lind Vera", ""])
def test_another_name_is_another_name(in_northwind: Organisation, name: str) -> None:
    protect()
    assert screen_name(name) == ()


def test_a_removed_person_is_no_longer_found(in_northwind: Organisation) -> None:
    listed = protect()
    remove(listed)
    assert (found(), screen_name("Vera Lind")) == ([], ())


def test_every_organisation_inherits_the_platforms_list(northwind: Organisation, rival: Organisation) -> None:
    with platform_scope():
        listed = protect(platform=True)
    for organisation in (northwind, rival):
        with organisation_scope(organisation.id, actor="system"):
            assert found() == [(listed.id, "match")]


def test_an_organisations_own_list_is_its_own(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        protect()
    with organisation_scope(rival.id, actor="system"):
        assert (found(), screen_name("Vera Lind")) == ([], ())


def test_an_organisation_cannot_write_the_platforms_list(in_northwind: Organisation) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        protect(platform=True)


def test_the_voice_lies_sealed_and_is_bound_to_its_row(in_northwind: Organisation) -> None:
    first, second = protect("Vera Lind"), protect("Nils Berg")
    assert heard().parts[0].vector.tobytes()[:64] not in bytes(first.embedding)
    ProtectedVoice.objects.filter(id=first.id).update(embedding=second.embedding)
    with pytest.raises(TamperedError):
        screen(heard())


@pytest.mark.parametrize(("name", "action"), [("", "deny"), ("  \u0301", "deny"), ("Vera Lind", "permit")])
def test_a_listing_names_a_person_and_a_known_action(in_northwind: Organisation, name: str, action: str) -> None:
    with pytest.raises(ProtectionError, match="deny, hold"):
        add(name=name, reason="asked", action=action, voice=heard())  # type: ignore[arg-type]


def test_protection_is_on_record_without_the_name(in_northwind: Organisation) -> None:
    listed = protect()
    (entry,) = entries(event=Event.PROTECTED_VOICE_ADDED)
    assert (entry.refs, entry.data) == ({"protected_voice": listed.id}, {"action": "deny"})


def test_removal_is_on_record_and_leaves_no_voice_behind(in_northwind: Organisation) -> None:
    listed = protect()
    remove(listed)
    remove(listed)
    (entry,) = entries(event=Event.PROTECTED_VOICE_REMOVED)
    assert entry.refs == {"protected_voice": listed.id}
    assert bytes(ProtectedVoice.objects.get(id=listed.id).embedding) == b""


def test_a_newer_recording_replaces_the_platforms_former_one(in_northwind: Organisation) -> None:
    with platform_scope():
        protect(platform=True)
        assert remove_platform(name="Vera Lind") == 1
        newer = protect(platform=True, likeness=0.9)
    assert found(0.9) == [(newer.id, "match")]


def test_protection_ends_when_it_was_to_end(in_northwind: Organisation) -> None:
    soon = timezone.now() + timedelta(days=1)
    listed = add(name="Vera Lind", reason="asked", action="deny", voice=heard(), expires_at=soon)
    assert found() == [(listed.id, "match")]
    ProtectedVoice.objects.filter(id=listed.id).update(expires_at=timezone.now())
    assert (found(), screen_name("Vera Lind")) == ([], ())
    with pytest.raises(ProtectionError, match="over already"):
        add(name="Vera Lind", reason="asked", action="deny", voice=heard(), expires_at=timezone.now())


def test_an_alias_is_a_name(in_northwind: Organisation) -> None:
    listed = add(name="Vera Lind", reason="asked", action="hold", voice=heard(), aliases=["The Nightingale"])
    assert [match.id for match in screen_name("the nightingale")] == [listed.id]


def test_a_list_whose_owner_moved_its_thresholds_finds_more(in_northwind: Organisation) -> None:
    listed = protect()
    assert found(0.38) == []
    ProtectedList.objects.filter(id=default_list(platform=False).id).update(threshold_offset=-3.0)
    assert found(0.38) == [(listed.id, "inconclusive")]
