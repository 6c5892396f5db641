"""`manage.py doctor`: what is well, what is not, and what to do about it."""

import argparse
import json
from dataclasses import asdict

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.embedded.checks import Check, check_installation, check_service, run_check
from governance.embedded.errors import EmbeddedError
from governance.embedded.supervisor import Installation
from synth_adapter.weights import locate, manifest


class Command(BaseCommand):
    """Examines every part; fails when one of them does."""

    help = "Check every part of this installation; exit status 1 when one is not well."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *, json: bool, **_options: object) -> None:
        try:
            installation = Installation.at(settings.VIVAVOCE_HOME)
        except EmbeddedError as error:
            raise CommandError(str(error)) from error
        checks = [*self._examine(installation), *(hook() for hook in HOOKS)]
        self._print(checks, as_json=json)
        failed = [check.name for check in checks if not check.ok]
        if failed:
            raise CommandError(f"Not well: {', '.join(failed)}.", returncode=1)

    def _examine(self, installation: Installation) -> list[Check]:
        layout = installation.layout
        services = [
            *installation.services(),
            *installation.applications(port=settings.VIVAVOCE_PORT, say=self.stdout.write),
        ]
        return [
            *check_installation(layout, database=settings.DATABASE_URL, broker=settings.BROKER_URL),
            *(check_service(service, layout) for service in services),
        ]

    def _print(self, checks: list[Check], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([asdict(check) for check in checks], indent=2))
            return
        for check in checks:
            word = self.style.SUCCESS("ok    ") if check.ok else self.style.ERROR("failed")
            self.stdout.write(f"{word}  {check.name:<12} {check.detail}")
            if not check.ok:
                self.stdout.write(f"{'':22}{check.remedy}")


def check_weights() -> Check:
    """Every model file that the default settings need is there, whole and unchanged."""
    needed = [entry.name for entry in manifest() if not entry.optional]

    def find() -> str:
        for name in needed:
            locate(name)
        return f"{len(needed)} verified"

    return run_check("weights", find, remedy="run `manage.py fetch_weights`")


HOOKS = (check_weights,)
