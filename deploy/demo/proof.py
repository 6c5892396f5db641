"""The proof of one entry, fetched and then checked as an outsider would: by a file that knows nothing of us."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.demo.client import Client
from deploy.demo.story import UnexpectedOutcomeError

VERIFIER = Path(__file__).resolve().parents[2] / "audit" / "standalone" / "verify_log.py"
PATIENCE_S = 60.0


def check_offline(application: Client, entry_id: str) -> str:
    """What the stand-alone verifier says of the entry; raises `UnexpectedOutcomeError` when it objects."""
    keys = application.expect(200, "GET", "/v1/audit/keys")
    proof = _proof(application, entry_id)  # first: before the log has taken it up, the entry names no place in it
    entry = application.expect(200, "GET", f"/v1/audit/entries/{entry_id}")
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "entry.json").write_text(json.dumps(entry))
        (at / "entry.tlog-proof").write_bytes(proof)
        trusted = [part for key in keys["keys"] for part in ("--key", key)]
        command = [sys.executable, str(VERIFIER), "proof", *trusted, "--entry", "entry.json", "entry.tlog-proof"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=at)
    if done.returncode != 0:
        raise UnexpectedOutcomeError(f"The proof of {entry_id} does not hold:\n{done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[0]


def _proof(application: Client, entry_id: str) -> bytes:
    """The proof, once the log has taken the entry up."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = application.call("GET", f"/v1/audit/entries/{entry_id}/proof")
        if answer.status_code == 200:  # noqa: PLR2004 -- HTTP's own number
            return answer.content
        if time.monotonic() > deadline:
            raise UnexpectedOutcomeError(f"The log gave no proof of {entry_id} within a minute: {answer.text[:400]}")
        time.sleep(0.5)
