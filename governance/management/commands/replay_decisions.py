"""Replay every stored decision of the present policy from its stored facts; each must come out the same."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import track

from governance.decisions import replay
from governance.models import Decision
from governance.rules import POLICY_VERSION
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py replay_decisions`."""

    help = __doc__ or ""

    def handle(self, **_options: Any) -> None:
        replayed, differing, older = 0, [], 0
        for organisation in track(list(Organisation.objects.all()), description="replaying"):
            with organisation_scope(organisation.id, actor="system"):
                for decision in Decision.objects.iterator():
                    if decision.policy_version != POLICY_VERSION:
                        older += 1
                        continue
                    replayed += 1
                    if not replay(decision):
                        differing.append(str(decision.id))
        print(f"{replayed} decisions replayed, {len(differing)} differ, {older} of older policies left alone.")
        if differing:
            raise CommandError("These decisions differ from what the gate says now: " + ", ".join(differing))
