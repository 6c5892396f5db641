"""Whom to believe about a log: its keys, the witnesses, and how many of them must have seen it (C2SP tlog-policy)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from audit.errors import NoteError, PolicyError
from audit.notes import Checkpoint, Note, VerifierKey, verify

NONE = "none"
MAX_POLICY = 1_000_000  # bytes
FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class KnownLog:
    """A log that the policy accepts; its key's name is the log's origin."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class KnownWitness:
    """A witness; `name` has a meaning within the policy only, the URL is its submission prefix."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Witnesses and other groups, of which at least `threshold` must have cosigned."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Which logs, which witnesses, and the quorum of them; `Policy()` knows no one and asks for no witness."""

    logs: tuple[KnownLog, ...] = ()
    witnesses: tuple[KnownWitness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    @classmethod
    def parse(cls, raw: bytes | str) -> Policy:
        """Reads a policy file; raises `PolicyError` with the number of the line at fault."""
        return _Reader().read(raw)

    def with_logs(self, keys: Iterable[VerifierKey]) -> Policy:
        """The same policy, which accepts the logs with these keys too."""
        known = {log.key for log in self.logs}
        return replace(self, logs=self.logs + tuple(KnownLog(key) for key in dict.fromkeys(keys) if key not in known))

    def keys_for(self, origin: str) -> tuple[VerifierKey, ...]:
        """Every key whose signature counts on a checkpoint of this origin: that log's own, and the witnesses'."""
        logs = tuple(log.key for log in self.logs if log.key.name == origin)
        return (*logs, *(witness.key for witness in self.witnesses))

    def satisfied_by(self, keys: Collection[VerifierKey]) -> bool:
        """Whether these keys, all verified, are enough: any one of the logs (if some are listed) and the quorum."""
        signed = not self.logs or any(log.key in keys for log in self.logs)
        return signed and (self.quorum == NONE or self.quorum in self._seen_by(keys))

    def witnessed_by(self, keys: Collection[VerifierKey]) -> bool:
        """Whether the policy asks for witnesses and these verified keys are a quorum of them."""
        return self.quorum != NONE and self.quorum in self._seen_by(keys)

    def _seen_by(self, keys: Collection[VerifierKey]) -> set[str]:
        seen = {witness.name for witness in self.witnesses if witness.key in keys}
        for group in self.groups:  # in the order of definition: members always come first
            if sum(member in seen for member in group.members) >= group.threshold:
                seen.add(group.name)
        return seen


@dataclass(frozen=True)
class VerifiedCheckpoint:
    """A checkpoint that a trusted log signed, the keys that did, and whether a quorum of witnesses saw it."""

    checkpoint: Checkpoint
    keys: frozenset[VerifierKey]
    witnessed: bool


def verify_checkpoint(note: Note, *, policy: Policy) -> VerifiedCheckpoint:
    """Believes a checkpoint, or raises: `NoteError` for its form or a false signature, `PolicyError` for a stranger's.

    A missing quorum does not raise: it is what `witnessed` says.
    """
    checkpoint = Checkpoint.parse(note.text)
    if not any(log.key.name == checkpoint.origin for log in policy.logs):
        raise PolicyError(f"The policy knows no log of the origin {checkpoint.origin[:80]!r}.")
    keys = verify(note, policy.keys_for(checkpoint.origin))
    if not any(log.key in keys for log in policy.logs):
        raise PolicyError(f"The log {checkpoint.origin[:80]!r} has not signed this checkpoint itself.")
    return VerifiedCheckpoint(checkpoint, keys, policy.witnessed_by(keys))


@dataclass
class _Reader:
    """The state while a policy is read, line by line."""

    logs: list[KnownLog] = field(default_factory=list)
    witnesses: list[KnownWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorums: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def read(self, raw: bytes | str) -> Policy:
        octets = raw.encode(errors="surrogateescape") if isinstance(raw, str) else raw
        if len(octets) > MAX_POLICY or FORBIDDEN.search(octets):
            raise PolicyError(f"A policy has at most {MAX_POLICY} bytes, and tab and newline alone for control.")
        for number, line in enumerate(octets.split(b"\n"), 1):
            items = [item.decode(errors="surrogateescape") for item in re.findall(rb"[^ \t]+", line)]
            if items and not items[0].startswith("#"):
                try:
                    self._define(items[0], items[1:])
                except (PolicyError, NoteError) as error:
                    raise PolicyError(f"Policy, line {number}: {error}") from error
        if len(self.quorums) != 1:
            raise PolicyError(f"A policy has exactly one quorum line, not {len(self.quorums)}.")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorums[0])

    def _define(self, keyword: str, items: list[str]) -> None:
        match keyword, items:
            case "log", [vkey, *url] if len(url) <= 1:
                self._define_log(VerifierKey.parse(vkey), "".join(url))
            case "witness", [name, vkey, *url] if len(url) <= 1:
                self._define_witness(name, VerifierKey.parse(vkey), "".join(url))
            case "group", [name, threshold, _, *_]:
                self._define_group(name, threshold, items[2:])
            case "quorum", [name]:
                if name not in self.names | {NONE}:
                    raise PolicyError(f"the quorum {name!r} is not defined above this line")
                self.quorums.append(name)
            case _:
                raise PolicyError("expected log, witness, group or quorum, with what belongs to it")

    def _define_log(self, key: VerifierKey, url: str) -> None:
        if any(log.key.public == key.public for log in self.logs):
            raise PolicyError("this log's key is listed already")
        self.logs.append(KnownLog(key, url))

    def _define_witness(self, name: str, key: VerifierKey, url: str) -> None:
        if not key.type.cosigns:
            raise PolicyError(f"the key of {name!r} does not make cosignatures: witnesses have types 04 and 06")
        if any(witness.key.public == key.public for witness in self.witnesses):
            raise PolicyError("this witness's key is listed already")
        self._name(name)
        self.witnesses.append(KnownWitness(name, key, url))

    def _define_group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self.names:
                raise PolicyError(f"the member {member!r} is not defined above this line")
            if member in self.members:
                raise PolicyError(f"{member!r} is a member of some group already, and may count only once")
            self.members.add(member)
        needed = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
        if not re.fullmatch(r"[0-9]{1,9}", needed) or not 1 <= int(needed) <= len(members):
            raise PolicyError(f"of {len(members)} members {threshold!r} cannot be asked for")
        self._name(name)
        self.groups.append(Group(name, int(needed), tuple(members)))

    def _name(self, name: str) -> None:
        if name == NONE or name in self.names:
            raise PolicyError(f"the name {name!r} is taken")
        self.names.add(name)
