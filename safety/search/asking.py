"""Asks the search process; short lists are searched here where it does not answer, long ones not at all."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from safety.calibration import calibration_for
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, SearchUnavailableError
from safety.search import loading
from safety.search.shelf import Finding, Shelf, search
from safety.search.wire import address, receive, send, voice_as_json

TIMEOUT_SECONDS = 30.0
START = "start `manage.py search_protected_voices` (or `manage.py up`)"


def find(probe: VoiceEmbedding, *, organisation_id: UUID) -> list[Finding]:
    """Everyone on the platform's lists and the organisation's who may be this speaker; call it in their scope.

    The process answers from what is committed. Where it does not run, or has not seen the lists as the caller sees
    them, lists of up to PROTECTED_VOICES_IN_PROCESS people are opened and searched here, and forgotten again.

    Raises:
        SearchUnavailableError: nobody can tell now.
        ComparisonError: somebody is listed by other encoders.
    """
    owners: tuple[UUID | None, ...] = (None, organisation_id)
    expected = {owner: loading.revisions(organisation_id=owner) for owner in owners}
    if not any(expected.values()):
        return []
    try:
        return _ask(probe, organisation_id=organisation_id, expected=expected)
    except SearchUnavailableError as error:
        size = sum(loading.count_present(organisation_id=owner) for owner in owners)
        if size > settings.PROTECTED_VOICES_IN_PROCESS:
            raise SearchUnavailableError(
                f"{size} protected voices are too many to be searched outside the search process: {START}. ({error})"
            ) from error
    return _search_here(probe, owners=owners)


def health() -> dict[str, Any]:
    """What the process says of itself; raises `SearchUnavailableError` where it does not answer."""
    return _converse({"ask": "health"})


def _ask(
    probe: VoiceEmbedding, *, organisation_id: UUID, expected: Mapping[UUID | None, Mapping[UUID, int]]
) -> list[Finding]:
    answer = _converse(
        {
            "ask": "search",
            "voice": voice_as_json(probe),
            "organisation": str(organisation_id),
            "expected": [{str(i): n for i, n in expected[owner].items()} for owner in (None, organisation_id)],
        }
    )
    if "incomparable" in answer:
        raise ComparisonError(str(answer["incomparable"]))
    if "found" not in answer:
        raise SearchUnavailableError(str(answer.get("unavailable", "The search process does not make sense.")))
    return [Finding.from_json(found) for found in answer["found"]]


def _search_here(probe: VoiceEmbedding, *, owners: tuple[UUID | None, ...]) -> list[Finding]:
    shelves = [Shelf(probe.models) for _ in owners]
    try:
        for shelf, owner in zip(shelves, owners, strict=True):
            loading.refresh(shelf, organisation_id=owner)
        return search(shelves, probe, calibration=calibration_for(probe.models), now=timezone.now())
    finally:
        for shelf in shelves:
            shelf.wipe()


def _converse(message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with _connection(Path(settings.SEARCH_SOCKET)) as connection:
            send(connection, message)
            return receive(connection)
    except OSError as error:
        raise SearchUnavailableError(f"The search process does not answer: {error}; {START}.") from error


@contextmanager
def _connection(path: Path) -> Iterator[socket.socket]:
    """A connection to the socket, if it is one and nobody else's."""
    found = path.lstat()
    if not stat.S_ISSOCK(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
        raise SearchUnavailableError(f"{path} is no socket of ours alone: remove it, and {START}.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, address(path) as where:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(where)
        yield connection
