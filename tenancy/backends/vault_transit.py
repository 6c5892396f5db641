"""Key management by the Transit engine of HashiCorp Vault (or OpenBao), spoken to over HTTP.

The key must be made with `derived=true`, so that the context takes part in every operation, rewrapping included, which
knows no associated data. What is wrapped is Vault's own text, "vault:v<version>:…".
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings

from tenancy.errors import KeyringError, TamperedError

ATTEMPTS = 4
TIMEOUT_SECONDS = (2, 5)  # to connect, to answer
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 2.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_BAD_REQUEST, _REDIRECT = 400, 300
_CIPHERTEXT = re.compile(rb"vault:v([1-9]\d{0,8}):[A-Za-z0-9+/]+={0,2}")
_ALTERED = ("message authentication failed", "invalid ciphertext")  # the words of Vault's own errors
_HEALTH = b"vivavoce|health"
_ADVICE = {
    403: "the token is unknown, expired or lacks the right; see docs/operations.md for the policy it needs",
    404: "there is no such engine or key; check VAULT_TRANSIT_MOUNT and VAULT_TRANSIT_KEY",
    429: "it is throttling us; raise its quota",
    503: "it is sealed or in maintenance",
}


class VaultTransit:
    """Wraps with the newest version of `VAULT_TRANSIT_KEY`; a version that Vault has archived opens nothing."""

    def __init__(self) -> None:
        self._mount, self._name = settings.VAULT_TRANSIT_MOUNT.strip("/"), settings.VAULT_TRANSIT_KEY
        self._address = _safe_address(settings.VAULT_ADDR)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no netrc gets to see the token
        self._session.verify = settings.VAULT_CACERT or True

    @property
    def key_id(self) -> str:
        data = self._ask("GET", f"keys/{self._name}")
        if data.get("derived") is not True:
            raise KeyringError(f"The Transit key {self._name} ignores contexts: make one with derived=true.")
        return self._key_id(int(data["latest_version"]))

    def holds(self, key_id: str) -> bool:
        return key_id.rpartition(":")[0] == self._key_id(0).rpartition(":")[0]

    def key_id_of(self, wrapped: bytes) -> str:
        return self._key_id(_version(wrapped))

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        body = {"plaintext": _base64(key), "context": _base64(context)}
        return _wrapped(self._ask("POST", f"encrypt/{self._name}", body))

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        _version(wrapped)
        body = {"ciphertext": wrapped.decode(), "context": _base64(context)}
        return base64.b64decode(self._ask("POST", f"decrypt/{self._name}", body)["plaintext"])

    def rewrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        _version(wrapped)
        body = {"ciphertext": wrapped.decode(), "context": _base64(context)}
        return _wrapped(self._ask("POST", f"rewrap/{self._name}", body))

    def health(self) -> None:
        _ = self.key_id
        self.unwrap(self.wrap(bytes(32), context=_HEALTH), context=_HEALTH)

    def _key_id(self, version: int) -> str:
        return f"vault-transit:{self._mount}/{self._name}:v{version}"

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        """Vault's answer, after four attempts at most, with full jitter between them."""
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
                time.sleep(wait * secrets.randbelow(1_000) / 1_000)
            response = self._send(method, path, body)
            if response is None:
                problem = "it does not answer; check VAULT_ADDR and the network"
            elif response.status_code in _AGAIN:
                problem = _ADVICE.get(response.status_code, f"status {response.status_code}")
            else:
                return _data(response)
        raise KeyringError(f"Vault gives no keys: {problem}.")

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> requests.Response | None:
        headers = {"X-Vault-Token": _token(), "X-Vault-Request": "true"}
        if settings.VAULT_NAMESPACE:
            headers["X-Vault-Namespace"] = settings.VAULT_NAMESPACE
        url = f"{self._address}/v1/{self._mount}/{path}"
        try:  # a redirect would carry the token to whoever is named in it
            return self._session.request(
                method, url, json=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return None


def _data(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    status = response.status_code
    if not isinstance(answer, dict):
        answer = {}
    if status == requests.codes.ok and isinstance(answer.get("data"), dict):
        data: dict[str, Any] = answer["data"]
        return data
    errors = " ".join(map(str, answer.get("errors") or []))
    if status == _BAD_REQUEST and any(words in errors for words in _ALTERED):
        raise TamperedError("What was wrapped was altered, or belongs to something else: Vault refused it.")
    if _REDIRECT <= status < _BAD_REQUEST:
        raise KeyringError("Vault redirects elsewhere: name its active node, or what balances the load, in VAULT_ADDR.")
    raise KeyringError(f"Vault gives no keys: {_ADVICE.get(status, f'it answers with status {status}')}.")


def _wrapped(data: dict[str, Any]) -> bytes:
    wrapped = str(data.get("ciphertext", "")).encode()
    if not _CIPHERTEXT.fullmatch(wrapped):
        raise KeyringError("Vault's answer is no Transit ciphertext: check what listens at VAULT_ADDR.")
    return wrapped


def _version(wrapped: bytes) -> int:
    found = _CIPHERTEXT.fullmatch(wrapped)
    if found is None:
        raise TamperedError("This was altered, or not wrapped by Vault.")
    return int(found[1])


def _safe_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise KeyringError("Set VAULT_ADDR to an https:// address: tokens and keys travel to it.")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _token() -> str:
    path = settings.VAULT_TOKEN_FILE
    try:
        token = Path(path).read_text(encoding="utf-8").strip() if path else settings.VAULT_TOKEN
    except OSError:
        token = ""
    if not token:
        raise KeyringError("Set VAULT_TOKEN_FILE (or VAULT_TOKEN) to the token with which Vault is asked.")
    return str(token)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
