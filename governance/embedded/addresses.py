"""The addresses at which the embedded services answer, with their generated passwords."""

from pathlib import Path
from urllib.parse import quote

from governance.embedded.credentials import Credentials, read_or_create_credentials
from governance.embedded.layout import Layout, prepare_layout
from governance.embedded.sockets import socket_folder

DATABASE = "vivavoce"
OWNER_ROLE = "vivavoce_owner"
APPLICATION_ROLE = "vivavoce_app"
SUPERUSER_ROLE = "postgres"
MAINTENANCE_DATABASE = "postgres"


def default_urls(home: Path) -> dict[str, str]:
    """The addresses of the embedded services under `home`, by the name of the setting that each stands in for.

    DATABASE_URL is the application role's, DATABASE_OWNER_URL the owner's; SECRET_KEY is generated with the passwords.

    Makes the state folder, its credentials and the socket folder when they are missing; starts nothing.

    Raises:
        EmbeddedError: the state folder or the socket folder cannot be trusted.
    """
    layout = prepare_layout(home)
    credentials = read_or_create_credentials(layout)
    return {
        "DATABASE_URL": database_url(layout, role=APPLICATION_ROLE, password=credentials.application),
        "DATABASE_OWNER_URL": database_url(layout, role=OWNER_ROLE, password=credentials.owner),
        "BROKER_URL": broker_url(layout, credentials),
        "SECRET_KEY": credentials.secret_key,
    }


def database_url(layout: Layout, *, role: str, password: str, database: str = DATABASE) -> str:
    """A libpq connection URI over the Unix socket."""
    host = quote(str(socket_folder(layout)), safe="")
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}"


def admin_url(layout: Layout, credentials: Credentials) -> str:
    """The superuser's address, for the supervisor alone."""
    return database_url(
        layout,
        role=SUPERUSER_ROLE,
        password=credentials.superuser,
        database=MAINTENANCE_DATABASE,
    )


def broker_url(layout: Layout, credentials: Credentials) -> str:
    """Celery's address of Valkey over its Unix socket."""
    socket = quote(str(broker_socket(layout)))
    return f"redis+socket://:{quote(credentials.broker, safe='')}@{socket}?virtual_host=0"


def broker_socket(layout: Layout) -> Path:
    return socket_folder(layout) / "valkey.sock"
