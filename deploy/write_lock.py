"""Write `requirements.lock` anew from `pyproject.toml`: one resolution, every hash, CUDA's packages marked apart.

Needs `uv` on the path (`pip install uv`). The hash of the CPU build of torch is kept from the present lock, since
registries do not list local builds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENTRY = re.compile(r"^(\S+==\S+)(?: ; .*)? \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)
HEADER = """\
# Every package, pinned with its hashes. `make lock` writes this file; `make setup` installs from it.
# torch: the CPU build (first hash) and the registry's builds. Lines marked extra == "cuda" are
# installed only beside a CUDA build of torch.
"""


def resolve(requirements: list[str]) -> dict[str, str]:
    """Resolve to `name==version` -> its hash lines."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("lock: uv is needed (pip install uv).")
    with tempfile.NamedTemporaryFile("w", suffix=".in") as file:
        file.write("\n".join(requirements))
        file.flush()
        command = [
            uv,
            "pip",
            "compile",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--python-version",
            "3.11",
        ]
        command += ["--python-platform", "x86_64-manylinux_2_28", file.name]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(ENTRY.findall(found + "\n"))


def main() -> None:
    """Resolve with and without torch's own needs, so that CUDA's packages can be told apart."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    everything = resolve(wanted)
    needs_of_torch = resolve([next(line for line in wanted if line.startswith("torch=="))])
    shared = re.compile(
        r"^(torch|filelock|fsspec|jinja2|markupsafe|mpmath|networkx|setuptools|sympy|typing-extensions)=="
    )
    cuda_only = {name for name in needs_of_torch if not shared.match(name)}
    cpu_hash = re.search(r"^torch==.*\n    (--hash=\S+)", LOCK.read_text(), re.MULTILINE)
    if cpu_hash is None:
        sys.exit("lock: the present lock has no torch.")
    lines = [HEADER]
    for name in sorted(everything, key=lambda entry: (entry in cuda_only, entry)):
        hashes = everything[name]
        if name.startswith("torch=="):
            hashes = f"    {cpu_hash[1]} \\\n{hashes}"
        marker = ' ; extra == "cuda"' if name in cuda_only else ""
        lines.append(f"{name}{marker} \\\n{hashes}")
    LOCK.write_text("".join(lines))


if __name__ == "__main__":
    main()
