from __future__ import annotations

from datetime import date

import pytest
from pytest_django import Settings

from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from watermark.errors import MarkError
from watermark.secrets import MarkSecrets, epoch_of, mark_secrets


def secrets_of(organisation: Organisation, epoch: int | None = None) -> MarkSecrets:
    with organisation_scope(organisation.id, actor="system"):
        return mark_secrets(epoch=epoch)


def test_an_epoch_is_half_a_year_unless_told_otherwise(settings: Settings) -> None:
    assert [epoch_of(date(2026, 1, 1)), epoch_of(date(2026, 7, 1)), epoch_of(date(2026, 7, 2))] == [0, 0, 1]
    settings.MARK_EPOCH_DAYS = 1
    assert epoch_of(date(2026, 7, 2)) == 182


def test_without_an_epoch_there_are_no_secrets(settings: Settings) -> None:
    with pytest.raises(MarkError, match="the clock says 2025"):
        epoch_of(date(2025, 12, 31))
    settings.MARK_EPOCH_DAYS = 0
    with pytest.raises(MarkError, match="MARK_EPOCH_DAYS is 0"):
        epoch_of(date(2026, 1, 1))


def test_organisations_share_the_pilots_and_nothing_else(northwind: Organisation, rival: Organisation) -> None:
    ours, theirs = secrets_of(northwind, 4), secrets_of(rival, 4)
    assert ours.pilot_secret == theirs.pilot_secret
    assert len({ours.clip_secret, theirs.clip_secret, ours.pilot_secret}) == 3
    assert {len(ours.clip_secret), len(ours.pilot_secret)} == {32}


def test_every_epoch_has_secrets_of_its_own_that_can_be_had_again(northwind: Organisation) -> None:
    first, second = secrets_of(northwind, 4), secrets_of(northwind, 5)
    assert first.clip_secret != second.clip_secret
    assert first.pilot_secret != second.pilot_secret
    assert secrets_of(northwind, 4) == first
    assert secrets_of(northwind).epoch == epoch_of(date.today())  # noqa: DTZ011 - the clock of the tests is UTC


def test_a_mark_secret_opens_nothing_else_of_the_organisation(in_northwind: Organisation) -> None:
    assert mark_secrets(epoch=4).clip_secret != keyring.organisation_secret("mark-epoch-40")
