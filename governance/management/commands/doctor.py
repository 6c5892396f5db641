"""`manage.py doctor`: what is well, what is not, and what to do about it."""

import argparse
import json
from dataclasses import asdict

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.embedded.checks import Check, check_installation, check_service, run_check
from governance.embedded.errors import EmbeddedError
from governance.embedded.supervisor import Installation
from safety.errors import SearchUnavailableError
from safety.search import asking, loading
from synth_adapter.weights import locate, manifest
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


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


def check_search() -> Check:
    """Protected voices can be searched, and lie in memory that is never swapped out."""

    def ask() -> str:
        try:
            said = asking.health()
        except SearchUnavailableError as error:
            listed = _most_listed()
            if listed > settings.PROTECTED_VOICES_IN_PROCESS:
                raise EmbeddedError(f"up to {listed} protected voices hold for an organisation, and {error}") from error
            return f"no process of its own; the {listed} protected voices at most are searched without it"
        if said["unlocked_bytes"]:
            raise EmbeddedError(f"{said['unlocked_bytes']} bytes of references are not locked: {said['refused']}.")
        return f"{said['voices']} protected voices in locked memory, first pass {said['first_pass']}"

    remedy = "start `manage.py search_protected_voices`; let it lock memory (RLIMIT_MEMLOCK, about 2 kB a voice)"
    return run_check("search", ask, remedy=remedy)


def _most_listed() -> int:
    """How many people at most have to be searched for one organisation: the platform's and its own."""
    own = [0]
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            own.append(loading.count_present(organisation_id=organisation_id))
    return loading.count_present(organisation_id=None) + max(own)


HOOKS = (check_weights, check_search)
