"""Which model weights there are, by hash, and where verified copies of them lie on this machine."""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from synth_adapter.errors import WeightsError

MANIFEST = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True)
class Member:
    """A part of a weights file: one member of a registry's package."""

    registry: str
    requirement: str
    path: str


@dataclass(frozen=True)
class HubFile:
    """A file on a model hub."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True)
class WeightsFile:
    """One pinned file; `size` in bytes is None where no public source states it."""

    name: str
    sha256: str
    size: int | None
    parts: tuple[Member, ...]
    hub: HubFile | None


@dataclass(frozen=True)
class Derivation:
    """Weights made on this machine from those of the model `source`."""

    source: str
    name: str


@dataclass(frozen=True)
class WeightsEntry:
    """One model of the manifest."""

    name: str
    about: str
    licence: str
    optional: bool
    folder: bool
    files: tuple[WeightsFile, ...]
    derived: Derivation | None


@dataclass(frozen=True)
class LocatedWeights:
    """Verified weights: a file, or a folder whose hash is that of its sorted `sha256  name` lines."""

    name: str
    path: Path
    sha256: str


@functools.cache
def manifest() -> tuple[WeightsEntry, ...]:
    """Every model this system knows, in the order of `weights.toml`."""
    return tuple(_entry(model) for model in tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["model"])


def entry(name: str) -> WeightsEntry:
    for candidate in manifest():
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in manifest())
    raise WeightsError(f"There are no weights called {name!r}; the manifest has {known}.")


def locate(name: str, *, root: Path | None = None) -> LocatedWeights:
    """The verified weights of a model below `root` (WEIGHTS_ROOT); SHA-256 is computed once per process.

    Raises:
        WeightsError: They are missing, of another size, or not the pinned bytes.
    """
    model = entry(name)
    folder = (root or Path(settings.WEIGHTS_ROOT)) / name
    if model.derived is not None:
        return _locate_derived(model, model.derived, folder)
    for file in model.files:
        verify(folder / file.name, sha256=file.sha256, size=file.size)
    if model.folder:
        return LocatedWeights(name, folder, folder_sha256(model.files))
    return LocatedWeights(name, folder / model.files[0].name, model.files[0].sha256)


def verify(path: Path, *, sha256: str, size: int | None) -> None:
    """Raise `WeightsError` unless the file is there and has this size and hash."""
    if not path.is_file():
        raise WeightsError(f"Weights {path} are missing. Run `manage.py fetch_weights`.")
    if size is not None and path.stat().st_size != size:
        raise WeightsError(f"Weights {path} have {path.stat().st_size} bytes instead of {size}; {_AGAIN}")
    if (found := file_sha256(path)) != sha256:
        raise WeightsError(f"Weights {path} have SHA-256 {found} instead of the pinned {sha256}; {_AGAIN}")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered for as long as its inode, size and change time stay the same."""
    status = path.stat()
    return _hash(path.resolve(), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def folder_sha256(files: tuple[WeightsFile, ...]) -> str:
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in sorted(files, key=lambda file: file.name))
    return hashlib.sha256(lines.encode()).hexdigest()


def sidecar(path: Path) -> Path:
    """Where the hashes of derived weights are kept."""
    return path.with_name(path.name + ".json")


_AGAIN = "remove them and run `manage.py fetch_weights`."


@functools.lru_cache(maxsize=512)
def _hash(path: Path, *_status: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _locate_derived(model: WeightsEntry, derived: Derivation, folder: Path) -> LocatedWeights:
    path = folder / derived.name
    if not sidecar(path).is_file():
        raise WeightsError(f"Weights {path} were not derived yet. Run `manage.py fetch_weights`.")
    try:
        kept = json.loads(sidecar(path).read_text(encoding="utf-8"))
        source_sha256, sha256 = str(kept["source_sha256"]), str(kept["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The hashes beside {path} cannot be read; {_AGAIN}") from error
    if source_sha256 != entry(derived.source).files[0].sha256:
        raise WeightsError(f"Weights {path} were derived from another {derived.source}; {_AGAIN}")
    verify(path, sha256=sha256, size=None)
    return LocatedWeights(model.name, path, sha256)


def _entry(model: Mapping[str, Any]) -> WeightsEntry:
    files = tuple(_file(file, model) for file in model.get("files", [model["file"]] if "file" in model else []))
    derived = Derivation(model["derived"]["from"], model["derived"]["name"]) if "derived" in model else None
    return WeightsEntry(
        name=model["name"],
        about=model["about"],
        licence=model["licence"],
        optional=model.get("optional", False),
        folder="files" in model,
        files=files,
        derived=derived,
    )


def _file(file: Mapping[str, Any], model: Mapping[str, Any]) -> WeightsFile:
    parts = file.get("parts", [model["archive"] + file["name"]] if "archive" in model else [])
    hub = file.get("hub", model["hub"] + file["name"] if "hub" in model else None)
    return WeightsFile(
        name=file["name"],
        sha256=file["sha256"],
        size=file.get("bytes"),
        parts=tuple(_member(part) for part in parts),
        hub=_hub_file(hub) if hub else None,
    )


def _member(text: str) -> Member:
    package, _, path = text.partition("#")
    registry, _, requirement = package.partition(":")
    return Member(registry, requirement, path)


def _hub_file(text: str) -> HubFile:
    place, _, path = text.partition("#")
    repository, _, revision = place.partition("@")
    return HubFile(repository, revision, path)
