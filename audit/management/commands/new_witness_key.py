"""Make a witness: a name and keys in a folder of its own, and the lines by which others come to rely on it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.errors import WitnessError
from audit.witness.keys import create_keys


class Command(BaseCommand):
    """`manage.py new_witness_key --state FOLDER --name NAME`."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--state", type=Path, required=True, help="the witness's folder; its memory lies there too")
        parser.add_argument("--name", required=True, help="as a rule an address without https://, for ever its own")
        parser.add_argument("--url", default="https://…", help="where it will be reached, for the lines to hand out")

    def handle(self, *, state: Path, name: str, url: str, **_options: Any) -> None:
        try:
            keys = create_keys(state, name=name)
        except (WitnessError, OSError) as error:
            raise CommandError(str(error)) from error
        print("The log's operator adds these lines to the file that LOG_POLICY_FILE names, with a quorum:")
        names = [f"{name}/{kind}" for kind in ("ed25519", "ml-dsa-44")]
        for member, signer in zip(names, keys.signers(), strict=True):
            print(f"witness {member} {signer.key} {url}")
        print(f"group {name} any {' '.join(names)}")
        print(f"Start it with: manage.py run_witness --state {state} --logs FILE")
        print("Never restore the folder from a backup: a witness that forgot what it saw is none. Make a new one.")
