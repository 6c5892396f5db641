"""`manage.py verify_audit_log`: the whole log re-derived from what is stored; says what is wrong first, if anything."""

from __future__ import annotations

import argparse
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from audit.errors import LogError, PolicyError
from audit.verification import PATIENCE, verify_log


class Command(BaseCommand):
    """Exit status 0 when everything agrees, 1 with the first thing that does not."""

    help = "Re-derive every leaf, tile, root, checkpoint, signature and time-stamp, and name the first that is wrong."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--no-openings", action="store_true", help="leave out the commitments (no keyring needed)")
        parser.add_argument("--patience", type=float, default=PATIENCE.total_seconds(), metavar="SECONDS")
        parser.add_argument(
            "--no-progress", action="store_true", help="no progress bar; none is shown in a file anyway"
        )

    def handle(self, *, no_openings: bool, patience: float, no_progress: bool, **_options: object) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=no_progress or not console.is_terminal) as progress:
            stages: dict[str, TaskID] = {}

            def watch(stage: str, done: int, total: int) -> None:
                if stage not in stages:
                    stages[stage] = progress.add_task(stage)
                progress.update(stages[stage], completed=done, total=total)

            try:
                account = verify_log(openings=not no_openings, patience=timedelta(seconds=patience), watch=watch)
            except (LogError, PolicyError) as error:
                raise CommandError(f"The log does not verify.\n{error}", returncode=1) from error
        for line in account.lines():
            self.stdout.write(line)
        self.stdout.write(self.style.SUCCESS("The log verifies."))
