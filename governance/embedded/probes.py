"""Asks a service for a real answer: a row, a reply, a page; never a process id."""

import http.client
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from governance.embedded.errors import EmbeddedError

_TIMEOUT_S = 5
_HTTP_OK = 200


@dataclass(frozen=True)
class Answer:
    """What a service said, or why it said nothing."""

    ready: bool
    detail: str
    recovering: bool = False

    @classmethod
    def yes(cls, detail: str) -> Self:
        return cls(ready=True, detail=detail)

    @classmethod
    def silent(cls, detail: str) -> Self:
        return cls(ready=False, detail=" ".join(detail.split()))


def probe_database(url: str) -> Answer:
    """Whether PostgreSQL answers a query at this address.

    Raises:
        EmbeddedError: it refuses the password, which no restart can mend.
    """
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_S, autocommit=True) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        said = str(error)
        if "password authentication failed" in said:
            raise EmbeddedError(
                "PostgreSQL refuses the password for this address: the credentials and the database do not belong "
                "together; restore both from the same backup, or correct the address.",
            ) from error
        busy = any(words in said for words in ("starting up", "recovery", "shutting down"))
        return Answer(ready=False, detail=" ".join(said.split()), recovering=busy)
    return Answer.yes("answers queries")


def probe_broker(url: str) -> Answer:
    """Whether the broker accepts our password and answers."""
    options = {"socket_timeout": _TIMEOUT_S} if url.startswith("redis") else {}
    link: Any = Connection(  # type: ignore[no-untyped-call]  # kombu ships no types
        url,
        connect_timeout=_TIMEOUT_S,
        transport_options=options,
    )
    try:
        link.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=_TIMEOUT_S)
        link.default_channel.close()
    except (OperationalError, OSError) as error:
        return Answer(ready=False, detail=" ".join(str(error).split()), recovering="loading the dataset" in str(error))
    finally:
        link.release()
    return Answer.yes("accepts messages")


def probe_web(port: int) -> Answer:
    """Whether the web server says that it is healthy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Answer.silent(f"no answer on port {port} ({error})")
    finally:
        connection.close()
    if status != _HTTP_OK:
        return Answer.silent(f"GET /healthz on port {port} answered {status}")
    return Answer.yes(f"http://127.0.0.1:{port}/")


def probe_worker(broker: str, *, node: str) -> Answer:
    """Whether the worker called `node` takes part in the queue."""
    app = Celery(broker=broker, set_as_current=False)
    try:
        replies = app.control.inspect(destination=[node], timeout=2.0).ping()
    except (OperationalError, OSError) as error:
        return Answer.silent(f"the broker does not answer ({error})")
    finally:
        app.close()
    return Answer.yes(f"{node} takes tasks") if replies else Answer.silent(f"{node} does not reply")
