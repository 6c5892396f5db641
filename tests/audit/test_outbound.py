from __future__ import annotations

import socket
import ssl
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


# Addresses that others chose.


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 -- never bound to
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:a00:1::",
        "64:ff9b::a00:1",
        "2001:0:53aa:64c:0:fbff:f5ff:fffe",
    ],
)
def test_a_name_that_leads_to_no_public_address_is_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, "93.184.215.14", address)
    with pytest.raises(OutboundError, match="not on the public Internet"):
        post("https://hooks.example/", b"?", content_type="text/plain", public=True)


def test_a_name_without_an_address_is_one_kind_of_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OutboundError, match="no address that could be found"):
        post("https://hooks.example/", b"?", content_type="text/plain", public=True)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_public(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    assert outbound.public_address("hooks.example", 443) == address


def test_the_connection_goes_to_the_address_that_was_looked_at_in_the_name_that_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbound, "public_address", lambda *_: "127.0.0.1")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while not heard or not b"".join(heard).endswith(b"?"):
                    heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://hooks.example:{port}/a?b=c"
        answer = post(url, b"?", content_type="text/plain", plain=True, public=True, headers={"webhook-id": "1"})
        thread.join()
    asked = b"".join(heard).decode().splitlines()
    assert answer.status == 204
    assert asked[0] == "POST /a?b=c HTTP/1.1"
    assert f"Host: hooks.example:{port}" in asked
    assert "webhook-id: 1" in asked


def test_a_pinned_connection_still_demands_the_certificate_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "public_address", lambda *_: "127.0.0.1")
    named: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(OSError):  # noqa: PT011 - it has no certificate, so the handshake ends
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(OutboundError, match="could not be reached: SSLError"):
            post(f"https://hooks.example:{port}/", b"?", content_type="text/plain", public=True)
        thread.join()
    assert named == ["hooks.example"]
