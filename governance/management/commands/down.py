"""`manage.py down`: everything of ours stopped, nothing else touched."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.embedded.errors import EmbeddedError
from governance.embedded.supervisor import Installation, sole_supervisor, stop_everything


class Command(BaseCommand):
    """Stops our processes in reverse order: politely, then firmly."""

    help = "Stop the worker, the web server, the queue and the database of this installation."
    requires_system_checks = []

    def handle(self, **_options: object) -> None:
        try:
            installation = Installation.at(settings.VIVAVOCE_HOME)
            with sole_supervisor(installation, say=self.stdout.write):
                stop_everything(installation, say=self.stdout.write)
        except EmbeddedError as error:
            raise CommandError(str(error)) from error
