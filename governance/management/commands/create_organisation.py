"""Create an organisation with its first owner and an API key; secrets are printed once."""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from tenancy import organisations
from tenancy.api_keys import ApiScope, issue
from tenancy.models import Organisation, Role, User
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """`manage.py create_organisation --name … --slug … --owner …`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--slug", required=True)
        parser.add_argument("--owner", required=True, help="user name for the console")
        parser.add_argument("--reuse", action="store_true", help="if it exists: a new key and a new password")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        with transaction.atomic():
            organisation, password, key = self._create(options)
        if options["json"]:
            found = {"organisation": str(organisation.id), "user": options["owner"], "password": password, "key": key}
            print(json.dumps(found))
            return
        print(f"Organisation {organisation.name} ({organisation.id})")
        print(f"Console user {options['owner']}, password {password} (shown once)")
        print(f"API key      {key} (shown once, valid for 90 days)")

    def _create(self, options: dict[str, Any]) -> tuple[Organisation, str, str]:
        password = secrets.token_urlsafe(18)
        organisation = Organisation.objects.filter(slug=options["slug"]).first()
        if organisation is not None and not options["reuse"]:
            raise CommandError(f"There already is an organisation {options['slug']}; --reuse gives it a new key.")
        if organisation is None:
            organisation = organisations.create(name=options["name"], slug=options["slug"])
        with organisation_scope(organisation.id, actor="system"):
            user = User.objects.filter(username=options["owner"]).first()
            if user is None:
                organisations.add_member(organisation, username=options["owner"], password=password, role=Role.OWNER)
            else:
                user.set_password(password)
                user.save(update_fields=["password"])
            _, key = issue(name="first key", scopes=list(ApiScope), valid_for=timedelta(days=90))
        return organisation, password, key
