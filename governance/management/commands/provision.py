"""`manage.py provision`: the database and its two roles on a PostgreSQL server of your own."""

import argparse

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from psycopg import conninfo

from governance.embedded.addresses import APPLICATION_ROLE, OWNER_ROLE
from governance.embedded.errors import EmbeddedError
from governance.embedded.provisioning import provision_database


class Command(BaseCommand):
    """Makes the owner's and the application's role as DATABASE_OWNER_URL and DATABASE_URL name them."""

    help = "Create or mend the database and its roles on an external server, then migrate."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--admin-url",
            required=True,
            help="postgresql:// address of a role that may create roles and databases; used now, stored nowhere",
        )

        parser.add_argument("--no-migrate", action="store_true", help="leave it empty, for `manage.py restore`")

    def handle(self, *, admin_url: str, no_migrate: bool = False, **_options: object) -> None:
        owner = conninfo.conninfo_to_dict(settings.DATABASE_OWNER_URL)
        application = conninfo.conninfo_to_dict(settings.DATABASE_URL)
        self._check(owner, role=OWNER_ROLE, setting="DATABASE_OWNER_URL")
        self._check(application, role=APPLICATION_ROLE, setting="DATABASE_URL")
        if owner["dbname"] != application["dbname"]:
            raise CommandError("DATABASE_OWNER_URL and DATABASE_URL name different databases: they must be the same.")
        try:
            provision_database(
                admin_url,
                name=str(owner["dbname"]),
                owner_password=str(owner["password"]),
                application_password=str(application["password"]),
            )
        except EmbeddedError as error:
            raise CommandError(str(error)) from error
        if not no_migrate:
            call_command("migrate", database="owner", interactive=False)

    def _check(self, address: dict[str, str | int | None], *, role: str, setting: str) -> None:
        if address.get("user") != role or not address.get("password") or not address.get("dbname"):
            raise CommandError(f"{setting} must name the role {role}, a password and a database.")
