"""The generated passwords of the embedded services, kept in one file that only its owner can read."""

import json
import secrets
import stat
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from governance.embedded.errors import EmbeddedError
from governance.embedded.files import write_private_once
from governance.embedded.layout import Layout

_ENTROPY_BYTES = 48


@dataclass(frozen=True, repr=False)
class Credentials:
    """One password for each role (`superuser` is for the supervisor alone), and the key that signs sessions."""

    superuser: str
    owner: str
    application: str
    broker: str
    secret_key: str


def read_or_create_credentials(layout: Layout) -> Credentials:
    """The passwords of this state folder, made on first use.

    Raises:
        EmbeddedError: the file is damaged or others may read it.
    """
    if not layout.credentials.exists():
        fresh = {field.name: secrets.token_urlsafe(_ENTROPY_BYTES) for field in fields(Credentials)}
        write_private_once(layout.credentials, json.dumps(fresh, indent=2) + "\n")
    return _read(layout.credentials)


def credentials_are_private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def _read(path: Path) -> Credentials:
    if not credentials_are_private(path):
        raise EmbeddedError(f"{path} can be read by others: run `chmod 600 {path}`, and renew it if others had access.")
    try:
        credentials = Credentials(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise EmbeddedError(f"{path} is damaged: restore it from a backup.") from error
    if not all(isinstance(value, str) and value for value in asdict(credentials).values()):
        raise EmbeddedError(f"{path} holds an empty password: restore it from a backup.")
    return credentials
