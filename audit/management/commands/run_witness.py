"""Run a witness for other parties' logs: it cosigns what grew from what it saw before, and nothing else."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.errors import WitnessError
from audit.witness.judgement import Witness
from audit.witness.keys import read_keys
from audit.witness.logs import read_logs
from audit.witness.server import WitnessServer
from audit.witness.state import WitnessState


class Command(BaseCommand):
    """`manage.py run_witness --state FOLDER --logs FILE`; needs neither the database nor the broker."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--state", type=Path, required=True, help="the folder that new_witness_key made")
        parser.add_argument("--logs", type=Path, required=True, help="lines `log <vkey>`, one for each key of a log")
        parser.add_argument("--host", default="127.0.0.1", help="a proxy with TLS belongs before it")
        parser.add_argument("--port", type=int, default=8480, help="0 takes any that is free")

    def handle(self, *, state: Path, logs: Path, host: str, port: int, **_options: Any) -> None:
        try:
            keys, known = read_keys(state), read_logs(logs)
            memory = WitnessState(state)
        except (WitnessError, OSError) as error:
            raise CommandError(str(error)) from error
        try:
            with WitnessServer((host, port), Witness(keys.signers(), logs=known, state=memory)) as server:
                _stop_on_signals(server)
                address = f"http://{host}:{server.server_address[1]}"
                print(f"{keys.name} witnesses {', '.join(sorted(known))} at {address}", flush=True)
                server.serve_forever()
        except OSError as error:
            raise CommandError(f"The witness cannot listen on {host}:{port}: {error}") from error
        finally:
            memory.close()


def _stop_on_signals(server: WitnessServer) -> None:
    """SIGTERM and SIGINT end the serving; `shutdown` waits for it, and so must not run in the serving thread."""

    def stop(_signal: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
