from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from audit.errors import WitnessAheadError, WitnessConflictError, WitnessError
from audit.notes import Note, verify
from audit.witness import client
from audit.witness.wire import AddCheckpoint
from tests.witnesses import RunningWitness, SmallLog, running_witness


@pytest.fixture
def log() -> SmallLog:
    return SmallLog("log.example/one").grow("a", "b", "c")


@pytest.fixture
def witness(tmp_path: Path, log: SmallLog) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "w1", "witness.example/w1", logs=[log]) as running:
        yield running


def ask(witness: RunningWitness, log: SmallLog, *, old_size: int = 0) -> int:
    """How many of the witness's keys cosigned."""
    cosignatures = client.ask(witness.url, log.note(), keys=witness.keys, proof_from=log.proof_from, old_size=old_size)
    cosigned = log.note().with_signatures(cosignatures)
    return len(verify(cosigned, [*log.keys, *witness.keys]) & frozenset(witness.keys))


@contextmanager
def replying(*replies: tuple[int, str, str]) -> Iterator[tuple[str, list[bytes]]]:
    """A witness that says what it is told to, in this order; and what it was asked."""
    asked: list[bytes] = []
    left = list(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, content_type, body = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/prefix/", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_first_checkpoint_is_cosigned_with_every_key(witness: RunningWitness, log: SmallLog) -> None:
    assert ask(witness, log) == 2


def test_a_wrong_guess_is_corrected_by_what_the_witness_tells(witness: RunningWitness, log: SmallLog) -> None:
    assert ask(witness, log) == 2
    log.grow("d", "e")
    assert ask(witness, log, old_size=0) == 2
    log.grow("f")
    assert ask(witness, log, old_size=4) == 2


def test_a_checkpoint_whose_answer_was_lost_is_cosigned_again(witness: RunningWitness, log: SmallLog) -> None:
    assert (ask(witness, log), ask(witness, log)) == (2, 2)


def test_a_fork_is_told_from_a_silent_witness(witness: RunningWitness, log: SmallLog) -> None:
    assert ask(witness, log) == 2
    with pytest.raises(WitnessConflictError, match="another root for a log of 3"):
        ask(witness, log.fork(2, "x"))
    with pytest.raises(WitnessConflictError, match="does not continue"):
        ask(witness, log.fork(2, "x", "y"))


def test_a_log_that_was_rolled_back_is_told_how_far_it_was(witness: RunningWitness, log: SmallLog) -> None:
    assert ask(witness, log) == 2
    with pytest.raises(WitnessAheadError) as caught:
        ask(witness, log.fork(2))
    assert caught.value.size == 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "could not read"),
        (403, "does not trust our log's keys"),
        (404, "does not know our log"),
        (503, "HTTP 503"),
    ],
)
def test_a_refusal_says_what_to_do(log: SmallLog, status: int, reason: str) -> None:
    with (
        replying((status, "text/plain", "")) as (url, _),
        pytest.raises(WitnessError, match=reason) as caught,
    ):
        client.ask(url, log.note(), keys=[], proof_from=log.proof_from)
    assert not isinstance(caught.value, WitnessConflictError)


@pytest.mark.parametrize("body", ["", "three\n", "03\n", "-1\n", "3\n3\n"])
def test_a_conflict_without_a_readable_size_ends_the_attempt(log: SmallLog, body: str) -> None:
    with (
        replying((409, "text/x.tlog.size", body)) as (url, _),
        pytest.raises(WitnessError, match="did not say which size"),
    ):
        client.ask(url, log.note(), keys=[], proof_from=log.proof_from)


def test_a_witness_that_keeps_changing_its_mind_is_left_alone(log: SmallLog) -> None:
    replies = [(409, "text/x.tlog.size", f"{size}\n") for size in (1, 2, 1)]
    with replying(*replies) as (url, asked), pytest.raises(WitnessError, match="3 times"):
        client.ask(url, log.note(), keys=[], proof_from=log.proof_from)
    requests = [AddCheckpoint.parse(body) for body in asked]
    assert [request.old_size for request in requests] == [0, 1, 2]
    assert [list(request.proof) for request in requests] == [log.proof_from(old) for old in (0, 1, 2)]
    assert {Note.parse(request.note).text for request in requests} == {log.note().text}


def cosigned_elsewhere(log: SmallLog, folder: Path) -> str:
    with running_witness(folder, "witness.example/w1", logs=[log]) as other:
        cosignatures = client.ask(other.url, log.note(), keys=other.keys, proof_from=log.proof_from)
    return "".join(item.line() for item in cosignatures)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda _: "thank you\n",
        lambda lines: lines,  # under the right name, by keys that the policy does not name
        lambda lines: lines.replace("— ", "- "),
    ],
    ids=["nothing", "prose", "strangers' keys", "no signature lines"],
)
def test_an_answer_without_a_cosignature_of_the_named_keys_counts_for_nothing(
    witness: RunningWitness, log: SmallLog, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    body = spoil(cosigned_elsewhere(log, tmp_path / "other"))
    with replying((200, "text/plain", body)) as (url, _), pytest.raises(WitnessError, match="no cosignature"):
        client.ask(url, log.note(), keys=witness.keys, proof_from=log.proof_from)


def test_a_cosignature_of_another_checkpoint_counts_for_nothing(witness: RunningWitness, log: SmallLog) -> None:
    earlier = "".join(
        item.line() for item in client.ask(witness.url, log.note(), keys=witness.keys, proof_from=log.proof_from)
    )
    log.grow("d")
    with replying((200, "text/plain", earlier)) as (url, _), pytest.raises(WitnessError, match="does not verify"):
        client.ask(url, log.note(), keys=witness.keys, proof_from=log.proof_from)


def test_two_installations_watch_each_other_and_neither_can_fork(tmp_path: Path) -> None:
    ours, theirs = SmallLog("ours.example/log").grow("a"), SmallLog("theirs.example/log").grow("p", "q")
    with (
        running_witness(tmp_path / "ours", "ours.example/witness", logs=[theirs]) as our_witness,
        running_witness(tmp_path / "theirs", "theirs.example/witness", logs=[ours]) as their_witness,
    ):
        for count in range(5):
            assert (ask(their_witness, ours), ask(our_witness, theirs)) == (2, 2)
            ours.grow(f"ours {count}")
            theirs.grow(*(f"theirs {count} {number}" for number in range(count)))
        assert (ask(their_witness, ours), ask(our_witness, theirs)) == (2, 2)
        for log, watcher in ((ours, their_witness), (theirs, our_witness)):
            size = len(log.hashes)
            for fork in (log.fork(size - 1, "rewritten"), log.fork(1, *"rewritten from the second leaf on")):
                with pytest.raises(WitnessConflictError):
                    ask(watcher, fork)
            assert ask(watcher, log.grow("the true continuation")) == 2
        with pytest.raises(WitnessError, match="does not know our log"):
            ask(our_witness, ours)
