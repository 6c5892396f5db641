"""A server on the loopback interface that refuses as AWS KMS does when it is asked too much, or will not."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class RefusingKms:
    """Answers with the error codes in `refusals`, first come first, and after them to Encrypt with `ciphertext`."""

    def __init__(self, arn: str, *refusals: str) -> None:
        self.refusals, self.operations = list(refusals), list[str]()
        kms = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                kms.operations.append(self.headers["X-Amz-Target"].rpartition(".")[2])
                code = kms.refusals.pop(0) if kms.refusals else ""
                body = {"__type": code, "message": "no"} if code else {"KeyId": arn, "CiphertextBlob": CIPHERTEXT}
                raw = json.dumps(body).encode()
                self.send_response(400 if code else 200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """A test's output is no place for it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


CIPHERTEXT = base64.b64encode(b"from the loopback KMS").decode()
