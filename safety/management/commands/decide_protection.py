"""`manage.py decide_protection`: the operator's word on what is proposed for the platform's lists."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from safety import lists
from safety.errors import ProtectionError
from safety.models import ChangeStatus, ListChange, ProtectionRequest
from tenancy.scope import platform_scope


class Command(BaseCommand):
    """Without an identifier, lists what waits."""

    help = "List, agree to or refuse what is proposed for the platform's lists of protected voices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("change", nargs="?", type=UUID)
        parser.add_argument("--refuse", metavar="WHY", help="refuse it, for this reason; without it, agree")

    def handle(self, *, change: UUID | None, refuse: str | None, **_options: Any) -> None:
        with platform_scope():
            waiting = ListChange.objects.filter(organisation=None, status=ChangeStatus.PROPOSED).order_by("id")
            if change is None:
                for found in waiting.select_related("listing"):
                    name = found.particulars.get("name", found.voice_id)
                    self.stdout.write(f"{found.id}  {found.kind}  {name}  on “{found.listing}”")
                    for reason in _doubts(found):
                        self.stdout.write(f"    In doubt: {reason}")
                return
            chosen = (
                waiting.select_related("listing", "voice").select_for_update(of=("self",)).filter(id=change).first()
            )
            if chosen is None:
                raise CommandError("No such change waits; without an identifier, this command lists those that do.")
            if refuse is None:
                _agree(chosen)
            elif not refuse.strip():
                raise CommandError("Say why it is refused: whoever proposed it is owed the reasons.")
            else:
                chosen.status, chosen.decided_by, chosen.decided_at = (
                    ChangeStatus.REJECTED,
                    lists.OPERATOR,
                    timezone.now(),
                )
                chosen.statement, chosen.embedding = refuse, None
                chosen.save()
        self.stdout.write(f"{chosen.id} was {chosen.status}.")


def _doubts(change: ListChange) -> list[str]:
    """What the ears were not sure of in a person's own request."""
    asked = ProtectionRequest.objects.filter(change=change)
    return [reason["explanation"] for request in asked for reason in request.reasons]


def _agree(change: ListChange) -> None:
    try:
        lists.apply_as_operator(change)
    except ProtectionError as error:
        raise CommandError(str(error)) from error
