"""Copies a published log into a folder, for `verify_log.py log`: the checkpoint, every tile, every bundle of entries.

    fetch_log.py https://voices.example/v1/audit folder

Needs Python 3.11 and nothing else. Nothing is believed here, and nothing checked: that is for `verify_log.py`, which
needs no network. What is already in the folder is not fetched again, so that a copy is brought up to date by the same
command. An earlier checkpoint is kept beside the new one as `checkpoint.<size>`: give it to `verify_log.py log
--earlier`, which shows that nothing of what it spoke of was changed. Addresses: C2SP tlog-tiles.
"""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

WIDTH = 256  # hashes in a full tile, leaves in a full bundle
LONGEST = WIDTH * (2 + 65_535)  # bytes in the largest bundle
PATIENCE_S = 30


def paths(size: int) -> Iterator[str]:
    """Where the tiles and bundles of a log of so many entries lie."""
    level, count = 0, size
    while count:
        for index in range(-(-count // WIDTH)):
            place = tile_place(index, min(WIDTH, count - index * WIDTH))
            yield f"tile/{level}/{place}"
            if level == 0:
                yield f"tile/entries/{place}"
        level, count = level + 1, count // WIDTH


def tile_place(index: int, width: int) -> str:
    """The end of an address: 1234067 is `x001/x234/067`; a tile that is not full says how wide it is."""
    digits = str(index).zfill(-(-len(str(index)) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return place if width == WIDTH else f"{place}.p/{width}"


def fetch(address: str) -> bytes:
    """The bytes at an address; raises `OSError` for an answer that is none, or longer than anything in a log."""
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310 -- the scheme was checked
        found: bytes = answer.read(LONGEST + 1)
    if len(found) > LONGEST:
        raise OSError(f"{address} is longer than anything in a log.")
    return found


def fetch_tile(prefix: str, path: str) -> bytes:
    """A tile or bundle; a partial one may be gone because it has become full since the checkpoint was fetched."""
    try:
        return fetch(f"{prefix}/{path}")
    except urllib.error.HTTPError as error:
        raise OSError(f"{path}: {error}. If the log has grown meanwhile, run this again.") from error


def copy(prefix: str, folder: Path) -> int:
    """Copies the log at `prefix` into `folder` and returns its size; the checkpoint is written last."""
    checkpoint = fetch(f"{prefix}/checkpoint")
    size = int(checkpoint.split(b"\n")[1])
    for path in paths(size):
        file = folder / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f".{file.name}")
            unfinished.write_bytes(fetch_tile(prefix, path))
            unfinished.replace(file)
    last = folder / "checkpoint"
    if last.exists() and last.read_bytes() != checkpoint:
        earlier = int(last.read_bytes().split(b"\n")[1])
        last.replace(folder / f"checkpoint.{earlier}")
    last.write_bytes(checkpoint)
    return size


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 when the copy is whole, 1 with the reason when it is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefix", help="where the log is published, such as https://voices.example/v1/audit")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    if urlsplit(options.prefix).scheme not in {"http", "https"}:
        parser.error("the address begins with https:// (or http://)")
    try:
        size = copy(options.prefix.rstrip("/"), options.folder)
    except (OSError, ValueError, IndexError) as error:
        sys.stderr.write(f"The log could not be copied: {error}\n")
        return 1
    sys.stdout.write(f"Copied {size} entries. Now: verify_log.py log --key … {options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
