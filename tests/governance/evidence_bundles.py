"""Bundles to damage, an examiner who means harm and signs again, and a clean machine to check them on."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cryptography
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.identity import verifier_keys
from governance.evidence import certificates
from governance.evidence.dsse import pae
from governance.evidence.standalone import verify
from tenancy import signing

# Refuses every attempt at the network, then runs the verifier as if it had been called.
_RUNNER = """
import runpy, sys
def forbid(event, _arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.")):
        raise SystemExit(f"the network was touched: {event}")
sys.addaudithook(forbid)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def clean_machine(folder: Path) -> Path:
    """The interpreter of a fresh virtual environment that has `cryptography` and what that needs, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    installed = Path(cryptography.__file__).parent.parent
    needed = [*installed.glob("cryptography*"), *installed.glob("*cffi*"), *installed.glob("pycparser*")]
    for path in needed:
        (packages / path.name).symlink_to(path)
    return folder / "bin" / "python"


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The verifier that lies beside a bundle, isolated and without a network; the first argument is that file."""
    command = [str(python), "-I", "-c", _RUNNER, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def trust() -> verify.Trust:
    """All that the platform would have its keys printed on."""
    key_id = signing.current_key_id()
    return verify.Trust(
        keys=(signing.public_key(key_id),),
        roots=(certificates.for_statements(key_id)[-1],),
        log_keys=tuple(str(key) for key in verifier_keys()),
    )


def failures(files: Mapping[str, bytes], trusted: verify.Trust | None = None) -> dict[str, str]:
    """The checks that do not hold, with what is wrong."""
    findings = verify.examine(files, trusted or verify.Trust())
    return {finding.check: finding.detail for finding in findings if finding.outcome == "failed"}


def sealed(body: bytes, kind: str, key: Ed25519PrivateKey | None) -> bytes:
    sign = key.sign if key else lambda message: signing.sign_by(signing.current_key_id(), message)
    encode = base64.b64encode
    signature = {"sig": encode(sign(pae(kind, body))).decode()}
    envelope = {"payload": encode(body).decode(), "payloadType": kind, "signatures": [signature]}
    return verify.canonical(envelope).encode()


def signed_again(files: Mapping[str, bytes], *, key: Ed25519PrivateKey | None = None) -> dict[str, bytes]:
    """The same bundle with a list of its present files under a signature: the platform's own, or another key's."""
    kept = {name: raw for name, raw in files.items() if name not in verify.UNLISTED}
    listed = {name: {"sha256": verify.sha256(raw), "size": len(raw)} for name, raw in kept.items()}
    manifest = {**json.loads(files["manifest.json"]), "files": listed}
    body = verify.canonical(manifest).encode()
    return {**kept, "manifest.json": body, "manifest.dsse.json": sealed(body, verify.MANIFEST_TYPE, key)}


def restated(
    files: Mapping[str, bytes], change: Callable[[dict[str, Any]], object], *, key: Ed25519PrivateKey | None = None
) -> dict[str, bytes]:
    """A bundle whose statement was changed by someone who can sign."""
    statement = json.loads(base64.b64decode(json.loads(files["statement.dsse.json"])["payload"]))
    change(statement)
    envelope = sealed(verify.canonical(statement).encode(), verify.STATEMENT_TYPE, key)
    return signed_again({**files, "statement.dsse.json": envelope}, key=key)
