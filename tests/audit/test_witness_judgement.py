from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from audit.merkle import EMPTY_ROOT
from audit.notes import Checkpoint, Ed25519Cosigner, KeyType, MLDSA44Cosigner, Note, VerifierKey, sign, verify
from audit.witness import state as state_module
from audit.witness.judgement import Refusal, Witness
from audit.witness.state import WitnessState
from audit.witness.wire import AddCheckpoint
from tests.witnesses import NOON, SmallLog, seed

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "witness_cases.json").read_text(encoding="utf-8"))
SIGNERS = (Ed25519Cosigner("witness.example/w1", seed("w1")), MLDSA44Cosigner("witness.example/w1", seed("w1")))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    opened = WitnessState(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def log() -> SmallLog:
    return SmallLog("log.example/one").grow("a", "b", "c")


@pytest.fixture
def witness(state: WitnessState, log: SmallLog) -> Witness:
    return Witness(SIGNERS, logs={log.origin: log.keys}, state=state, clock=lambda: NOON + 0.9)


def answer(witness: Witness, body: bytes) -> tuple[int, str]:
    """The status and the body of the answer; whatever carries a cosignature has the status 200."""
    try:
        status, text = HTTPStatus.OK, witness.add_checkpoint(body)
    except Refusal as refusal:
        status, text = refusal.status, refusal.body
    assert ("—" in text) == (status == HTTPStatus.OK)
    return status, text


def of_suite(name: str, state: WitnessState) -> Witness:
    key = VerifierKey.parse(CASES[name]["log"])
    return Witness(SIGNERS, logs={key.name: {key}}, state=state)


@pytest.mark.parametrize("suite", ["litewitness", "too_many_proofs"])
def test_public_protocol_scripts_play_as_written(suite: str, state: WitnessState) -> None:
    witness = of_suite(suite, state)
    for step in CASES[suite]["steps"]:
        status, body = answer(witness, step["request"].encode())
        assert status == step["status"], step["name"]
        assert "told" not in step or body == f"{step['told']}\n"


@pytest.mark.parametrize("case", CASES["update"]["cases"], ids=lambda case: case["name"])
def test_public_cases_of_a_second_checkpoint(case: dict[str, Any], state: WitnessState) -> None:
    witness = of_suite("update", state)
    assert answer(witness, case["before"].encode())[0] == HTTPStatus.OK
    status, body = answer(witness, case["request"].encode())
    assert status == case["status"]
    assert "told" not in case or body == f"{case['told']}\n"


@pytest.mark.parametrize(
    "case", [*CASES["signatures"]["cases"], *CASES["bodies"]["cases"]], ids=lambda case: case["name"]
)
def test_public_cases_of_a_first_checkpoint(case: dict[str, Any], state: WitnessState) -> None:
    assert answer(of_suite("signatures", state), case["request"].encode())[0] == case["status"]


def test_both_kinds_of_cosignature_are_given_and_verify(witness: Witness, log: SmallLog) -> None:
    lines = witness.add_checkpoint(log.request(0))
    cosigned = Note.parse(f"{log.note().text}\n{lines}")
    keys = [signer.key for signer in SIGNERS]
    assert verify(cosigned, keys) == frozenset(keys)
    assert [key.type for key in keys] == [KeyType.ED25519_COSIGNATURE, KeyType.ML_DSA_44_COSIGNATURE]
    assert [key.signed_at(item) for key, item in zip(keys, cosigned.signatures, strict=True)] == [NOON, NOON]


def test_either_of_a_logs_keys_is_enough_and_a_strangers_signature_is_passed_over(
    witness: Witness, log: SmallLog
) -> None:
    stranger = SmallLog("log.example/stranger").signers[0]
    note = sign(log.note().text, signers=[stranger, log.signers[1]], at=NOON)
    assert answer(witness, AddCheckpoint(0, (), note.format()).to_bytes())[0] == HTTPStatus.OK


def test_one_false_signature_of_a_known_key_spoils_the_note(witness: Witness, log: SmallLog) -> None:
    good, other = log.note(), log.fork(0, "x").note()
    note = Note(good.text, (good.signatures[0], other.signatures[1]))
    assert answer(witness, AddCheckpoint(0, (), note.format()).to_bytes())[0] == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("size", "root", "proof", "status"),
    [
        (0, EMPTY_ROOT, [], 200),
        (0, seed("leaf"), [], 422),
        (0, bytes(32), [], 422),
        (0, EMPTY_ROOT, [seed("leaf")], 422),
        (1, seed("leaf"), [], 200),
        (1, seed("leaf"), [seed("leaf")], 422),
    ],
)
def test_a_log_that_nobody_saw_before_may_be_empty_but_not_wrong(
    witness: Witness, log: SmallLog, *, size: int, root: bytes, proof: list[bytes], status: int
) -> None:
    """The cases of torchwood's internal/witness/witness_test.go TestZeroSize, 1cadf595db21."""
    note = sign(Checkpoint(log.origin, size, root).text(), signers=log.signers, at=NOON)
    body = AddCheckpoint(0, tuple(proof), note.format()).to_bytes()
    assert answer(witness, body)[0] == status
    again = AddCheckpoint(size, tuple(proof), note.format()).to_bytes()
    assert answer(witness, again if status == HTTPStatus.OK else body)[0] == status


def test_a_fork_of_equal_size_is_refused_and_kept_as_evidence(witness: Witness, log: SmallLog, tmp_path: Path) -> None:
    fork = log.fork(2, "another c")
    assert answer(witness, log.request(0))[0] == HTTPStatus.OK
    assert answer(witness, fork.request(3, proof=[])) == (HTTPStatus.CONFLICT, "3\n")
    (kept,) = (tmp_path / "forks").iterdir()
    evidence = Note.parse(kept.read_bytes())
    assert (evidence.text, verify(evidence, log.keys)) == (fork.note().text, log.keys)
    assert answer(witness, log.request(3))[0] == HTTPStatus.OK


def test_a_fork_that_grew_is_refused_whatever_it_proves(witness: Witness, log: SmallLog) -> None:
    fork = log.fork(2, "another c", "d")
    assert answer(witness, log.request(0))[0] == HTTPStatus.OK
    for old in (0, 1, 2):
        assert answer(witness, fork.request(old)) == (HTTPStatus.CONFLICT, "3\n")
    assert answer(witness, fork.request(3))[0] == HTTPStatus.UNPROCESSABLE_ENTITY


def test_every_growth_is_cosigned_step_by_step(witness: Witness) -> None:
    log = SmallLog("log.example/one")
    seen = 0
    for count in range(1, 20):
        log.grow(*(f"{count}-{number}" for number in range(count % 5)))
        assert answer(witness, log.request(seen))[0] == HTTPStatus.OK
        seen = len(log.hashes)


def test_of_two_checkpoints_that_race_from_one_size_exactly_one_is_cosigned(
    witness: Witness, log: SmallLog, state: WitnessState
) -> None:
    for attempt in range(20):
        size = len(log.hashes)
        witness.add_checkpoint(log.request(size if attempt else 0))
        forks = [log.fork(size, f"{attempt} {number}", *"x" * number) for number in range(8)]
        answers: list[tuple[int, str]] = []
        together = threading.Barrier(len(forks))

        def submit(fork: SmallLog, old: int = size, meet: threading.Barrier = together) -> None:
            body = fork.request(old)
            meet.wait()
            answers.append(answer(witness, body))  # noqa: B023 - the threads end within the round

        threads = [threading.Thread(target=submit, args=(fork,)) for fork in forks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in answers) == [HTTPStatus.OK] + [HTTPStatus.CONFLICT] * 7
        kept = state.latest(log.origin)
        assert kept is not None
        (log,) = [fork for fork in forks if (len(fork.hashes), fork.root()) == (kept.size, kept.root)]


def test_a_slower_smaller_checkpoint_never_rolls_a_larger_one_back(
    witness: Witness, log: SmallLog, state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race that tlog-witness spells out: the smaller is judged first and would be stored last."""
    witness.add_checkpoint(log.request(0))
    smaller, larger = log.fork(3, "d"), log.fork(3, "d", "e")
    judged, done = threading.Event(), []

    def slowly(path: Path, data: bytes, write: Any = state_module.write_durably) -> None:
        judged.set()
        pause.wait(timeout=0.3)
        write(path, data)

    pause = threading.Event()
    monkeypatch.setattr(state_module, "write_durably", slowly)
    first = threading.Thread(target=lambda: done.append(answer(witness, smaller.request(3))[0]))
    first.start()
    assert judged.wait(timeout=5)
    assert answer(witness, larger.request(3)) == (HTTPStatus.CONFLICT, "4\n")
    first.join()
    kept = state.latest(log.origin)
    assert (done, kept and kept.size) == ([HTTPStatus.OK], 4)


def test_what_could_not_be_stored_is_not_cosigned(
    witness: Witness, log: SmallLog, state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(state_module, "write_durably", full)
        with pytest.raises(OSError, match="No space"):
            witness.add_checkpoint(log.request(0))
    assert state.latest(log.origin) is None
    assert answer(witness, log.fork(0, "z").request(0))[0] == HTTPStatus.OK


def test_logs_do_not_wait_for_each_other(state: WitnessState, log: SmallLog) -> None:
    other = SmallLog("log.example/two").grow("q")
    witness = Witness(SIGNERS, logs={log.origin: log.keys, other.origin: other.keys}, state=state)
    with state.alone_with(log.origin):
        assert answer(witness, other.request(0))[0] == HTTPStatus.OK
