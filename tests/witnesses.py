"""A small log in memory and witnesses on this machine, for the tests of both sides of the witness protocol."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audit.merkle import CompactRange, consistency_proof, leaf_hash, node_hash
from audit.notes import Checkpoint, Ed25519Signer, MLDSA44Cosigner, Note, Signer, VerifierKey, sign
from audit.witness.judgement import Witness
from audit.witness.keys import create_keys, read_keys
from audit.witness.server import WitnessServer
from audit.witness.state import WitnessState
from audit.witness.wire import AddCheckpoint

NOON = 1_795_262_400  # 2026-11-21, in seconds since 1970


def seed(name: str) -> bytes:
    """32 bytes that are nobody's secret."""
    return hashlib.sha256(name.encode()).digest()


@dataclass
class SmallLog:
    """Signs with Ed25519 and ML-DSA-44, as the real one does, over leaves that only the test knows."""

    origin: str
    hashes: list[bytes] = field(default_factory=list)

    @property
    def signers(self) -> tuple[Signer, ...]:
        return (
            Ed25519Signer(self.origin, seed(self.origin)),
            MLDSA44Cosigner(self.origin, seed(self.origin)),
        )

    @property
    def keys(self) -> frozenset[VerifierKey]:
        return frozenset(signer.key for signer in self.signers)

    def grow(self, *leaves: str) -> SmallLog:
        self.hashes += [leaf_hash(leaf.encode()) for leaf in leaves]
        return self

    def fork(self, size: int, *leaves: str) -> SmallLog:
        """Another history under the same name and keys, the same up to `size`."""
        return SmallLog(self.origin, self.hashes[:size]).grow(*leaves)

    def root(self, size: int | None = None) -> bytes:
        return CompactRange().extend(self.hashes[:size]).root()

    def note(self, size: int | None = None) -> Note:
        grown = len(self.hashes) if size is None else size
        text = Checkpoint(self.origin, grown, self.root(grown)).text()
        return sign(text, signers=self.signers, at=NOON)

    def node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.hashes[index]
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def proof_from(self, old: int) -> list[bytes]:
        return consistency_proof(old, len(self.hashes), node=self.node)

    def request(self, old: int, *, proof: Sequence[bytes] | None = None) -> bytes:
        hashes = self.proof_from(old) if proof is None else proof
        return AddCheckpoint(old, tuple(hashes), self.note().format()).to_bytes()


@dataclass
class RunningWitness:
    """A witness that answers at `url`, with the keys by which its cosignatures are known."""

    name: str
    url: str
    keys: tuple[VerifierKey, ...]
    state: WitnessState

    def policy_lines(self) -> str:
        """Its keys for a tlog-policy, and a group of its name that either of them satisfies."""
        members = [f"{self.name}/{number}" for number in range(len(self.keys))]
        lines = [f"witness {member} {key} {self.url}" for member, key in zip(members, self.keys, strict=True)]
        return "\n".join([*lines, f"group {self.name} any {' '.join(members)}", ""])


@contextmanager
def running_witness(
    folder: Path, name: str, *, logs: Iterable[SmallLog | tuple[str, Iterable[VerifierKey]]]
) -> Iterator[RunningWitness]:
    """A whole witness on the loopback address, its memory in `folder`."""
    keys = read_keys(folder) if (folder / "key.json").exists() else create_keys(folder, name=name)
    known = {log.origin: log.keys for log in logs if isinstance(log, SmallLog)}
    known |= {log[0]: frozenset(log[1]) for log in logs if isinstance(log, tuple)}
    state = WitnessState(folder)
    with WitnessServer(("127.0.0.1", 0), Witness(keys.signers(), logs=known, state=state)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            yield RunningWitness(name, url, tuple(signer.key for signer in keys.signers()), state)
        finally:
            server.shutdown()
            thread.join()
            state.close()
