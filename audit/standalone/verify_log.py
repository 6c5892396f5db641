"""Checks, offline and without trusting whoever runs the log, that a record is in a log which only ever grew.

WHAT IT NEEDS
    Python 3.11 or newer and the package `cryptography` with ML-DSA (written against 50.0.2): this one file imports
    nothing else and opens no network connection. It can be read from top to bottom in an hour.

WHAT YOU MUST BRING YOURSELF
    The keys that you trust. Everything else may come from the party whose record you examine; the keys may not: get
    them from a contract, a printed page, a regulator, or from someone who noted them down long ago. Either
        --key KEY        a verifier key of the log, such as `example.com/log+1a2b3c4d+AeHT…` (may be repeated), or
        --policy FILE    a policy file (C2SP tlog-policy): the log's keys, the witnesses, and how many must have signed.
    With a key alone you learn that the log says so. With witnesses you also learn that it says the same to everyone:
    they are independent parties who sign a state only if it contains all that they signed before.

WHAT IT CHECKS
    proof          One record is in the log.
                       verify_log.py proof --policy policy.txt --entry entry.json entry.tlog-proof
                   `entry.json` is the answer of GET /v1/audit/entries/<id>, and `entry.tlog-proof` that of
                   GET /v1/audit/entries/<id>/proof. `--leaf FILE` in place of `--entry`: the leaf is that file's bytes.
    opening        What a record in the log says. A leaf names no person: it holds commitments, and who knows the salt
                   and the payload can show that these very bytes were committed to.
                       verify_log.py opening --entry entry.json
                   Run `proof` with the same `entry.json`, to know that the leaf is in the log. A salt that is missing
                   was destroyed with its subject's key: through it nobody can tell any more what the record said.
    consistency    Between two signed states nothing was changed or taken away.
                       verify_log.py consistency --policy policy.txt old-checkpoint new-checkpoint consistency.json
                   `consistency.json` is the answer of GET /v1/audit/consistency?from=…&to=….
    log            A whole copy of the log: every leaf is hashed, every tile and the root are worked out again.
                       verify_log.py log --policy policy.txt folder
                   The folder holds `checkpoint` and `tile/…` as the log publishes them. `--earlier FILE` (may be
                   repeated) is a checkpoint that you kept: the folder must still begin with the state that it signs.

HOW IT ANSWERS
    Exit status 0: everything held. 1: something did not, and the first thing that is wrong is named. 2: the command
    line is wrong. A 0 says what is in the log, in what order, and who signed; it does not say that what was recorded
    is true, nor (without witnesses) that others are shown the same log.

SOURCES
    RFC 9162, section 2.1 (Merkle trees); https://c2sp.org: signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles,
    tlog-proof and tlog-policy; RFC 8032 (Ed25519); FIPS 204 (ML-DSA-44).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

HASH = 32  # bytes in a SHA-256
WIDTH = 256  # hashes in a full tile, leaves in a full bundle
LARGEST = 2**63 - 1  # the largest size, index and time
MAX_NAME = 255  # bytes of a name in an ML-DSA-44 signature
ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE = 0x01, 0x04, 0x06
KEY_SIZES = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
COMMITMENT_PREFIX = b"vivavoce/commit/v1\0"
PROOF_HEADER = "c2sp.org/tlog-proof@v1"


class VerificationError(Exception):
    """The first thing that is wrong."""


def demand(condition: object, wrong: str) -> None:
    """Ends the verification unless the condition holds."""
    if not condition:
        raise VerificationError(wrong)


# --- Merkle trees (RFC 9162, section 2.1) -------------------------------------------------------------------------
def hash_leaf(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def left_part(size: int) -> int:
    """Of a tree of `size` > 1 leaves, how many are in the left subtree: the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(hashes: list[bytes]) -> bytes:
    """The root over hashes of leaves, or of equally large subtrees of which only the last may be smaller."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    left = left_part(len(hashes))
    return hash_node(tree_root(hashes[:left]), tree_root(hashes[left:]))


def root_by_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root to which an inclusion proof leads. `path` (leaf's sibling first) is used up from its end: the top."""
    if size == 1:
        demand(not path, "The inclusion proof has more hashes than the tree has levels.")
        return leaf
    demand(path, "The inclusion proof has fewer hashes than the tree has levels.")
    left, sibling = left_part(size), path[-1]
    if index < left:
        return hash_node(root_by_inclusion(leaf, index, left, path[:-1]), sibling)
    return hash_node(sibling, root_by_inclusion(leaf, index - left, size - left, path[:-1]))


def roots_by_consistency(old: int, new: int, path: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The old and new root to which a proof leads. `known`: the old root, while it may be a whole subtree's hash."""
    if old == new:
        demand(len(path) == (known is None), "The consistency proof has too many or too few hashes.")
        return (known, known) if known is not None else (path[0], path[0])
    demand(path, "The consistency proof has too few hashes.")
    left, sibling = left_part(new), path[-1]
    if old <= left:
        old_root, new_root = roots_by_consistency(old, left, path[:-1], known)
        return old_root, hash_node(new_root, sibling)
    old_root, new_root = roots_by_consistency(old - left, new - left, path[:-1], None)
    return hash_node(sibling, old_root), hash_node(sibling, new_root)


# --- Reading what others wrote ------------------------------------------------------------------------------------
def as_text(raw: bytes, what: str) -> str:
    """UTF-8 without control characters other than newlines."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise VerificationError(f"{what} is not UTF-8.") from error
    demand(not re.search(r"[\x00-\x09\x0b-\x1f]", text), f"{what} has control characters in it.")
    return text


def as_json(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which nothing is said twice."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=said_once)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"{what} is not JSON.") from error
    return dict(as_kind(found, dict, what))


def said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    demand(len(dict(pairs)) == len(pairs), "A JSON object says one thing twice.")
    return dict(pairs)


def as_kind(value: object, kind: type, what: str) -> Any:
    demand(isinstance(value, kind), f"{what} is missing or of the wrong kind.")
    return value


def as_bytes(encoded: object, what: str) -> bytes:
    """Base64 with padding, in the one form that the bytes have."""
    try:
        raw = base64.b64decode(str(encoded).encode("ascii"), validate=True)
    except ValueError as error:
        raise VerificationError(f"{what} is not base64.") from error
    demand(base64.b64encode(raw).decode() == encoded, f"{what} is not canonical base64.")
    return raw


def as_hash(encoded: object, what: str) -> bytes:
    demand(len(raw := as_bytes(encoded, what)) == HASH, f"{what} is not {HASH} bytes long.")
    return raw


def as_number(digits: object, what: str) -> int:
    """A decimal number without leading zeroes."""
    number = int(str(digits)) if re.fullmatch(r"0|[1-9][0-9]{0,18}", str(digits)) else -1
    demand(0 <= number <= LARGEST, f"{what} is not a number from 0 to {LARGEST}.")
    return number


# --- Keys and signatures (C2SP signed-note and tlog-cosignature) --------------------------------------------------
class Key(NamedTuple):
    """A verifier key: a name, the kind of signature that it makes, and the public key."""

    name: str
    kind: int
    public: bytes

    def identifier(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]


def read_key(encoded: str) -> Key:
    """Reads `name+identifier+base64(kind, public key)`."""
    found = re.fullmatch(r"([^+\s]+)\+([0-9a-fA-F]{8})\+(\S+)", encoded)
    if found is None:
        raise VerificationError(f"Not a verifier key: {encoded[:80]!r}.")
    raw = as_bytes(found[3], f"The key of {found[1]}")
    demand(raw and KEY_SIZES.get(raw[0]) == len(raw) - 1, f"The key of {found[1]} is of no known kind and size.")
    key = Key(found[1], raw[0], raw[1:])
    demand(key.identifier().hex() == found[2].lower(), f"The key of {found[1]} does not have the identifier it names.")
    return key


def signature_holds(key: Key, message: bytes, signature: bytes) -> bool:
    try:
        if key.kind == ML_DSA_44_COSIGNATURE:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
        else:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed_message(key: Key, text: str, head: Head, time: int) -> bytes:
    """The bytes under the signature: of the plain kind the text itself, of the others a statement about the tree."""
    if key.kind == ED25519:
        return text.encode()
    if key.kind == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    name, origin = key.name.encode(), head.origin.encode()
    demand(len(name) <= MAX_NAME and len(origin) <= MAX_NAME, "A name is too long for an ML-DSA-44 signature.")
    before = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", time)
    return before + bytes([len(origin)]) + origin + struct.pack(">QQ", 0, head.size) + head.root


def check_signature(key: Key, signature: bytes, text: str, head: Head) -> int:
    """Demands that the signature is the key's; the time that it is stamped with, or 0."""
    time = 0
    if key.kind != ED25519:  # eight bytes of time stand before the signature proper
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
    demand(time <= LARGEST, f"The signature of {key.name} is stamped with an impossible time.")
    holds = signature_holds(key, signed_message(key, text, head, time), signature)
    demand(holds, f"The signature of {key.name} does not verify: the checkpoint was changed, or is a forgery.")
    return time


# --- Whom to believe (C2SP tlog-policy) ---------------------------------------------------------------------------
class Trust:
    """The keys of the logs, the witnesses by their names in the policy, and the quorum."""

    def __init__(self) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: list[tuple[str, int, list[str]]] = []  # name, how many are needed, of whom
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def read(self, policy: str) -> None:
        """Takes up a policy file."""
        for number, line in enumerate(policy.split("\n"), 1):
            words = re.findall(r"[^ ]+", line)
            if words and not words[0].startswith("#"):
                try:
                    self._define(words)
                except VerificationError as error:
                    raise VerificationError(f"Policy, line {number}: {error}") from error
        demand(self.quorum is not None, "The policy has no quorum line.")

    def _define(self, words: list[str]) -> None:
        match words:
            case ["log", key] | ["log", key, _]:
                self.logs.append(read_key(key))
            case ["witness", name, encoded] | ["witness", name, encoded, _]:
                self._new(name)
                witness = read_key(encoded)
                demand(witness.kind != ED25519, f"The key of {name} makes no cosignatures.")
                new = all(witness.public != key.public for key in self.witnesses.values())
                demand(new, f"{name} has the key of another witness.")
                self.witnesses[name] = witness
            case ["group", name, threshold, _, *_]:
                self._define_group(name, threshold, words[3:])
            case ["quorum", name]:
                demand(self.quorum is None, "There is a second quorum.")
                demand(name == "none" or name in self._names, f"{name} is not defined above this line.")
                self.quorum = name
            case _:
                raise VerificationError("this is no log, witness, group or quorum.")

    def _define_group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            demand(member in self._names, f"{member} is not defined above this line.")
            demand(member not in self._members, f"{member} would count twice.")
            self._members.add(member)
        needed = {"any": 1, "all": len(members)}.get(threshold) or as_number(threshold, "The threshold")
        demand(1 <= needed <= len(members), f"Of {len(members)} members, {needed} cannot be asked for.")
        self._new(name)
        self.groups.append((name, needed, members))

    def _new(self, name: str) -> None:
        demand(name != "none" and name not in self._names, f"The name {name} is taken.")
        self._names.add(name)

    def quorum_of(self, signers: set[Key]) -> bool:
        """Whether the keys that signed are the quorum; groups only refer to what stands above them."""
        seen = {name for name, key in self.witnesses.items() if key in signers}
        for name, needed, members in self.groups:
            if sum(member in seen for member in members) >= needed:
                seen.add(name)
        return self.quorum in (None, "none") or self.quorum in seen


# --- Checkpoints (C2SP tlog-checkpoint) ---------------------------------------------------------------------------
class Head(NamedTuple):
    """A state of the log: who it is, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes


def read_head(text: str) -> Head:
    lines = text.split("\n")
    demand(len(lines) > 3 and all(lines[:-1]), "The checkpoint is not three lines or more, none of them empty.")  # noqa: PLR2004
    return Head(lines[0], as_number(lines[1], "The checkpoint's size"), as_hash(lines[2], "The checkpoint's root"))


def read_note(raw: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text of a signed note, and its signatures: name and identifier of the key, and what the key made."""
    text, blank, below = as_text(raw, "The checkpoint").rpartition("\n\n")
    demand(blank and below.endswith("\n"), "The checkpoint has no signature lines at its end.")
    lines = []
    for line in below[:-1].split("\n"):
        found = re.fullmatch(r"— ([^+\s]+) (\S+)", line)
        if found is None:
            raise VerificationError(f"Not a signature line: {line[:80]!r}.")
        signed = as_bytes(found[2], f"The signature of {found[1]}")
        demand(len(signed) > 4, f"The signature of {found[1]} is too short.")  # noqa: PLR2004 - its key's identifier
        lines.append((found[1], signed[:4], signed[4:]))
    return text + "\n", lines


def believe(raw: bytes, trust: Trust, *, what: str) -> Head:
    """The state that a signed checkpoint states, once its log and a quorum of witnesses are known to have signed."""
    text, lines = read_note(raw)
    head = read_head(text)
    own, watching = {key for key in trust.logs if key.name == head.origin}, set(trust.witnesses.values())
    demand(own, f"{what} is of the log {head.origin!r}, and you gave no key for that log.")
    signers: dict[Key, int] = {}
    for name, identifier, signature in lines:
        for key in own | watching:
            if (name, identifier) == (key.name, key.identifier()):
                signers[key] = check_signature(key, signature, text, head)
    demand(own & set(signers), f"{what} is not signed with a key of its log that you trust.")
    demand(trust.quorum_of(set(signers)), f"{what} is not signed by the quorum of witnesses that the policy asks for.")
    say(f"{what}: {head.size} leaves of {head.origin}, root {base64.b64encode(head.root).decode()}")
    for key, time in signers.items():
        stamp = f" at {datetime.fromtimestamp(min(time, 2**37), UTC):%Y-%m-%d %H:%M:%S} UTC" if time else ""
        say(f"  signed by {key.name} ({'the log' if key in own else 'a witness'}){stamp}")
    if trust.quorum in (None, "none"):
        say("  no witness was asked for: that others are shown the same log is not established")
    return head


# --- The four commands --------------------------------------------------------------------------------------------
def check_proof(leaf: bytes, raw: bytes, trust: Trust) -> None:
    """That the leaf is in the log (C2SP tlog-proof)."""
    above, blank, checkpoint = as_text(raw, "The proof").partition("\n\n")
    lines = above.split("\n")
    if len(lines) > 1 and lines[1].startswith("extra "):
        del lines[1]  # anyone may have written it
    demand(blank and lines[0] == PROOF_HEADER, f"The proof is not a {PROOF_HEADER}.")
    demand(len(lines) > 1 and lines[1].startswith("index "), "The proof does not say at which index the leaf is.")
    index = as_number(lines[1].removeprefix("index "), "The index")
    path = [as_hash(line, "A hash of the proof") for line in lines[2:]]
    head = believe(checkpoint.encode(), trust, what="The checkpoint")
    demand(index < head.size, f"The log has {head.size} leaves, and none with the index {index}.")
    root = root_by_inclusion(hash_leaf(leaf), index, head.size, path)
    demand(root == head.root, f"The proof does not lead to the signed root: this leaf is not at index {index}.")
    say(f"The leaf is in the log at index {index}.")


def check_consistency(old_raw: bytes, new_raw: bytes, proof: dict[str, Any], trust: Trust) -> None:
    """That the new state contains the old one, unchanged."""
    old = believe(old_raw, trust, what="The old checkpoint")
    new = believe(new_raw, trust, what="The new checkpoint")
    demand(old.origin == new.origin, "The two checkpoints are of different logs.")
    demand(0 < old.size <= new.size, f"A log of {new.size} leaves cannot have grown out of one of {old.size}.")
    demand(proof.get("from") == old.size and proof.get("to") == new.size, "The proof is one between other sizes.")
    path = [as_hash(item, "A hash of the proof") for item in as_kind(proof.get("proof"), list, "The proof's hashes")]
    old_root, new_root = roots_by_consistency(old.size, new.size, path, old.root)
    demand(old_root == old.root, "The proof does not lead to the old root: what was there was changed.")
    demand(new_root == new.root, "The proof does not lead to the new root: this is not what the old log grew into.")
    say(f"The first {old.size} leaves are the same in both; {new.size - old.size} came after them.")


def leaf_of(entry: dict[str, Any]) -> bytes:
    return as_bytes(as_kind(entry.get("log"), dict, "The entry's place in the log").get("leaf"), "The leaf")


def check_opening(entry: dict[str, Any]) -> None:
    """That the leaf's commitments were made to the payload, and that the entry shows just what the two say."""
    said = as_json(leaf_of(entry), "The leaf")
    opening = as_kind(entry.get("opening"), dict, "The entry's opening")
    payload = as_bytes(opening.get("payload"), "The payload")
    commitments = as_kind(said.get("commitments"), list, "The leaf's commitments")
    salts = as_kind(opening.get("salts"), list, "The entry's salts")
    demand(len(salts) == len(commitments), "The entry has not as many salts as its leaf has commitments.")
    opened = [
        open_commitment(place, commitment, as_kind(salt, dict, "A salt").get("salt"), payload)
        for place, (commitment, salt) in enumerate(zip(commitments, salts, strict=True), 1)
    ]
    demand(any(opened), "No salt is left that opens this leaf: what it stood for cannot be shown any more.")
    shown = {name: entry.get(name) for name in ("actor", "data", "refs")}
    demand(as_json(payload, "The payload") == shown, "The entry shows an actor, data or references not committed to.")
    demand(entry.get("event") == said.get("event"), "The entry shows another event than its leaf.")
    demand(entry.get("id") == said.get("id"), "The entry shows another id than its leaf.")
    demand(as_time(entry.get("occurred_at")) == as_time(said.get("time")), "The entry shows another time.")
    say(f"{sum(opened)} of {len(opened)} commitments of this leaf are opened, by the payload:")
    say(payload.decode())


def open_commitment(place: int, commitment: object, salt: object, payload: bytes) -> bool:
    """Whether there is still a salt; if so, it must open the commitment."""
    if salt is None:
        say(f"Commitment {place} cannot be opened: the secret of its subject was destroyed.")
        return False
    demand(re.fullmatch(r"[0-9a-f]{64}", str(salt)), f"Salt {place} is not {HASH} bytes in hexadecimal.")
    made = COMMITMENT_PREFIX + bytes.fromhex(str(salt)) + struct.pack(">Q", len(payload)) + payload
    demand(hashlib.sha256(made).hexdigest() == commitment, f"Commitment {place} was not made to this payload.")
    return True


def as_time(written: object) -> datetime:
    try:
        return datetime.fromisoformat(str(written)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise VerificationError(f"Not a time: {str(written)[:40]!r}.") from error


def check_log(folder: Path, earlier: list[Path], trust: Trust) -> None:
    """That a copy of the log is whole: leaves, tiles, root, and the states that were signed earlier."""
    head = believe((folder / "checkpoint").read_bytes(), trust, what="The checkpoint")
    kept = {path: believe(path.read_bytes(), trust, what=str(path)) for path in earlier}
    for path, state in kept.items():
        demand(state.origin == head.origin, f"{path} is a checkpoint of another log.")
        demand(state.size <= head.size, f"{path} has {state.size} leaves, and the log only {head.size}: it shrank.")
    growing = Growing(folder)
    growing.check_states(kept)
    for leaf in leaves(folder, head.size):
        growing.add(0, hash_leaf(leaf))
        growing.check_states(kept)
    growing.check_edge()
    demand(growing.root() == head.root, "The leaves do not have the root that the checkpoint signs.")
    say(f"All {head.size} leaves, their tiles and the root are as they were signed.")


class Growing:
    """The tree as it grows leaf by leaf: at each level, the hashes of the tile that is not full yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.open: list[list[bytes]] = [[]]

    def add(self, level: int, item: bytes) -> None:
        """Takes the next hash of a level; a tile that is full is compared, and its root goes one level up."""
        self.count += level == 0
        tile = self.open[level]
        tile.append(item)
        if len(tile) == WIDTH:
            self._compare(level, (self.count >> 8 * (level + 1)) - 1, tile)
            self.open[level] = []
            if level + 1 == len(self.open):
                self.open.append([])
            self.add(level + 1, tree_root(tile))

    def check_states(self, kept: dict[Path, Head]) -> None:
        """Compares the root so far with the states of this size that were signed earlier."""
        for path, state in kept.items():
            if state.size == self.count:
                demand(self.root() == state.root, f"The log no longer begins with the state that {path} signs.")

    def check_edge(self) -> None:
        """Compares the tiles at the right-hand edge, which are not full."""
        for level, tile in enumerate(self.open):
            if tile:
                self._compare(level, self.count >> 8 * (level + 1), tile)

    def root(self) -> bytes:
        """The root over all leaves so far: each level's open tile ends with what is below it."""
        below: list[bytes] = []
        for tile in self.open:
            whole = [*tile, *below]
            below = [tree_root(whole)] if whole else []
        return below[0] if below else tree_root([])

    def _compare(self, level: int, index: int, tile: list[bytes]) -> None:
        """Demands that every file of this tile holds these hashes, as far as they go."""
        for path, width in files_of(self.folder, f"tile/{level}", index, len(tile)):
            raw = path.read_bytes()
            demand(len(raw) == width * HASH, f"{path} is not {width * HASH} bytes long.")
            for at, item in enumerate(tile[:width]):
                demand(raw[at * HASH : (at + 1) * HASH] == item, f"Hash {at} in {path} is not of what the log holds.")


def leaves(folder: Path, size: int) -> Iterator[bytes]:
    """Every leaf in its order, out of the bundles."""
    for index in range(-(-size // WIDTH)):
        needed = min(WIDTH, size - index * WIDTH)
        files = files_of(folder, "tile/entries", index, needed)
        first, found = files[0][0], bundled(*files[0])
        for path, width in files[1:]:
            demand(bundled(path, width) == found[:width], f"{path} and {first} hold different leaves.")
        yield from found[:needed]


def bundled(path: Path, width: int) -> list[bytes]:
    """The leaves in a bundle: each stands behind its length as two bytes."""
    raw, found, at = path.read_bytes(), [], 0
    while at < len(raw):
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        demand(start <= len(raw) and at <= len(raw), f"{path} ends in the middle of a leaf.")
        found.append(raw[start:at])
    demand(len(found) == width, f"{path} holds {len(found)} leaves and not {width}.")
    return found


def files_of(folder: Path, kind: str, index: int, needed: int) -> list[tuple[Path, int]]:
    """The files of one tile or bundle, widest first: the full one and partial ones, even left from a smaller log."""
    digits = str(index).zfill(-(-len(str(index)) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    full = folder / kind / "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    partial = full.parent / f"{full.name}.p"
    names = [path.name for path in partial.iterdir()] if partial.is_dir() else []
    widths = sorted((int(name) for name in names if re.fullmatch(r"[1-9][0-9]{0,2}", name)), reverse=True)
    files = [(full, WIDTH)] if full.exists() else []
    files += [(partial / str(width), width) for width in widths if width < WIDTH]
    demand(files and files[0][1] >= needed, f"{full} is missing, or narrower than {needed}.")
    return files


# --- The command line ---------------------------------------------------------------------------------------------
def say(line: str, to: TextIO | None = None) -> None:
    """Prints without what could take control of a terminal: names and payloads are written by others."""
    (to or sys.stdout).write("".join(letter if letter.isprintable() else "?" for letter in line) + "\n")


def trusted(options: argparse.Namespace) -> Trust:
    """The keys and the policy from the command line."""
    trust = Trust()
    if options.policy:
        trust.read(as_text(options.policy.read_bytes().replace(b"\t", b" "), "The policy"))
    trust.logs += [read_key(key) for key in options.key]
    demand(trust.logs, "Give the log's key, with --key or in a --policy: without one nothing can be verified.")
    return trust


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    proof, opening = commands.add_parser("proof"), commands.add_parser("opening")
    consistency, log = commands.add_parser("consistency"), commands.add_parser("log")
    for command in (proof, consistency, log):
        command.add_argument("--key", action="append", default=[], help="a verifier key of the log")
        command.add_argument("--policy", type=Path, help="a policy file: logs, witnesses, quorum")
    leaf = proof.add_mutually_exclusive_group(required=True)
    leaf.add_argument("--entry", type=Path, help="the entry as the audit API gives it")
    leaf.add_argument("--leaf", type=Path, help="the leaf's bytes")
    opening.add_argument("--entry", type=Path, required=True, help="the entry as the audit API gives it")
    proof.add_argument("proof", type=Path)
    for name in ("old", "new", "proof"):
        consistency.add_argument(name, type=Path)
    log.add_argument("folder", type=Path)
    log.add_argument("--earlier", type=Path, action="append", default=[], help="a checkpoint that you kept")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 if everything held, and 1 if not."""
    given = command_line().parse_args(arguments)
    try:
        match given.command:
            case "proof":
                raw = (given.entry or given.leaf).read_bytes()
                leaf = leaf_of(as_json(raw, "The entry")) if given.entry else raw
                check_proof(leaf, given.proof.read_bytes(), trusted(given))
            case "opening":
                check_opening(as_json(given.entry.read_bytes(), "The entry"))
            case "consistency":
                proof = as_json(given.proof.read_bytes(), "The proof")
                check_consistency(given.old.read_bytes(), given.new.read_bytes(), proof, trusted(given))
            case _:
                check_log(given.folder, given.earlier, trusted(given))
    except (VerificationError, OSError) as error:
        say(f"FAILED: {error}", to=sys.stderr)
        return 1
    say("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
