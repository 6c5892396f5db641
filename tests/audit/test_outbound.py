from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from audit import outbound
from audit.errors import OutboundError
from audit.outbound import ANSWER_BYTES, Answer, demand_safe, post


@contextmanager
def party(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Whoever listens at the address, and does with each connection what the test says."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    connection.recv(65536)
                    try:
                        behave(connection)
                    except OSError:
                        continue  # the client went away, as it should

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/path"
        finally:
            ended.set()
            thread.join()


def says(head: str, body: bytes = b"") -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass  # closing with something unread would reset the connection, and what was sent would be lost

    return answer


def test_an_answer_comes_with_its_status_and_type() -> None:
    with party(says("409 Conflict\r\nContent-Type: text/x.tlog.size", b"17\n")) as url:
        assert post(url, b"?", content_type="text/plain") == Answer(409, "text/x.tlog.size", b"17\n")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with party(says("302 Found\r\nLocation: http://169.254.169.254/latest/meta-data")) as url:
        assert post(url, b"?", content_type="text/plain").status == 302


def test_an_answer_without_end_is_cut_off() -> None:
    with (
        party(says("200 OK", b"x" * (ANSWER_BYTES + 1))) as url,
        pytest.raises(OutboundError, match=f"more than {ANSWER_BYTES} bytes"),
    ):
        post(url, b"?", content_type="text/plain")


def test_a_party_that_hangs_up_or_is_not_there_is_one_kind_of_error() -> None:
    with (
        party(lambda connection: connection.close()) as url,
        pytest.raises(OutboundError, match="could not be reached"),
    ):
        post(url, b"?", content_type="text/plain")
    with pytest.raises(OutboundError, match="could not be reached"):
        post(url, b"?", content_type="text/plain")


def test_a_silent_party_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "READ_SECONDS", 0.2)
    with party(lambda _: time.sleep(0.6)) as url:
        begun = time.monotonic()
        with pytest.raises(OutboundError, match="could not be reached"):
            post(url, b"?", content_type="text/plain")
        assert time.monotonic() - begun < 0.6


def test_a_party_that_drips_is_given_up_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "WHOLE_SECONDS", 0.4)

    def drip(connection: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Drip: aaaaaaaaaaaaaa":
            connection.sendall(bytes([letter]))
            time.sleep(0.05)

    with party(drip) as url:
        begun = time.monotonic()
        with pytest.raises(OutboundError, match="did not answer within"):
            post(url, b"?", content_type="text/plain")
        assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize(
    "url",
    [
        "http://witness.example/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:password@witness.example/",
        "https://",
        "witness.example",
        "",
    ],
)
def test_an_unsafe_address_is_never_asked(url: str) -> None:
    with pytest.raises(OutboundError):
        post(url, b"?", content_type="text/plain")


@pytest.mark.parametrize(
    "url", ["https://witness.example/w1", "http://127.0.0.1:8480", "http://localhost/", "http://[::1]/"]
)
def test_a_safe_address_is(url: str) -> None:
    demand_safe(url)


def test_plain_http_is_for_answers_that_are_signed_themselves() -> None:
    demand_safe("http://timestamp.example/tsr", plain=True)
    with pytest.raises(OutboundError, match="plain http"):
        demand_safe("http://timestamp.example/tsr")
