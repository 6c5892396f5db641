"""The act of the mark: a spoilt copy leads back to its request, and the evidence is checked as an outsider would."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import requests

from deploy.demo.cast import AMARA, PASSAGES, say
from deploy.demo.client import Client
from deploy.demo.story import UnexpectedOutcomeError, chapter, demand, note, step
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform

FASTER = 1.05
QUESTION = "Was this recording made by this organisation's system, and by which request?"
VERIFIER = "verify.py"
PATIENCE_S = 60.0


def trace(application: Client, job: dict[str, Any]) -> str:
    """Examine a copy of the clip that was cropped, played faster and coded again, and a recording nobody marked.

    Returns the identifier of the copy's examination.
    """
    with chapter("4. The mark leads back"):
        clip = decode(application.call("GET", f"{job['audio_url']}?form=wav").content).waveform
        part = clip.cut(0.9, clip.seconds - 0.4)
        faster = Waveform(part.samples, round(part.rate * FASTER)).resampled(part.rate)
        with step("A copy turns up: both ends cut off, five per cent faster, MP3 at 64 kb/s") as outcome:
            found = examine(application, encode_mp3(faster, kbit_per_s=64))
            result = found["result"]
            outcome.append(result["verdict"].replace("_", " "))
        demand(that=result["verdict"] == "marked" and result["candidates"], otherwise=f"It found: {result}")
        named = result["candidates"][0]
        demand(that=named["clip_id"] == job["clip"], otherwise=f"Another clip was named: {named}")
        note(f"named: clip {named['clip_id']}, by chance once in 10^{-named['log10_p']:.0f}")
        note(f"played {named['speed']:.2f} times as fast; what is heard is the {named['content']} as what was made")
        with step("From the clip to its request, decision, consent and voice") as outcome:
            where = f"/v1/forensics/examinations/{found['id']}/chain"
            steps = application.expect(200, "GET", where, params={"clip": named["clip_id"]})
            outcome.append(" → ".join(dict.fromkeys(one["kind"] for one in steps)))
        with step("A recording that no system marked") as outcome:
            plain = examine(application, say(AMARA, PASSAGES[0]))["result"]
            outcome.append(plain["verdict"].replace("_", " "))
        demand(that=plain["verdict"] != "marked" and not plain["candidates"], otherwise=f"It found: {plain}")
    return str(found["id"])


def prove(application: Client, examination_id: str) -> None:
    """Fetch the evidence and let the program inside it check it."""
    with step("The evidence bundle, checked offline by the program inside it") as outcome:
        outcome.append(check_bundle(application, examination_id))


def examine(application: Client, audio: bytes) -> dict[str, Any]:
    """Hand a file in under a case number and wait for what is found."""
    about = {"case_number": "DEMO-1", "question": QUESTION}
    files = {"audio": ("found.mp3", audio)}
    sent = application.expect(202, "POST", "/v1/forensics/examinations", data=about, files=files)
    found: dict[str, Any] = application.wait(f"/v1/forensics/examinations/{sent['id']}", kind="examinations")
    demand(that=found["status"] == "completed", otherwise=f"The examination {found['status']}: {found}")
    return found


def check_bundle(application: Client, examination_id: str) -> str:
    """What holds, as the bundle's own verifier says without this project; raises `UnexpectedOutcomeError` otherwise."""
    answer = fetch_bundle(application, examination_id)
    demand(that=answer.status_code == 200, otherwise=answer.text)  # noqa: PLR2004 -- HTTP's own number
    with tempfile.TemporaryDirectory() as folder:
        bundle, verifier = Path(folder) / "evidence.zip", Path(folder) / VERIFIER
        bundle.write_bytes(answer.content)
        verifier.write_bytes(zipfile.ZipFile(io.BytesIO(answer.content)).read(VERIFIER))
        command = [sys.executable, "-I", str(verifier), str(bundle)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise UnexpectedOutcomeError(f"The evidence does not hold:\n{done.stdout}{done.stderr}")
    held = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("HELD ")]
    return ", ".join(held) + " hold"


def fetch_bundle(application: Client, examination_id: str) -> requests.Response:
    """The bundle, once the log has taken up every entry that it proves."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = application.call("GET", f"/v1/forensics/examinations/{examination_id}/bundle")
        if answer.status_code != 409 or time.monotonic() > deadline:  # noqa: PLR2004 -- HTTP's own number
            return answer
        time.sleep(0.5)
