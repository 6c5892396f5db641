"""An outsider's walk, as docs/verification.md describes it: over HTTP, with nothing but the two stand-alone files."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

from audit.events import Event
from audit.log import append
from audit.publishing import publish
from audit.sequencer import sequence_once
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip, found

STANDALONE = settings.ROOT / "audit" / "standalone"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


def application(environment: Any, start: Any) -> Any:
    try:
        return get_wsgi_application()(environment, start)
    finally:
        connections.close_all()


@pytest.fixture
def address(committed_db: None) -> Iterator[str]:
    with make_server("127.0.0.1", 0, application, server_class=Server, handler_class=Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/audit"
        server.shutdown()


@pytest.fixture
def firm(committed_db: None) -> Organisation:
    return found("Northwind")


def record(organisation: Organisation) -> UUID:
    with organisation_scope(organisation.id, actor="system"):
        entry_id = append(Event.VOICE_PREPARED, refs={"voice": organisation.id}, data={"likeness": 0.7})
    while sequence_once():
        pass
    publish()
    return entry_id


def test_an_outsider_can_verify_everything_that_the_interface_serves(
    address: str, firm: Organisation, tmp_path: Path
) -> None:
    entry_id = record(firm)
    secret = equip(firm, ApiScope.AUDIT).secret

    def save(path: str, name: str) -> None:
        request = urllib.request.Request(f"{address}/{path}", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            (tmp_path / name).write_bytes(answer.read())

    def run(script: str, *arguments: str) -> str:
        command = [sys.executable, "-I", str(STANDALONE / script), *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    save("keys", "keys.json")
    key = json.loads((tmp_path / "keys.json").read_text())["keys"][0]
    save(f"entries/{entry_id}", "entry.json")
    save(f"entries/{entry_id}/proof", "entry.tlog-proof")
    assert run("verify_log.py", "proof", "--key", key, "--entry", "entry.json", "entry.tlog-proof")
    assert run("verify_log.py", "opening", "--entry", "entry.json")

    assert "Copied" in run("fetch_log.py", address, "copy")
    (tmp_path / "old").write_bytes((tmp_path / "copy/checkpoint").read_bytes())
    record(firm)
    save("checkpoint", "new")
    sizes = [int((tmp_path / name).read_text().split("\n")[1]) for name in ("old", "new")]
    save(f"consistency?from={sizes[0]}&to={sizes[1]}", "consistency.json")
    assert run("verify_log.py", "consistency", "--key", key, "old", "new", "consistency.json")

    run("fetch_log.py", address, "copy")
    assert f"All {sizes[1]} leaves" in run("verify_log.py", "log", "--key", key, "--earlier", "old", "copy")


def test_a_copy_with_one_changed_byte_is_refused(address: str, firm: Organisation, tmp_path: Path) -> None:
    record(firm)
    with urllib.request.urlopen(f"{address}/keys") as answer:  # noqa: S310
        key = json.load(answer)["keys"][0]
    scripts = [sys.executable, "-I"]
    subprocess.run([*scripts, str(STANDALONE / "fetch_log.py"), address, "copy"], cwd=tmp_path, check=True)
    bundle = next(path for path in (tmp_path / "copy/tile/entries").rglob("*") if path.is_file())
    raw = bytearray(bundle.read_bytes())
    raw[40] ^= 1
    bundle.write_bytes(raw)
    command = [*scripts, str(STANDALONE / "verify_log.py"), "log", "--key", key, "copy"]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 1
