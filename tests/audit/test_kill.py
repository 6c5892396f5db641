"""The short form of `python -m bench.log_kill`: sudden ends of sequencers, workers and the database under load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.embedded
def test_sudden_ends_lose_nothing_double_nothing_and_contradict_nothing() -> None:
    form = ["--seconds", "12", "--kills", "8", "--pause", "0.7", "--seed", "2", "--json"]
    command = [sys.executable, "-m", "bench.log_kill", *form]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode in {0, 1}, ended.stderr
    outcome = json.loads(ended.stdout)
    assert {name: outcome[name] for name in ("lost", "duplicated", "unknown", "inconsistent", "damage")} == {
        "lost": 0,
        "duplicated": 0,
        "unknown": 0,
        "inconsistent": 0,
        "damage": "",
    }
    assert ended.returncode == 0
    # A test in which nothing happened shows nothing.
    assert min(outcome[f"{victim}_killed"] for victim in ("sequencers", "workers", "postmasters")) >= 1
    assert outcome["kills"] >= 8
    assert outcome["acknowledged"] >= 100
    assert outcome["checkpoints_seen"] >= 3
