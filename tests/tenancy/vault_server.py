"""A server on the loopback interface that speaks Vault Transit's API, with real AES-256-GCM and real derivation."""

from __future__ import annotations

import base64
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = "hvs.loopback-token"


class RefusalError(Exception):
    """An answer other than 200, with Vault's own words."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(errors)
        self.status, self.errors = status, errors


class VaultServer:
    """One mount called `transit`; `faults` are statuses to answer with before anything is done, first come first."""

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {}
        self.derived: dict[str, bool] = {}
        self.min_decryption_version = 1
        self.faults: list[int] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve({})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self._serve(json.loads(self.rfile.read(length)))

            def _serve(self, body: dict[str, Any]) -> None:
                try:
                    status, answer = 200, {"data": vault.answer(self.path, body, self.headers.get("X-Vault-Token"))}
                except RefusalError as refusal:
                    status, answer = refusal.status, {"errors": list(refusal.errors)}
                raw = json.dumps(answer).encode()
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", f"http://127.0.0.1:1{self.path}")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """A test's output is no place for it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def make_key(self, name: str, *, derived: bool = True) -> None:
        self.keys[name], self.derived[name] = [secrets.token_bytes(32)], derived

    def rotate(self, name: str) -> None:
        self.keys[name].append(secrets.token_bytes(32))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
        self.requests.append((path, body))
        if self.faults:
            raise RefusalError(self.faults.pop(0), "injected")
        if token != TOKEN:
            raise RefusalError(403, "permission denied")
        parts = path.removeprefix("/v1/").split("/")
        if parts[0] != "transit" or len(parts) != 3:
            raise RefusalError(404)
        verb, name = parts[1:]
        if name not in self.keys:
            raise RefusalError(404 if verb == "keys" else 400, "encryption key not found")
        if verb == "keys":
            return {"name": name, "derived": self.derived[name], "latest_version": len(self.keys[name])}
        context = base64.b64decode(body.get("context", ""))
        if self.derived[name] and not context:
            raise RefusalError(400, "missing 'context' for key derivation; the key was created using a derived key")
        if verb == "encrypt":
            return {"ciphertext": self._encrypt(name, context, base64.b64decode(body["plaintext"]))}
        plaintext = self._decrypt(name, context, body["ciphertext"])
        if verb == "rewrap":
            return {"ciphertext": self._encrypt(name, context, plaintext)}
        return {"plaintext": base64.b64encode(plaintext).decode()}

    def _cipher(self, name: str, version: int, context: bytes) -> AESGCM:
        key = self.keys[name][version - 1]
        return AESGCM(HKDF(SHA256(), 32, None, context).derive(key) if self.derived[name] else key)

    def _encrypt(self, name: str, context: bytes, plaintext: bytes) -> str:
        version, nonce = len(self.keys[name]), secrets.token_bytes(12)
        sealed = nonce + self._cipher(name, version, context).encrypt(nonce, plaintext, None)
        return f"vault:v{version}:{base64.b64encode(sealed).decode()}"

    def _decrypt(self, name: str, context: bytes, ciphertext: str) -> bytes:
        try:
            _, version, encoded = ciphertext.split(":")
            number, sealed = int(version.removeprefix("v")), base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise RefusalError(400, "invalid ciphertext: could not decode") from error
        if not 1 <= number <= len(self.keys[name]):
            raise RefusalError(400, "invalid ciphertext: version is too new")
        if number < self.min_decryption_version:
            raise RefusalError(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            return self._cipher(name, number, context).decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError) as error:
            raise RefusalError(400, "cipher: message authentication failed") from error
