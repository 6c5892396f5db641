"""Posting to parties outside: https (or http on this machine), short timeouts, small answers, no redirects."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from audit.errors import OutboundError

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
WHOLE_SECONDS = 6.0
ANSWER_BYTES = 64 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came back: at most `ANSWER_BYTES` bytes of it."""

    status: int
    content_type: str
    body: bytes


def post(url: str, body: bytes, *, content_type: str, plain: bool = False) -> Answer:
    """Post `body` once and read the whole answer; raises `OutboundError`, never anything of the network's own.

    A party that answers byte by byte is given up after `WHOLE_SECONDS`; its thread ends with its connection.
    `plain` allows http to any host, for answers that carry their own signature.
    """
    demand_safe(url, plain=plain)
    return within(WHOLE_SECONDS, lambda: _post(url, body, content_type=content_type), what=url)


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


def _post(url: str, body: bytes, *, content_type: str) -> Answer:
    with requests.Session() as session:
        session.trust_env = not _is_loopback(urlsplit(url).hostname or "")  # no proxy stands before this machine
        try:
            with session.post(
                url,
                data=body,
                headers={"Content-Type": content_type, "Accept-Encoding": "identity", "User-Agent": "vivavoce"},
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
