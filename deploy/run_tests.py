"""Runs all tests in two processes, each with services of its own: the journeys wait while the others work.

Tests share a database with those beside them in their process and lean on nothing of the other's. The second process
writes to a file, which is shown when the first has ended.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = ("journeys", "audit", "safety", "synth_adapter", "tenancy", "watermark")
"""Folders of tests; the other process runs whatever else there is. Each takes about half of the time."""
NOTHING_COLLECTED = 5


def main() -> int:
    """Run both with the options given; the exit status is the worse one."""
    options = sys.argv[1:]
    folders = [f"tests/{name}" for name in FIRST]
    others = [f"--ignore={folder}" for folder in folders]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        beside = subprocess.Popen(
            _pytest("second", *others, *options), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            first = subprocess.run(_pytest("first", *folders, *options), cwd=ROOT, check=False).returncode
            print("The other tests, run at the same time:", flush=True)
            second = beside.wait()
        except BaseException:
            beside.terminate()
            beside.wait()
            raise
        output.seek(0)
        sys.stdout.writelines(output)
    statuses = {first, second}
    return max(statuses - {NOTHING_COLLECTED}, default=NOTHING_COLLECTED)


def _pytest(name: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{name}", *options]


if __name__ == "__main__":
    sys.exit(main())
