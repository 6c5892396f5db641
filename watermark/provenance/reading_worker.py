"""A program of its own that reads the manifest of one untrusted file under resource limits; `reading` starts it.

Standard input brings one line of JSON (the media type or null, the library's settings for each reading), then the
file. One line of JSON leaves on standard output: what each reading found. Run isolated (`-I`), so nothing of this
project is imported here.
"""

from __future__ import annotations

import json
import resource
import sys
from io import BytesIO
from typing import Any

import c2pa

OPEN_FILES = 64
LONGEST_MESSAGE = 300
LONGEST_STORE = 4 * 1024 * 1024


def main() -> None:
    limits = json.loads(sys.argv[1])
    for what, amount in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (amount, amount))
    ask = json.loads(sys.stdin.buffer.readline())
    audio = sys.stdin.buffer.read()
    found = [_read(audio, media_type=ask["media_type"], settings=settings) for settings in ask["settings"]]
    sys.stdout.write(json.dumps(found))


def _read(audio: bytes, *, media_type: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    """State and store of the manifest, or the name of the library's error and its words."""
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(settings))
        with c2pa.Reader(media_type, BytesIO(audio), context=context) as reader:
            store = reader.json()
            if len(store) > LONGEST_STORE:
                return {"error": "TooLong", "said": "The manifest is longer than any honest one."}
            return {"state": reader.get_validation_state(), "store": json.loads(store)}
    except c2pa.C2paError as error:
        return {"error": type(error).__name__.lstrip("_").removeprefix("C2pa"), "said": str(error)[:LONGEST_MESSAGE]}


if __name__ == "__main__":
    main()
