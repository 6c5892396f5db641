"""Destroy what the retention schedule says is due, as the nightly job does; or only say what is."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.retention import job
from tenancy.models import Organisation


class Command(BaseCommand):
    """`manage.py enforce_retention [--dry-run [--ahead DAYS]]`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="destroy nothing, and list what would be")
        parser.add_argument(
            "--ahead", type=int, default=0, metavar="DAYS", help="with --dry-run: what falls due by then"
        )

    def handle(self, **options: Any) -> None:
        if options["ahead"] and not options["dry_run"]:
            raise CommandError("--ahead only looks: use it with --dry-run.")
        if options["dry_run"]:
            self._list(days=options["ahead"])
            return
        failed = 0
        for organisation, report in job.enforce_everywhere():
            failed += report.failed
            done = f"{report.voices} voices and {report.proofs} proofs destroyed, {report.uploads} uploads deleted"
            done += f", {report.originals} originals of examinations destroyed"
            print(f"{organisation.slug}: {done}, {report.held} kept under legal hold, {report.failed} failed.")
        if failed:
            raise CommandError(f"{failed} could not be destroyed; the log says why, and the next run tries again.")

    def _list(self, *, days: int) -> None:
        until, count = timezone.now() + timedelta(days=days), 0
        for organisation in Organisation.objects.order_by("slug"):
            for item in job.upcoming(organisation.id, until=until):
                count += 1
                state = "kept under legal hold" if item.due.held else f"due {item.due.at:%Y-%m-%d}"
                why = f"{item.due.clock}, {item.due.rule.law}"
                print(f"{organisation.slug}: {item.what} of consent {item.consent_id}, {state} ({why})")
            for examination in job.overdue_originals(organisation.id, until=until):
                count += 1
                print(f"{organisation.slug}: original of examination {examination.id}, unless a hold keeps its case")
        print(f"{count} listed; nothing was destroyed.")
