"""Posting to parties outside: https (or http on this machine), short timeouts, small answers, no redirects."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from audit.errors import OutboundError

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
WHOLE_SECONDS = 6.0
ANSWER_BYTES = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 inside IPv6, which only the network itself can tell apart
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came back: at most `ANSWER_BYTES` bytes of it."""

    status: int
    content_type: str
    body: bytes


def post(
    url: str,
    body: bytes,
    *,
    content_type: str,
    plain: bool = False,
    public: bool = False,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Answer:
    """Post `body` once and read the whole answer; raises `OutboundError`, never anything of the network's own.

    A party that answers byte by byte is given up after `WHOLE_SECONDS`; its thread ends with its connection.
    `plain` allows http to any host, for answers that carry their own signature. `public` is for addresses that others
    chose: no host of a private network, nor this machine, is reached, whatever its name resolves to by then, and no
    proxy is asked.
    """
    demand_safe(url, plain=plain)
    sent = {**headers, "Content-Type": content_type, "Accept-Encoding": "identity", "User-Agent": "vivavoce"}
    return within(WHOLE_SECONDS, lambda: _post(url, body, headers=sent, public=public), what=url)


def demand_safe(url: str, *, plain: bool = False) -> None:
    """Raises `OutboundError` unless the address is https, or http to this very machine (or `plain`: to any)."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise OutboundError(f"{url!r} is not a plain address: write https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and (plain or _is_loopback(parts.hostname))):
        raise OutboundError(f"{url!r} must begin with https://; plain http is only for this very machine.")


def within(seconds: float, work: Callable[[], T], *, what: str) -> T:
    """The result of `work`, or `OutboundError` when it takes longer; the thread it runs in never keeps us alive."""
    results: SimpleQueue[T | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            results.put(work())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, and raised there
            results.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = results.get(timeout=seconds)
    except Empty:
        raise OutboundError(f"{what} did not answer within {seconds:g} seconds.") from None
    if isinstance(result, BaseException):
        raise result
    return result


def public_address(host: str, port: int) -> str:
    """An address of `host` (a name or an address), if every one that it has is on the public Internet."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundError(f"{host} has no address that could be found.") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise OutboundError(f"{host} leads to {address}, which is not on the public Internet.")
    return addresses[0]


class _Pinned(HTTPAdapter):
    """Connects to one address that was looked at, while the certificate is still that of the host's name."""

    def __init__(self, host: str, address: str) -> None:
        self._host, self._address = host, address
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        attributes: tuple[Any, Any] = super().build_connection_pool_key_attributes(request, verify, cert)
        host, options = dict(attributes[0]), dict(attributes[1])
        if host["scheme"] == "https":
            options |= {"server_hostname": self._host, "assert_hostname": self._host}
        return {**host, "host": self._address}, options


def _post(url: str, body: bytes, *, headers: Mapping[str, str], public: bool) -> Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    with requests.Session() as session:
        session.trust_env = not public and not _is_loopback(host)  # no proxy stands before this machine
        if public:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            session.mount(f"{parts.scheme}://", _Pinned(host, public_address(host, port)))
            headers = {**headers, "Host": parts.netloc}
        try:
            with session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers.get("Content-Type", ""), _capped(response, url))
        except (requests.RequestException, OSError) as error:
            raise OutboundError(f"{url} could not be reached: {type(error).__name__}.") from error


def _capped(response: requests.Response, url: str) -> bytes:
    received = bytearray()
    for chunk in response.iter_content(8192):
        received += chunk
        if len(received) > ANSWER_BYTES:
            raise OutboundError(f"{url} answered with more than {ANSWER_BYTES} bytes.")
    return bytes(received)


def is_public(address: str) -> bool:
    """Whether an address is on the public Internet, and wraps none that is not."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast and found not in _NAT64


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
