"""Create the project's virtual environment and install every package of `requirements.lock`, hashes checked.

Standard library only: it runs before anything is installed. torch is handled apart, because pip ranks a
registry file above a local one as soon as hashes are demanded, and the registry's build drags in CUDA: the
wheel is resolved without hashes, its SHA-256 is compared with the lock's, and only then is it installed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "installed.sha256"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<marker> ; extra == \"cuda\")? \\$")


def entries(lock: str) -> dict[str, tuple[str, bool]]:
    """Package name -> (its lines, is it only for a CUDA build of torch?)."""
    found: dict[str, tuple[str, bool]] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if match := REQUIREMENT.match(line.rstrip("\n")):
            name = match["name"]
            found[name] = (line.replace(match["marker"] or "", ""), bool(match["marker"]))
        elif name and line.startswith("    --hash="):
            found[name] = (found[name][0] + line, found[name][1])
    return found


def pip(*arguments: str) -> None:
    """Run the environment's pip; its error message is the user's."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("setup: pip failed; the lines above say why. Run the same command again: what was fetched is kept.")


def install(lines: str, *extra: str) -> None:
    """Install requirement lines, each with its hashes, and nothing that they do not name."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(lines)
        file.flush()
        pip("install", "--quiet", "--no-deps", "--require-hashes", "-r", file.name, *extra)


def install_torch(lines: str) -> bool:
    """Install the torch wheel that this machine offers if the lock knows it; is it a CUDA build?"""
    version = re.search(r"==(\S+)", lines)
    if version is None:
        sys.exit("setup: requirements.lock has no pinned torch.")
    with tempfile.TemporaryDirectory() as folder:
        pip("download", "--quiet", "--no-deps", "--dest", folder, f"torch=={version[1]}")
        wheel = next(Path(folder).glob("torch-*.whl"))
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if f"sha256:{digest}" not in lines:
            sys.exit(f"setup: {wheel.name} has SHA-256 {digest}, which requirements.lock does not list. Refused.")
        pip("install", "--quiet", "--no-deps", str(wheel))
    probe = "import importlib.metadata as m; print(any('nvidia' in r for r in m.requires('torch') or []))"
    return subprocess.run([PYTHON, "-c", probe], check=True, capture_output=True, text=True).stdout.strip() == "True"


def make_torchaudio_importable() -> None:
    """Beside a CPU build of torch, drop torchaudio's optional CUDA-linked files, say so, and check by importing."""
    code = "import torchaudio"
    if subprocess.run([PYTHON, "-c", code], check=False, capture_output=True).returncode == 0:
        return
    for file in ENVIRONMENT.glob("lib/python*/site-packages/torchaudio/lib/*torchaudio.abi3.so"):
        file.unlink()
        print(f"setup: removed {file.name} (optional, linked against CUDA) from the environment's torchaudio")
    if subprocess.run([PYTHON, "-c", code], check=False).returncode != 0:
        sys.exit("setup: torchaudio does not import beside this build of torch.")


def main() -> None:
    """Bring the environment to the state that the lock describes; does nothing when it is already there."""
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"setup: Python 3.11 is needed, this is {sys.version.split()[0]}. Try: make PYTHON=python3.11")
    lock = LOCK.read_text()
    digest = hashlib.sha256(lock.encode()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return
    print("setup: installing the pinned packages into .venv (once, a few minutes)", flush=True)
    if not PYTHON.exists():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        venv.create(ENVIRONMENT, with_pip=True)
    packages = entries(lock)
    torch_lines, _ = packages.pop("torch")
    is_cuda = install_torch(torch_lines)
    install("".join(lines for lines, cuda_only in packages.values() if is_cuda or not cuda_only))
    if not is_cuda:
        make_torchaudio_importable()
    STAMP.write_text(digest)


if __name__ == "__main__":
    main()
