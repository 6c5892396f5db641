"""A small client of the public HTTP interface, as an application's engineer would write it."""

from __future__ import annotations

import time
from typing import Any

import requests

FINAL = {
    "recordings": {"accepted", "refused", "held"},
    "voices": {"ready", "refused", "held"},
    "job": {"completed", "failed", "withheld", "denied", "held", "void", "unreleasable"},
    "detections": {"completed", "failed"},
    "examinations": {"completed", "failed"},
}


class Client:
    """Calls with an API key; a speaker's link needs none."""

    def __init__(self, base: str, key: str = "") -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def within(self, session: str) -> Client:
        """Another client, with the session of a ceremony."""
        client = Client(self.base)
        client.session.headers["Ceremony-Session"] = session
        return client

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """One call; the answer is returned whatever its status."""
        url = path if path.startswith("http") else f"{self.base}{path}"
        return self.session.request(method, url, timeout=120, **arguments)

    def expect(self, status: int, method: str, path: str, **arguments: Any) -> Any:
        """One call that must end with `status`; raises `RuntimeError` with the problem otherwise."""
        answer = self.call(method, path, **arguments)
        if answer.status_code != status:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text[:800]}")
        return answer.json()

    def wait(self, path: str, *, kind: str, seconds: float = 420.0) -> Any:
        """Ask again until the thing at `path` has come to an end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.expect(200, "GET", path)
            if found["status"] in FINAL[kind]:
                return found
            time.sleep(0.5)
        raise RuntimeError(f"{path} did not come to an end within {seconds:.0f} seconds.")
