"""The platform's own keys: made once, bound to their row, hidden from organisations, rewrapped when told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from safety.models import PlatformKey
from safety.platform_key import PlatformKeys, platform_key
from tenancy.errors import TamperedError
from tenancy.hierarchy import forget_organisations
from tenancy.keyring_file import add_encryption_key
from tenancy.models import Organisation
from tenancy.scope import platform_scope
from tenancy.sealing import open_under, seal_under

PURPOSE, OTHER = "made-for-a-test", "another"


@pytest.fixture(autouse=True)
def own_keyring(settings: Settings, tmp_path: Path, db: None) -> Iterator[None]:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    forget_organisations()
    with platform_scope():
        PlatformKey.objects.all().delete()
    yield
    forget_organisations()


def test_a_key_is_made_once_and_another_for_each_purpose() -> None:
    first, again, other = platform_key(PURPOSE), platform_key(PURPOSE), platform_key(OTHER)
    assert (first.id, first.secret) == (again.id, again.secret)
    assert len(first.secret) == 32
    assert other.secret != first.secret


def test_a_wrapped_key_opens_in_its_own_row_alone() -> None:
    assert platform_key(PURPOSE).id != platform_key(OTHER).id
    with platform_scope():
        stolen = PlatformKey.objects.get(purpose=OTHER).wrapped
        PlatformKey.objects.filter(purpose=PURPOSE).update(wrapped=stolen)
    with pytest.raises(TamperedError):
        platform_key(PURPOSE)


@pytest.mark.usefixtures("in_northwind")
def test_no_organisation_sees_the_row() -> None:
    assert platform_key(PURPOSE).id
    assert not PlatformKey.objects.exists()


def test_a_new_key_of_key_management_wraps_it_anew_and_what_it_sealed_stays_open(settings: Settings) -> None:
    sealed = seal_under(platform_key(PURPOSE), b"voice", context=b"where")
    add_encryption_key(settings.KEYRING_FILE)
    with platform_scope():
        assert PlatformKeys().behind(organisation_id=None) == 1
        assert PlatformKeys().rewrap(organisation_id=None) == 1
        assert PlatformKeys().behind(organisation_id=None) == 0
    assert open_under(platform_key(PURPOSE), sealed, context=b"where") == b"voice"


def test_an_organisations_own_rotation_does_not_touch_it(in_northwind: Organisation, settings: Settings) -> None:
    platform_key(PURPOSE)
    add_encryption_key(settings.KEYRING_FILE)
    assert PlatformKeys().behind(organisation_id=in_northwind.id) == 0
    assert PlatformKeys().rewrap(organisation_id=in_northwind.id) == 0
