"""Typed reading of environment variables that fails loudly on a wrong value."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from watermark.duties import DutyError, Sign, read


def text(name: str, default: str) -> str:
    return os.environ.get(name) or default


def boolean(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes"}:
        return True
    if value.lower() in {"0", "false", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} must be one of 1, true, yes, 0, false, no; it is {value!r}.")


def choice(name: str, default: str, *, among: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(among)}; it is {value!r}.")
    return value


def integer(name: str, default: int) -> int:
    value = os.environ.get(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number; it is {value!r}.") from error


def folder(name: str, default: Path) -> Path:
    value = os.environ.get(name)
    return Path(value).expanduser().resolve() if value else default


def duties(name: str) -> dict[str, Sign]:
    """What must be heard where, from a list such as `CN,EU=words`."""
    try:
        return read(text(name, ""))
    except DutyError as error:
        raise ImproperlyConfigured(f"{name} cannot be read. {error}") from error


def database(url: str) -> dict[str, object]:
    """A Django database entry from a `postgresql://` URL; the host may be a socket folder (`?host=`)."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; PostgreSQL is the only database.")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def mail(backend: str, server: str) -> dict[str, object]:
    """Django's mail settings; `server` is `smtps://user:password@host:port` (TLS) or `smtp://…` (STARTTLS).

    Codes are secrets: without encryption mail goes to a server on this machine alone.
    """
    module = {"file": "filebased"}.get(backend, backend)
    found: dict[str, object] = {"EMAIL_BACKEND": f"django.core.mail.backends.{module}.EmailBackend"}
    if not server:
        return found
    parts = urlsplit(server)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("SMTP_URL must look like smtps://user:password@host:465 or smtp://host:587.")
    here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return {
        **found,
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not here,
        "EMAIL_TIMEOUT": 30,
    }
