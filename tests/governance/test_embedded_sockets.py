import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.embedded.errors import EmbeddedError
from governance.embedded.layout import Layout, prepare_layout
from governance.embedded.sockets import LONGEST_PATH, folder_name, socket_folder

COMMON = Path("/tmp")  # noqa: S108 - the last resort of the code under test


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short private folder that stands for XDG_RUNTIME_DIR."""
    folder = Path(tempfile.mkdtemp(prefix="vv", dir=COMMON))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return prepare_layout(tmp_path / "home")


def test_the_folder_is_private_short_and_the_same_whatever_the_environment_says(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = socket_folder(layout)
    monkeypatch.delenv("XDG_RUNTIME_DIR")

    assert socket_folder(layout) == first
    assert first.parent == place
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert len(f"{first}/.s.PGSQL.5432.lock") <= LONGEST_PATH


def test_two_state_folders_never_share_sockets(tmp_path: Path) -> None:
    assert folder_name(tmp_path / "one") != folder_name(tmp_path / "two")


def test_a_link_in_its_place_is_refused(layout: Layout, place: Path, tmp_path: Path) -> None:
    (place / folder_name(layout.root)).symlink_to(tmp_path)

    with pytest.raises(EmbeddedError, match="a link is not accepted"):
        socket_folder(layout)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_someone_else_in_its_place_is_refused(layout: Layout, place: Path) -> None:
    planted = place / folder_name(layout.root)
    planted.mkdir()
    os.chown(planted, 65534, 65534)

    with pytest.raises(EmbeddedError, match="belongs to user 65534"):
        socket_folder(layout)


@pytest.mark.usefixtures("place")
def test_a_folder_that_was_loosened_is_closed_again(layout: Layout) -> None:
    socket_folder(layout).chmod(0o777)

    assert stat.S_IMODE(socket_folder(layout).stat().st_mode) == 0o700


def test_a_place_that_is_too_deep_or_that_others_control_is_passed_over(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = place / ("x" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    loose = place / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(loose))

    assert socket_folder(layout) == COMMON / folder_name(layout.root)
    socket_folder(layout).rmdir()
