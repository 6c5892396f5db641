"""Chooses the port of the web server on this machine and remembers it."""

import socket

from governance.embedded.errors import EmbeddedError
from governance.embedded.files import write_private
from governance.embedded.layout import Layout
from governance.embedded.service import Say

_TRIES = 50


def choose_port(layout: Layout, *, preferred: int, say: Say) -> int:
    """The preferred port, or the next free one when a stranger holds it; written down for everyone to find.

    Raises:
        EmbeddedError: none of the next ports is free.
    """
    for port in range(preferred, min(preferred + _TRIES, 65_536)):
        if _is_free(port):
            if port != preferred:
                say(f"web: port {preferred} is taken by another program, using {port} (set VIVAVOCE_PORT to choose)")
            write_private(layout.port, f"{port}\n")
            return port
    raise EmbeddedError(f"No free port from {preferred} on: set VIVAVOCE_PORT to a free one.")


def read_port(layout: Layout) -> int | None:
    """The port of the last start; None before the first."""
    try:
        return int(layout.port.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
