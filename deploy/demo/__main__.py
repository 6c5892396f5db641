"""Play the story: consent, enrolment, speech, detection, four refusals, withdrawal, and the trail of it all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup()

from django.conf import settings  # noqa: E402 -- likewise

from deploy.demo import play  # noqa: E402 -- Django must be configured first
from deploy.demo.cast import PASSAGES, PROTECTED, say  # noqa: E402 -- likewise
from deploy.demo.client import Client  # noqa: E402 -- likewise
from deploy.demo.leftovers import erase_leftovers  # noqa: E402 -- likewise
from deploy.demo.story import UnexpectedOutcomeError, chapter, console, note, step  # noqa: E402 -- likewise
from governance.embedded.layout import prepare_layout  # noqa: E402 -- likewise
from governance.embedded.web_port import read_port  # noqa: E402 -- likewise

MANAGE = [sys.executable, str(Path(__file__).resolve().parents[2] / "manage.py")]


def manage(*arguments: str) -> str:
    """Run a management command; its complaint is the demonstration's."""
    done = subprocess.run([*MANAGE, *arguments], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise UnexpectedOutcomeError(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def protect() -> None:
    """Put one more stock voice on the list of people who must not be cloned."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "protected.wav"
        recording.write_bytes(say(PROTECTED, " ".join(PASSAGES[:2])))
        reason = "Asked not to be cloned (demonstration)"
        manage("protect_voice", str(recording), "--name", PROTECTED.name, "--reason", reason)


def main() -> int:
    """Tell the story; 0 when every step went as it must."""
    started = time.monotonic()
    base = f"http://127.0.0.1:{read_port(prepare_layout(settings.VIVAVOCE_HOME))}"
    console.print("[bold]Vivavoce[/bold]: one story through the public HTTP interface at " + base)
    note("The people are played by synthetic stock voices. A live person can do the same by hand: see the README.")
    note("They are found synthetic, as they are; this house alone lets them pass, and its evidence says so.")
    try:
        with chapter("0. The house"):
            with step("Create the organisation Northwind Audio, an owner and an API key"):
                created = manage(
                    "create_organisation",
                    "--name",
                    "Northwind Audio",
                    "--slug",
                    "northwind",
                    "--owner",
                    "olivia",
                    "--reuse",
                    "--json",
                )
                account = json.loads(created.splitlines()[-1])
            with step("Erase what an interrupted run may have left") as outcome:
                outcome.append(f"{erase_leftovers(slug='northwind')} voices")
            with step(f"Put {PROTECTED.name} on the list of protected voices"):
                protect()
        play.tell(Client(base, account["key"]), Client(base))
    except (UnexpectedOutcomeError, RuntimeError) as error:
        console.print(f"\n[bold red]The story did not go as it must:[/bold red] {error}", markup=True)
        return 1
    console.print(
        f"\n[bold]Every step went as it must[/bold] ({time.monotonic() - started:.0f} s). Services keep running."
    )
    console.print(
        f"  Console   {base}/console/   user [bold]olivia[/bold]   password [bold]{account['password']}[/bold]"
    )
    console.print(f"  API key   [bold]{account['key']}[/bold]   documentation {base}/v1/docs")
    console.print("  These secrets are shown once. `make stop` ends the services.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
