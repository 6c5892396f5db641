from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from safety.errors import ComparisonError, SearchUnavailableError
from safety.models import ProtectedVoice
from safety.protected_voices import add, remove, screen
from safety.search import asking
from safety.search.answering import Searcher, serve
from safety.search.passes import IntegerPass
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found
from tests.ears import heard

pytestmark = pytest.mark.usefixtures("committed_db", "measured_ears")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def organisation() -> Organisation:
    return found("Northwind")


@pytest.fixture
def process(settings: LazySettings, tmp_path: Path) -> Iterator[Searcher]:
    """A search process in a thread of this one, with connections of its own; nothing may be searched without it."""
    settings.SEARCH_SOCKET = tmp_path / "search.sock"
    settings.PROTECTED_VOICES_IN_PROCESS = 0
    searcher, stop = Searcher(first_pass=IntegerPass()), threading.Event()
    thread = threading.Thread(target=serve, args=(searcher, settings.SEARCH_SOCKET), kwargs={"stop": stop})
    thread.start()
    _wait_for(settings.SEARCH_SOCKET)
    yield searcher
    stop.set()
    thread.join()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "the socket does not appear"
        time.sleep(0.05)


def protect(organisation: Organisation, *, likeness: float = 1.0) -> ProtectedVoice:
    with organisation_scope(organisation.id, actor="system"):
        return add(name="Vera Lind", reason="asked", action="deny", voice=heard(likeness))


def matches(organisation: Organisation, likeness: float = 1.0) -> list[tuple[object, str]]:
    with organisation_scope(organisation.id, actor="system"):
        return [(match.id, match.outcome) for match in screen(heard(likeness))]


def test_it_follows_every_addition_and_removal(process: Searcher, organisation: Organisation) -> None:
    listed = protect(organisation)
    assert matches(organisation) == [(listed.id, "match")]
    other = protect(organisation, likeness=0.9)
    assert {found for found, _ in matches(organisation)} == {listed.id, other.id}
    with organisation_scope(organisation.id, actor="system"):
        remove(ProtectedVoice.objects.get(id=listed.id))
    assert [found for found, _ in matches(organisation)] == [other.id]


def test_organisations_do_not_meet_there(process: Searcher, organisation: Organisation) -> None:
    rival = found("Rival")
    protect(organisation)
    protect(rival, likeness=0.95)
    assert len(matches(organisation)) == len(matches(rival)) == 1
    assert matches(organisation) != matches(rival)


def test_what_is_not_committed_yet_is_not_cleared_by_it(process: Searcher, organisation: Organisation) -> None:
    with organisation_scope(organisation.id, actor="system"):
        add(name="Vera Lind", reason="asked", action="deny", voice=heard())
        with pytest.raises(SearchUnavailableError, match="not committed"):
            screen(heard())


def test_its_socket_is_its_owners_alone_and_nobody_takes_its_place(process: Searcher, settings: LazySettings) -> None:
    assert stat.S_IMODE(settings.SEARCH_SOCKET.stat().st_mode) & 0o077 == 0
    with pytest.raises(SearchUnavailableError, match="Another search process"):
        serve(process, settings.SEARCH_SOCKET, stop=threading.Event())
    said = asking.health()
    assert (said["first_pass"], said["pid"]) == ("int8", os.getpid())


def test_a_socket_that_others_may_use_is_not_trusted(
    process: Searcher, organisation: Organisation, settings: LazySettings
) -> None:
    protect(organisation)
    settings.SEARCH_SOCKET.chmod(0o666)
    with pytest.raises(SearchUnavailableError, match="no socket of ours alone"):
        matches(organisation)


def test_nonsense_is_answered_with_a_complaint(process: Searcher) -> None:
    assert "makes no sense" in process.answer({"ask": "search"})["unavailable"]


def test_a_long_path_is_no_obstacle(organisation: Organisation, settings: LazySettings, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    settings.SEARCH_SOCKET, settings.PROTECTED_VOICES_IN_PROCESS = folder / "search.sock", 0
    stop = threading.Event()
    thread = threading.Thread(
        target=serve, args=(Searcher(first_pass=IntegerPass()), settings.SEARCH_SOCKET), kwargs={"stop": stop}
    )
    thread.start()
    _wait_for(settings.SEARCH_SOCKET)
    listed = protect(organisation)
    assert matches(organisation) == [(listed.id, "match")]
    stop.set()
    thread.join()


def test_after_a_kill_it_is_rebuilt_from_sealed_rows(
    organisation: Organisation, settings: LazySettings, tmp_path: Path
) -> None:
    """The real process, killed outright: nobody is cleared meanwhile, and the next one finds what the first found."""
    settings.SEARCH_SOCKET, settings.PROTECTED_VOICES_IN_PROCESS = tmp_path / "search.sock", 0
    listed = protect(organisation)
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), "search_protected_voices"],
            env={**os.environ, "SEARCH_SOCKET": str(settings.SEARCH_SOCKET), "MODEL_THREADS": "1"},
        ) as process:
            _wait_for_answer()
            with organisation_scope(organisation.id, actor="system"), pytest.raises(ComparisonError, match="No calib"):
                screen(heard())  # it has no calibration for made-up ears, and says so: it answers, and has the rows
            assert asking.health()["voices"] >= 1
            process.send_signal(signal.SIGKILL)
        with pytest.raises(SearchUnavailableError, match="too many"):
            matches(organisation)
    assert listed.removed_at is None


def _wait_for_answer() -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            asking.health()
        except SearchUnavailableError:
            assert time.monotonic() < deadline, "the search process does not answer"
            time.sleep(0.2)
        else:
            return
