"""Copying a published log: where everything lies, what an interrupted or second copy does, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit.standalone.fetch_log import main, paths
from audit.tiles import bundle_path, new_tiles


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A log of 300 entries, as files; fetching does not look into them."""
    folder = tmp_path / "published"
    publish(folder, 300)
    return folder


@pytest.fixture
def address(published: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(published))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def publish(folder: Path, size: int) -> None:
    for path in paths(size):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "checkpoint").write_text(f"example.com/log\n{size}\nroot\n\n")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 70_000, 65_536 * 256 + 1])
def test_it_fetches_exactly_the_tiles_that_a_log_of_this_size_has(size: int) -> None:
    expected = [tile.path for tile in new_tiles(0, size)]
    expected += [bundle_path(tile.index, tile.width) for tile in new_tiles(0, size) if tile.level == 0]
    assert sorted(paths(size)) == sorted(expected)


def test_a_copy_holds_every_file(published: Path, address: str, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    assert main([address, str(copied)]) == 0
    names = {path.relative_to(published) for path in published.rglob("*") if path.is_file()}
    assert {path.relative_to(copied) for path in copied.rglob("*") if path.is_file()} == names
    assert all((copied / name).read_bytes() == (published / name).read_bytes() for name in names)


def test_the_next_copy_fetches_what_is_new_and_keeps_the_earlier_checkpoint(
    published: Path, address: str, tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    main([address, str(copied)])
    (copied / "tile/0/000").write_text("already here")
    publish(published, 310)
    assert main([address, str(copied)]) == 0
    assert (copied / "tile/0/000").read_text() == "already here"
    assert (copied / "tile/0/001.p/54").exists()
    assert (copied / "checkpoint").read_bytes() == (published / "checkpoint").read_bytes()
    assert (copied / "checkpoint.300").read_text().split("\n")[1] == "300"


def test_a_copy_that_is_not_whole_says_so_and_has_no_checkpoint(
    published: Path, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (published / "tile/1/000.p/1").unlink()
    assert main([address, str(tmp_path / "copied")]) == 1
    assert "tile/1/000.p/1" in capsys.readouterr().err
    assert not (tmp_path / "copied" / "checkpoint").exists()


def test_only_the_web_is_fetched_from(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["file:///etc", str(tmp_path)])


def test_something_that_is_no_log_is_refused(published: Path, address: str, tmp_path: Path) -> None:
    (published / "checkpoint").write_text("<html>")
    assert main([address, str(tmp_path / "copied")]) == 1
