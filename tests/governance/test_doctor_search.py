"""What the doctor says of the search for protected voices, with and without its process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import LazySettings

from governance.management.commands.doctor import HOOKS, check_search
from safety.protected_voices import add, screen
from safety.search import answering, locked
from safety.search.passes import IntegerPass
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import found
from tests.ears import heard

pytestmark = pytest.mark.usefixtures("measured_ears")


@pytest.fixture(autouse=True)
def _socket(settings: LazySettings, tmp_path: Path) -> None:
    settings.SEARCH_SOCKET = tmp_path / "search.sock"


def protect(*, platform: bool = False) -> None:
    add(name="Vera Lind", reason="asked", action="deny", voice=heard(), platform=platform)


@contextmanager
def process(settings: LazySettings) -> Iterator[None]:
    searcher, stop = answering.Searcher(first_pass=IntegerPass()), threading.Event()
    thread = threading.Thread(
        target=answering.serve, args=(searcher, settings.SEARCH_SOCKET), kwargs={"stop": stop}, daemon=True
    )
    thread.start()
    deadline = time.monotonic() + 60
    while not settings.SEARCH_SOCKET.exists():
        assert time.monotonic() < deadline, "the socket does not appear"
        time.sleep(0.02)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_the_doctor_asks_after_the_search() -> None:
    assert check_search in HOOKS


@pytest.mark.django_db
def test_without_a_process_short_lists_are_no_complaint(in_northwind: Organisation) -> None:
    with platform_scope():
        protect(platform=True)
    protect()
    checked = check_search()
    assert (checked.name, checked.ok, checked.remedy) == ("search", True, "")
    assert checked.detail.startswith("no process of its own; the ")


@pytest.mark.django_db
@pytest.mark.parametrize("platform", [True, False], ids=["the platform's", "an organisation's own"])
def test_without_a_process_lists_that_are_too_long_are_not_well(
    in_northwind: Organisation, settings: LazySettings, platform: bool
) -> None:
    """An organisation's own list shuts its gate as surely as the platform's does."""
    settings.PROTECTED_VOICES_IN_PROCESS = 0
    with platform_scope():
        protect(platform=platform)
    checked = check_search()
    assert not checked.ok
    assert "the search process does not answer" in checked.detail.casefold()
    assert "start `manage.py search_protected_voices`" in checked.remedy


@pytest.mark.usefixtures("committed_db")
def test_a_process_says_what_it_holds_in_locked_memory(settings: LazySettings) -> None:
    organisation = found("Northwind")
    with organisation_scope(organisation.id, actor="system"):
        protect()
    with process(settings):
        with organisation_scope(organisation.id, actor="system"):
            assert len(screen(heard())) == 1
        checked = check_search()
        assert checked.ok
        assert checked.detail.endswith("protected voices in locked memory, first pass int8")


@pytest.mark.usefixtures("committed_db")
def test_memory_that_may_be_swapped_out_is_not_well(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where RLIMIT_MEMLOCK is too low: the system refuses, and nobody pretends that it did not."""

    class UnsafeRefusal:
        def mlock(self, *_region: object) -> int:
            return -1

    monkeypatch.setattr(locked, "_libc", UnsafeRefusal())
    organisation = found("Northwind")
    with organisation_scope(organisation.id, actor="system"):
        protect()
    with process(settings):
        with organisation_scope(organisation.id, actor="system"):
            assert len(screen(heard())) == 1
        checked = check_search()
    assert not checked.ok
    assert "bytes of references are not locked" in checked.detail
    assert "RLIMIT_MEMLOCK" in checked.remedy
