"""The witness's HTTP interface (C2SP tlog-witness): one address, `POST /add-checkpoint`, with keep-alive."""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any

from audit.witness.judgement import Refusal, Witness
from audit.witness.wire import MAX_REQUEST

MOST_CONNECTIONS = 64
IDLE_SECONDS = 10.0

logger = logging.getLogger(__name__)


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness at `(host, port)`; a proxy with TLS belongs in front of it wherever others shall reach it."""

    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True
    server: WitnessServer
    server_version = "vivavoce-witness"
    sys_version = ""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_REQUEST:
            self.close_connection = True  # what follows is not read
            self._answer(HTTPStatus.BAD_REQUEST, f"Say a Content-Length of at most {MAX_REQUEST} bytes.\n")
            return
        body = self.rfile.read(int(length))
        if self.path.partition("?")[0] != "/add-checkpoint":
            self._answer(HTTPStatus.NOT_FOUND, "A witness has one address: POST /add-checkpoint.\n")
            return
        try:
            self._answer(HTTPStatus.OK, self.server.witness.add_checkpoint(body))
        except Refusal as refusal:
            self._answer(refusal.status, refusal.body, content_type=refusal.content_type)
        except Exception:
            logger.exception("The witness could not judge a checkpoint, and does not cosign it.")
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The witness cannot answer at present.\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's signature
        logger.info("%s %s", self.address_string(), format % args)

    def _answer(self, status: HTTPStatus, text: str, *, content_type: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
