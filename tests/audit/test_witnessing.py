from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from audit import outbound, storage, tasks, witnessing
from audit.checks import check_authorities, check_witnesses
from audit.errors import PolicyError
from audit.identity import verifier_keys
from audit.models import Checkpoint
from audit.notes import Note
from audit.policy import verify_checkpoint
from audit.proofs import verify_proof
from audit.proving import proof_of
from audit.queries import leaf_of
from tests.audit.private_log import PrivateLog
from tests.witnesses import RunningWitness, running_witness


class Watchers:
    """Three witnesses of this installation's log, of which two make a quorum; each can be stopped and started."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.stacks: dict[str, ExitStack] = {}
        self.known: dict[str, RunningWitness] = {}

    def start(self, *names: str) -> None:
        for name in names:
            self.stacks[name] = ExitStack()
            log = (configured.LOG_ORIGIN, verifier_keys())
            running = running_witness(self.folder / name, f"{name}.example/witness", logs=[log])
            self.known[name] = self.stacks[name].enter_context(running)
        self.write_policy()

    def stop(self, *names: str) -> None:
        for name in names:
            self.stacks.pop(name).close()

    def write_policy(self) -> None:
        members = [witness.name for witness in self.known.values()]
        lines = [witness.policy_lines() for witness in self.known.values()]
        quorum = f"group most 2 {' '.join(members)}\nquorum most\n" if len(members) > 1 else "quorum none\n"
        self.settings.LOG_POLICY_FILE = self.folder / "policy"
        self.settings.LOG_POLICY_FILE.write_text("".join([*lines, quorum]))


@pytest.fixture
def watchers(private_log: PrivateLog, tmp_path: Path, settings: Settings) -> Iterator[Watchers]:
    made = Watchers(tmp_path, settings)
    yield made
    made.stop(*list(made.stacks))


def cosigners(text: str) -> set[str]:
    """The names of the witnesses whose cosignatures under the note verify."""
    policy = witnessing.read_policy().with_logs(verifier_keys())
    keys = verify_checkpoint(Note.parse(text), policy=policy).keys
    return {key.name.partition(".")[0] for key in keys if key not in verifier_keys()}


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.name == "audit.witnessing"]


def shown() -> str:
    return storage.read("checkpoint").decode()


def test_without_a_policy_nobody_is_asked(private_log: PrivateLog) -> None:
    size = private_log.grow(2)
    assert not witnessing.collect(size)
    row = Checkpoint.objects.get(size=size)
    assert (row.cosigned, row.witnessed, shown()) == ("", False, row.note)


def test_a_quorum_makes_the_checkpoint_witnessed_and_is_shown_to_everyone(
    private_log: PrivateLog, watchers: Watchers
) -> None:
    watchers.start("one", "two", "three")
    size = private_log.grow(5)
    assert witnessing.collect(size)
    row = Checkpoint.objects.get(size=size)
    assert row.witnessed
    assert len(cosigners(row.cosigned)) >= 2
    assert shown() == row.cosigned
    assert Note.parse(row.cosigned).text == Note.parse(row.note).text


def test_the_proof_of_an_entry_says_that_it_is_witnessed(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two", "three")
    (entry,) = private_log.note_down()
    witnessing.collect(private_log.grow(3))
    proof, leaf = proof_of(entry), leaf_of(entry)
    assert leaf is not None
    policy = witnessing.read_policy().with_logs(verifier_keys())
    assert proof.witnessed
    assert verify_proof(proof.text, leaf=leaf.leaf, policy=policy).witnessed


def test_a_missing_quorum_blocks_nothing_and_is_made_up_later(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two", "three")
    watchers.stop("two", "three")
    first = private_log.grow(3)
    assert not witnessing.collect(first)
    row = Checkpoint.objects.get(size=first)
    assert (row.witnessed, cosigners(row.cosigned)) == (False, {"one"})
    watchers.start("two")
    tasks.collect_cosignatures()
    row.refresh_from_db()
    assert (row.witnessed, cosigners(row.cosigned)) == (True, {"one", "two"})
    assert shown() == row.cosigned


def test_a_later_checkpoint_has_its_own_chance(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two")
    watchers.stop("one", "two")
    first = private_log.grow(3)
    assert not witnessing.collect(first)
    watchers.start("one", "two")
    second = private_log.grow(4)
    assert witnessing.collect(second)
    assert list(Checkpoint.objects.order_by("size").values_list("size", "witnessed")) == [
        (first, False),
        (second, True),
    ]
    assert not witnessing.collect(first)
    assert Note.parse(shown()).text == Note.parse(Checkpoint.objects.get(size=second).note).text


def test_a_witness_that_comes_late_is_proven_all_that_it_missed(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two", "three")
    assert witnessing.collect(private_log.grow(3))
    watchers.stop("one")
    for count in (1, 5, 300):
        assert witnessing.collect(private_log.grow(count))
    watchers.start("one")
    watchers.stop("two")
    size = private_log.grow(2)
    assert witnessing.collect(size)
    assert cosigners(Checkpoint.objects.get(size=size).cosigned) == {"one", "three"}


def test_a_silent_witness_does_not_delay_a_quorum_of_others(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two", "three")
    watchers.stop("three")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        policy = watchers.folder / "policy"
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        policy.write_text(policy.read_text().replace(watchers.known["three"].url, address))
        size = private_log.grow(3)
        begun = time.monotonic()
        assert witnessing.collect(size)
        assert time.monotonic() - begun < outbound.READ_SECONDS


def test_a_silent_majority_ends_with_the_round(
    private_log: PrivateLog, watchers: Watchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnessing, "ROUND_SECONDS", 0.5)
    monkeypatch.setattr(outbound, "READ_SECONDS", 1.0)
    watchers.start("one", "two", "three")
    watchers.stop("two", "three")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        policy = watchers.folder / "policy"
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name in ("two", "three"):
            policy.write_text(policy.read_text().replace(watchers.known[name].url, address))
        size = private_log.grow(3)
        begun = time.monotonic()
        assert not witnessing.collect(size)
        assert time.monotonic() - begun < 1.0
    assert cosigners(Checkpoint.objects.get(size=size).cosigned) == {"one"}


def test_a_database_that_was_rewritten_finds_no_witness_and_says_so(
    private_log: PrivateLog, watchers: Watchers, caplog: pytest.LogCaptureFixture
) -> None:
    """The administrator has everything but the witnesses: the keys, the database and the published files."""
    watchers.start("one", "two", "three")
    assert witnessing.collect(private_log.grow(6))
    with private_log.tampering() as database:
        database.execute("DELETE FROM audit_checkpoint")
        database.execute("DELETE FROM audit_leaf")
        database.execute("DELETE FROM audit_staged")
        database.execute("UPDATE audit_logstate SET size = 0, root = sha256(''), range = ''")
    for file in sorted(private_log.folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    forged = private_log.grow(6)
    with caplog.at_level(logging.ERROR, logger="audit.witnessing"):
        assert not witnessing.collect(forged)
        assert not witnessing.collect(private_log.grow(1))
    row = Checkpoint.objects.get(size=forged)
    assert (row.witnessed, row.cosigned) == (False, "")
    assert sum("contradicted by a witness" in message for message in caplog.messages) == 6


def test_a_log_that_was_rolled_back_is_reported(
    private_log: PrivateLog, watchers: Watchers, caplog: pytest.LogCaptureFixture
) -> None:
    watchers.start("one", "two")
    first = private_log.grow(3)
    second = private_log.grow(3)
    assert witnessing.collect(second)
    with caplog.at_level(logging.INFO, logger="audit.witnessing"):
        witnessing.collect(first)
        assert said(caplog) == ["INFO", "INFO"]
        caplog.clear()
        with private_log.tampering() as database:
            database.execute("DELETE FROM audit_checkpoint WHERE size > %s", [first])
        witnessing.collect(first)
        assert said(caplog) == ["ERROR", "ERROR"]


def test_whoever_publishes_does_not_wait(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two")
    collector = witnessing.BackgroundCollector()
    size = private_log.grow(2)
    begun = time.monotonic()
    collector.offer(size)
    assert time.monotonic() - begun < 0.05
    until = time.monotonic() + 10
    while not Checkpoint.objects.get(size=size).witnessed:
        assert time.monotonic() < until
        time.sleep(0.02)
    collector.stop()
    assert not collector._thread.is_alive()


def test_the_collector_outlives_a_policy_that_cannot_be_read(private_log: PrivateLog, watchers: Watchers) -> None:
    watchers.start("one", "two")
    good = (watchers.folder / "policy").read_text()
    (watchers.folder / "policy").write_text("quorum nobody\n")
    size = private_log.grow(2)
    collector = witnessing.BackgroundCollector()
    collector.offer(size)
    time.sleep(0.2)
    (watchers.folder / "policy").write_text(good)
    collector.offer(size)
    until = time.monotonic() + 10
    while not Checkpoint.objects.get(size=size).witnessed:
        assert time.monotonic() < until
        time.sleep(0.02)
    collector.stop()


def test_a_policy_that_cannot_be_read_stops_the_start(tmp_path: Path, settings: Settings) -> None:
    settings.LOG_POLICY_FILE = tmp_path / "policy"
    with pytest.raises(PolicyError, match="LOG_POLICY_FILE cannot be read"):
        witnessing.read_policy()
    assert [fault.id for fault in check_witnesses(None)] == ["audit.E001"]
    (tmp_path / "policy").write_text("quorum nobody\n")
    assert [fault.id for fault in check_witnesses(None)] == ["audit.E001"]
    (tmp_path / "policy").write_text("quorum none\n")
    assert check_witnesses(None) == []


def test_an_unsafe_address_of_a_witness_stops_the_start(watchers: Watchers, settings: Settings) -> None:
    watchers.start("one", "two")
    assert check_witnesses(None) == []
    policy = watchers.folder / "policy"
    policy.write_text(policy.read_text().replace(watchers.known["one"].url, "http://witness.example"))
    assert [fault.id for fault in check_witnesses(None)] == ["audit.E002"]


def test_authorities_without_certificates_stop_the_start(tmp_path: Path, settings: Settings) -> None:
    assert check_authorities(None) == []
    settings.TIMESTAMP_AUTHORITIES = ["http://timestamp.example/tsr", "nonsense"]
    settings.TIMESTAMP_ROOTS = tmp_path / "roots.pem"
    assert [fault.id for fault in check_authorities(None)] == ["audit.E002", "audit.E003"]
