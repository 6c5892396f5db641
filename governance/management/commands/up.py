"""`manage.py up`: everything running, whatever state it was in."""

import argparse
import os

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from governance.embedded.errors import EmbeddedError
from governance.embedded.supervisor import Installation, sole_supervisor, start_applications, start_services
from governance.embedded.web_port import read_port
from governance.unfinished import REFUSAL, restoring


class Command(BaseCommand):
    """Starts what is not running, brings the database up to date, and returns when all of it answers."""

    help = "Start the database, the queue, the web server and the worker; safe to repeat at any time."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--services-only", action="store_true", help="only PostgreSQL and Valkey")
        parser.add_argument("--demo", action="store_true", help="admit synthetic speakers, who play the demonstration")

    def handle(self, *, services_only: bool, demo: bool, **_options: object) -> None:
        if demo:
            os.environ["DEMO_SYNTHETIC_SPEAKERS"] = "1"  # for the processes that are started here
            os.environ["MAIL_BACKEND"] = "file"  # where the cast reads its mail
            os.environ.setdefault("CHALLENGE_SECONDS", "600")  # the cast's speech is made meanwhile
        try:
            installation = Installation.at(settings.VIVAVOCE_HOME)
            with sole_supervisor(installation, say=self._say):
                start_services(installation, say=self._say)
                if services_only:
                    return
                if restoring():
                    raise CommandError(REFUSAL)
                self._bring_up_to_date()
                start_applications(installation, port=settings.VIVAVOCE_PORT, say=self._say)
        except EmbeddedError as error:
            raise CommandError(str(error)) from error
        self._say(self.style.SUCCESS(f"Vivavoce is up: http://127.0.0.1:{read_port(installation.layout)}/"))

    def _bring_up_to_date(self) -> None:
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        connections.close_all()
        self._say("database: migrated")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
