import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from governance.embedded.addresses import default_urls
from governance.embedded.credentials import read_or_create_credentials
from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import prepare_layout


def test_the_credentials_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    layout = prepare_layout(tmp_path / "home")

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: read_or_create_credentials(layout), range(32)))

    assert len({tuple(vars(credentials).values()) for credentials in made}) == 1
    assert len(set(vars(made[0]).values())) == 5
    assert stat.S_IMODE(layout.credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o700
    assert [path.name for path in layout.root.glob(".cred*")] == []


def test_they_do_not_show_when_printed(tmp_path: Path) -> None:
    credentials = read_or_create_credentials(prepare_layout(tmp_path / "home"))

    assert credentials.superuser not in repr(credentials)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    layout = prepare_layout(tmp_path / "home")
    read_or_create_credentials(layout)
    layout.credentials.chmod(0o644)

    with pytest.raises(EmbeddedError, match="can be read by others"):
        read_or_create_credentials(layout)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"superuser": "x"}'])
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    layout = prepare_layout(tmp_path / "home")
    read_or_create_credentials(layout)
    layout.credentials.write_text(content)

    with pytest.raises(EmbeddedError, match="damaged"):
        read_or_create_credentials(layout)
    assert layout.credentials.read_text() == content


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_state_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)

    with pytest.raises(EmbeddedError, match="belongs to user 65534"):
        default_urls(home)


def test_the_addresses_name_the_two_roles_and_the_generated_key(tmp_path: Path) -> None:
    urls = default_urls(tmp_path / "home")

    assert sorted(urls) == ["BROKER_URL", "DATABASE_OWNER_URL", "DATABASE_URL", "SECRET_KEY"]
    assert urls["DATABASE_URL"].startswith("postgresql://vivavoce_app:")
    assert urls["DATABASE_OWNER_URL"].startswith("postgresql://vivavoce_owner:")
    assert urls == default_urls(tmp_path / "home")
