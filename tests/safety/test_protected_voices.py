from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from django.db import ProgrammingError
from numpy.typing import NDArray

from audit.events import Event
from audit.queries import entries
from safety.comparison import CAMPPLUS
from safety.errors import ComparisonError, ProtectionError
from safety.models import ProtectedVoice
from safety.ports import ModelIdentity
from safety.protected_voices import add, screen, screen_name
from tenancy.errors import ScopeError, TamperedError
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope

OTHER_MODEL = ModelIdentity("ge2e", "0" * 64)


def voice(*, likeness: float = 1.0) -> NDArray[np.float32]:
    """A unit vector whose cosine to `voice()` is `likeness`."""
    vector = np.zeros(192, dtype=np.float32)
    vector[0], vector[1] = likeness, np.sqrt(1 - likeness**2)
    return vector


def protect(name: str = "Vera Lind", *, platform: bool = False, likeness: float = 1.0) -> ProtectedVoice:
    embedding = voice(likeness=likeness)
    return add(name=name, reason="asked", action="deny", embedding=embedding, model=CAMPPLUS, platform=platform)


def heard(embedding: NDArray[np.float32]) -> list[tuple[UUID, str]]:
    return [(match.id, match.outcome) for match in screen(embedding, model=CAMPPLUS)]


@pytest.mark.parametrize(("likeness", "outcomes"), [(0.99, ["match"]), (0.45, ["inconclusive"]), (0.1, []), (-0.9, [])])
def test_a_protected_voice_is_recognised_by_how_it_sounds(
    in_northwind: Organisation, likeness: float, outcomes: list[str]
) -> None:
    listed = protect()
    assert heard(voice(likeness=likeness)) == [(listed.id, outcome) for outcome in outcomes]


def test_the_most_alike_comes_first(in_northwind: Organisation) -> None:
    close, closer = protect(likeness=0.8), protect(likeness=0.9)
    matches = screen(voice(), model=CAMPPLUS)
    assert [match.id for match in matches] == [closer.id, close.id]
    assert [match.score for match in matches] == pytest.approx([0.9, 0.8], abs=1e-6)


def test_an_empty_list_finds_nobody(in_northwind: Organisation) -> None:
    assert (screen(voice(), model=CAMPPLUS), screen_name("Vera Lind")) == ((), ())


def test_someone_listed_by_another_model_cannot_be_ruled_out(in_northwind: Organisation) -> None:
    add(name="Vera Lind", reason="asked", action="deny", embedding=voice(), model=OTHER_MODEL)
    with pytest.raises(ComparisonError, match="one model"):
        screen(voice(likeness=0.0), model=CAMPPLUS)


def test_a_model_that_nobody_measured_is_refused(in_northwind: Organisation) -> None:
    with pytest.raises(ComparisonError, match="No operating point"):
        screen(voice(), model=OTHER_MODEL)


@pytest.mark.django_db
def test_outside_an_organisation_nobody_is_cleared() -> None:
    with pytest.raises(ScopeError):
        screen(voice(), model=CAMPPLUS)
    with pytest.raises(ScopeError):
        screen_name("Vera Lind")


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
    ProtectedVoice.objects.filter(id=listed.id).update(removed_at=listed.added_at)
    assert (heard(voice()), screen_name("Vera Lind")) == ([], ())


def test_every_organisation_inherits_the_platforms_list(northwind: Organisation, rival: Organisation) -> None:
    with platform_scope():
        listed = protect(platform=True)
    for organisation in (northwind, rival):
        with organisation_scope(organisation.id, actor="system"):
            assert heard(voice()) == [(listed.id, "match")]


def test_an_organisations_own_list_is_its_own(northwind: Organisation, rival: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        protect()
    with organisation_scope(rival.id, actor="system"):
        assert (heard(voice()), screen_name("Vera Lind")) == ([], ())


def test_an_organisation_cannot_write_the_platforms_list(in_northwind: Organisation) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        protect(platform=True)


def test_the_voice_lies_sealed_and_is_bound_to_its_row(in_northwind: Organisation) -> None:
    first, second = protect("Vera Lind"), protect("Nils Berg")
    assert voice().tobytes()[:64] not in bytes(first.embedding)
    ProtectedVoice.objects.filter(id=first.id).update(embedding=second.embedding)
    with pytest.raises(TamperedError):
        screen(voice(), model=CAMPPLUS)


@pytest.mark.parametrize(("name", "action"), [("", "deny"), ("  \u0301", "deny"), ("Vera Lind", "permit")])
def test_a_listing_names_a_person_and_a_known_action(in_northwind: Organisation, name: str, action: str) -> None:
    with pytest.raises(ProtectionError, match="deny, hold"):
        add(name=name, reason="asked", action=action, embedding=voice(), model=CAMPPLUS)  # type: ignore[arg-type]


def test_what_is_no_embedding_is_not_listed(in_northwind: Organisation) -> None:
    with pytest.raises(ComparisonError, match="normalised"):
        add(name="Vera Lind", reason="asked", action="deny", embedding=voice() * 2, model=CAMPPLUS)


def test_protection_is_on_record_without_the_name(in_northwind: Organisation) -> None:
    listed = protect()
    (entry,) = entries(event=Event.PROTECTED_VOICE_ADDED)
    assert (entry.refs, entry.data) == ({"protected_voice": listed.id}, {"action": "deny"})
