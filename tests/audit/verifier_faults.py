"""Faults that the stand-alone verifier must find, each with what it must say: files in a folder, and a command."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.leaves import commitment, payload
from audit.merkle import consistency_proof, inclusion_proof, leaf_hash, node_hash
from audit.note_keys import Signer
from audit.notes import Checkpoint, Ed25519Cosigner, Ed25519Signer, Note, Signature, sign
from audit.proofs import format_proof
from audit.tiles import TileReader
from tests.audit.trees import (
    LOG,
    LOG_ML_DSA,
    NOW,
    ORIGIN,
    POLICY,
    REGULATOR,
    RIVAL,
    STRANGER,
    UNION,
    MemoryLog,
    flipped,
    made_leaves,
    naive_root,
)

ALL: tuple[Signer, ...] = (LOG, LOG_ML_DSA, REGULATOR, UNION)
KEY = f"--key={LOG.key}"
LOGS = {size: MemoryLog(size) for size in (1, 2, 4, 5, 8, 300)}
STEPS = MemoryLog(70, 300)
SALTS = (b"\x11" * 32, b"\x22" * 32)
SAID = {"actor": "member:0a", "data": {"score": 0.5, "count": 3}, "refs": {"speaker": "0b", "voice": "0c"}}
PAYLOAD = payload(SAID["actor"], SAID["data"], SAID["refs"])
LEAF: dict[str, Any] = {
    "commitments": [commitment(PAYLOAD, salt=salt).hex() for salt in SALTS],
    "event": "consent:record:given",
    "id": "0d",
    "organisation": "0e",
    "time": "2026-11-21T07:00:00.000000Z",
    "v": 1,
}


@dataclass(frozen=True)
class Fault:
    """What is wrong, the command in a folder that `prepare` fills, and what the verifier says about it."""

    name: str
    prepare: Callable[[Path], Sequence[str]]
    says: str


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def put(folder: Path, name: str, content: str | bytes | dict[str, Any]) -> str:
    raw = json.dumps(content) if isinstance(content, dict) else content
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(raw.encode(errors="surrogateescape") if isinstance(raw, str) else raw)
    return str(folder / name)


def policy(folder: Path, text: str = POLICY) -> str:
    return f"--policy={put(folder, 'policy.txt', text)}"


def path_of(index: int, size: int) -> list[bytes]:
    return inclusion_proof(index, size, node=TileReader(LOGS[size].read, size=size).node)


def state(size: int, *, root: bytes | None = None, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, root or LOGS[size].range.root())


def signed(checkpoint: Checkpoint, *signers: Signer) -> str:
    return sign(checkpoint.text(), signers=signers or ALL, at=NOW).format()


def proof_command(folder: Path, proof: str, *, leaf: bytes = made_leaves(8)[3], trust: str = "") -> list[str]:
    return ["proof", trust or policy(folder), "--leaf", put(folder, "leaf", leaf), put(folder, "it.tlog-proof", proof)]


def good_proof(index: int = 3, size: int = 8, *, checkpoint: str | None = None) -> str:
    return format_proof(index, path_of(index, size), checkpoint or signed(state(size)))


def proof(text: Callable[[], str], **more: Any) -> Callable[[Path], Sequence[str]]:
    return lambda folder: proof_command(folder, text(), **more)


def loosened(encoded: str) -> str:
    """The same 32 bytes in base64 whose last digit has bits set that mean nothing."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return encoded[:-2] + digits[digits.index(encoded[-2]) ^ 1] + "="


def resigned() -> str:
    """A signed checkpoint with an empty line and one more below the root."""
    return sign(state(8).text() + "\nextension\n", signers=[LOG], at=NOW).format()


def under(checkpoint: Callable[[], str], **more: Any) -> Callable[[Path], Sequence[str]]:
    """A good proof under this checkpoint."""
    return proof(lambda: good_proof(checkpoint=checkpoint()), **more)


def with_line(signature: Signature) -> str:
    return Note.parse(signed(state(8))).with_signatures([signature]).format()


def spoilt(signer: Signer) -> str:
    """A checkpoint whose signature by this signer has one bit the other way."""
    (line,) = sign(state(8).text(), signers=[signer], at=NOW).signatures
    return with_line(replace(line, value=line.value[:-1] + bytes([line.value[-1] ^ 1])))


def growth(
    old: Checkpoint,
    new: Checkpoint,
    hashes: Callable[[list[bytes]], list[bytes]] = lambda found: found,
    *,
    trust: str = "",
    **said: Any,
) -> Callable[[Path], Sequence[str]]:
    def prepare(folder: Path) -> Sequence[str]:
        reader = TileReader(LOGS[8].read, size=new.size)
        found = consistency_proof(old.size, new.size, node=reader.node) if old.size <= new.size else []
        body = {"from": old.size, "to": new.size, "proof": [b64(item) for item in hashes(found)], **said}
        files = [put(folder, "old", signed(old)), put(folder, "new", signed(new)), put(folder, "proof.json", body)]
        return ["consistency", trust or policy(folder), *files]

    return prepare


def entry(*, leaf: dict[str, Any] | bytes | None = None, **changed: Any) -> dict[str, Any]:
    leaf = LEAF if leaf is None else leaf
    raw = leaf if isinstance(leaf, bytes) else json.dumps(leaf).encode()
    salts = [{"commitment": "", "salt": salt.hex()} for salt in SALTS]
    return {
        "id": LEAF["id"],
        "event": LEAF["event"],
        "occurred_at": "2026-11-21T07:00:00Z",
        **SAID,
        "log": {"index": 0, "leaf": b64(raw)},
        "opening": {"payload": b64(PAYLOAD), "salts": salts},
        **changed,
    }


def opening(content: dict[str, Any] | str) -> Callable[[Path], Sequence[str]]:
    return lambda folder: ["opening", "--entry", put(folder, "entry.json", content)]


def opened_by(committed: bytes, *salts: bytes, shown: Sequence[str | None] | None = None) -> dict[str, Any]:
    """An entry that commits to these bytes with these salts."""
    made = [hashlib.sha256(b"vivavoce/commit/v1\0" + s + len(committed).to_bytes(8, "big") + committed) for s in salts]
    texts = [salt.hex() for salt in salts] if shown is None else shown
    body = {"payload": b64(committed), "salts": [{"salt": text} for text in texts]}
    return entry(leaf={**LEAF, "commitments": [item.hexdigest() for item in made]}, opening=body)


def folder_with(
    change: Callable[[dict[str, bytes]], Any],
    log: MemoryLog = STEPS,
    *,
    checkpoint: Checkpoint | None = None,
    earlier: str = "",
    trust: str = "",
) -> Callable[[Path], Sequence[str]]:
    def prepare(folder: Path) -> Sequence[str]:
        files = dict(log.files)
        change(files)
        whole = Checkpoint(ORIGIN, len(log.leaves), log.range.root())
        for path, raw in {**files, "checkpoint": signed(checkpoint or whole).encode()}.items():
            put(folder, f"log/{path}", raw)
        kept = ["--earlier", put(folder, "kept", earlier)] if earlier else []
        return ["log", trust or policy(folder), *kept, str(folder / "log")]

    return prepare


def edited(path: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({path: change(files[path])})


def replaced(log: MemoryLog) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files.clear()
        files.update(log.files)

    return change


REWRITTEN = MemoryLog()
REWRITTEN.take([b"another" if number == 5 else leaf for number, leaf in enumerate(made_leaves(300))])
OTHER = Ed25519Signer("other.example", b"\x09" * 32)
LATE = REGULATOR.sign(state(8).text(), at=2**63)
LONG = "o" * 256
WIDE = b"w" * 33  # a hash of 33 bytes, in trees whose roots were made with it
W = {name: str(key) for name, key in (("r", REGULATOR.key), ("u", UNION.key), ("v", RIVAL.key))}


ODD = hashlib.sha256(b"x.example\n\x07" + b"x" * 32).digest()


def under_policy(text: str) -> Callable[[Path], Sequence[str]]:
    return lambda folder: proof_command(folder, good_proof(), trust=policy(folder, text))


PROOF_FAULTS = [
    Fault("another leaf", proof(good_proof, leaf=b"another"), "does not lead to the signed root"),
    Fault("another index", proof(lambda: good_proof().replace("index 3", "index 2")), "does not lead to the signed"),
    Fault("index outside", proof(lambda: good_proof(0, 1).replace("index 0", "index 1"), leaf=b"leaf 0"), "none with"),
    Fault(
        "a hash too many",
        proof(lambda: format_proof(0, [WIDE[:32]], signed(state(1))), leaf=b"leaf 0"),
        "more hashes than the tree",
    ),
    Fault("a hash too few", proof(lambda: format_proof(3, path_of(3, 8)[1:], signed(state(8)))), "fewer hashes"),
    Fault(
        "a hash too long",
        proof(
            lambda: format_proof(0, [WIDE], signed(state(2, root=node_hash(leaf_hash(b"leaf 0"), WIDE)))),
            leaf=b"leaf 0",
        ),
        "A hash of the proof is not 32 bytes long",
    ),
    Fault(
        "base64 with bits left over",
        proof(lambda: good_proof().replace(b64(path_of(3, 8)[0]), loosened(b64(path_of(3, 8)[0])))),
        "A hash of the proof is not canonical base64",
    ),
    Fault("no base64", proof(lambda: good_proof().replace("index 3\n", "index 3\n!\n")), "is not base64"),
    Fault("leading zero", proof(lambda: good_proof().replace("index 3", "index 03")), "The index is not a number"),
    Fault("another header", proof(lambda: good_proof().replace("@v1", "@v2", 1)), "is not a c2sp.org/tlog-proof@v1"),
    Fault("a bare index", proof(lambda: good_proof().replace("index 3", "3")), "does not say at which index"),
    Fault("no index", proof(lambda: good_proof().replace("index 3\n", "")), "does not say at which index"),
    Fault("controls", proof(lambda: good_proof().replace("index", "extra \a\nindex", 1)), "control characters"),
    Fault("not text", proof(lambda: good_proof().replace("index", "extra \udcff\nindex", 1)), "is not UTF-8"),
    Fault(
        "no key",
        lambda folder: ["proof", "--leaf", put(folder, "leaf", b""), put(folder, "proof", good_proof())],
        "Give the log's key",
    ),
    Fault("no file", lambda folder: ["proof", KEY, "--leaf", str(folder / "absent"), "x"], "No such file"),
    Fault(
        "an entry without a leaf",
        lambda folder: ["proof", KEY, "--entry", put(folder, "e", entry(log=None)), put(folder, "p", good_proof())],
        "The entry's place in the log is missing",
    ),
]

CHECKPOINT_FAULTS = [
    Fault("an empty line", under(resigned, trust=KEY), "three lines or more"),
    Fault(
        "two lines only", under(lambda: sign(f"{ORIGIN}\n8\n", signers=[LOG], at=NOW).format()), "three lines or more"
    ),
    Fault("cut off", under(lambda: signed(state(8))[:-1]), "no signature lines at its end"),
    Fault("not signed", under(lambda: state(8).text()), "no signature lines at its end"),
    Fault("something else below", under(lambda: signed(state(8)) + "PS\n"), "Not a signature line"),
    Fault("a signature of nothing", under(lambda: signed(state(8)) + "— x AAAAAA==\n"), "signature of x is too short"),
    Fault("a log unknown", under(lambda: signed(state(8, origin="x.example"))), "gave no key for that log"),
    Fault("witnesses only", under(lambda: signed(state(8), REGULATOR, UNION)), "not signed with a key of its log"),
    Fault("a stranger only", under(lambda: signed(state(8), STRANGER), trust=KEY), "not signed with a key of its log"),
    Fault(
        "the key of another log that is trusted too",
        lambda folder: [
            *proof_command(folder, good_proof(checkpoint=signed(state(8), OTHER)), trust=KEY),
            f"--key={OTHER.key}",
        ],
        "not signed with a key of its log",
    ),
    *(Fault(f"false {s.key.type.name}", under(lambda s=s: spoilt(s)), "does not verify") for s in ALL),
    Fault("a time beyond", under(lambda: with_line(LATE)), "impossible time"),
    Fault("one witness of two", under(lambda: signed(state(8), LOG, REGULATOR)), "not signed by the quorum"),
    Fault(
        "a witness who goes by another's name",
        under(lambda: signed(state(8), LOG, REGULATOR, Ed25519Cosigner("union.example", b"\x0a" * 32))),
        "not signed by the quorum",
    ),
    Fault(
        "a name too long",
        proof(
            lambda: good_proof(
                checkpoint=sign(state(8, origin=LONG).text(), signers=[Ed25519Signer(LONG, LOG.seed)], at=NOW)
                .with_signatures([Signature("union.example", UNION.key.key_id, b"\0" * 2428)])
                .format()
            ),
            trust="",
        ),
        "gave no key for that log",
    ),
    Fault(
        "a name too long for a trusted key",
        lambda folder: [
            *proof_command(
                folder,
                good_proof(
                    checkpoint=sign(state(8, origin=LONG).text(), signers=[Ed25519Signer(LONG, LOG.seed)], at=NOW)
                    .with_signatures([Signature("union.example", UNION.key.key_id, b"\0" * 2428)])
                    .format()
                ),
            ),
            f"--key={Ed25519Signer(LONG, LOG.seed).key}",
        ],
        "too long for an ML-DSA-44 signature",
    ),
]

POLICY_FAULTS = [
    Fault(name, under_policy(text), says)
    for name, text, says in (
        ("no quorum", f"log {LOG.key}\n", "no quorum line"),
        ("two quorums", f"log {LOG.key}\nquorum none\nquorum none\n", "line 2|second quorum"),
        ("unknown line", f"log {LOG.key}\nquibble\nquorum none\n", "line 2: this is no log"),
        ("unknown quorum", f"log {LOG.key}\nquorum w\n", "line 2: w is not defined above"),
        ("unknown member", f"log {LOG.key}\ngroup g any w\nquorum none\n", "line 2: w is not defined above"),
        ("witness twice", f"log {LOG.key}\nwitness w {W['r']}\nwitness w {W['u']}\nquorum none\n", "w is taken"),
        (
            "one key twice",
            f"log {LOG.key}\nwitness w {W['r']}\nwitness x {replace(REGULATOR.key, name='x.example')}\nquorum none\n",
            "line 3: x has the key of another",
        ),
        ("plain witness", f"log {LOG.key}\nwitness w {LOG.key}\nquorum none\n", "makes no cosignatures"),
        (
            "member twice",
            f"log {LOG.key}\nwitness w {W['r']}\ngroup g any w\ngroup h any w\nquorum none\n",
            "line 4: w would count twice",
        ),
        ("too many", f"log {LOG.key}\nwitness w {W['r']}\ngroup g 2 w\nquorum none\n", "2 cannot be asked for"),
        ("none of them", f"log {LOG.key}\nwitness w {W['r']}\ngroup g 0 w\nquorum none\n", "0 cannot be asked for"),
        ("half", f"log {LOG.key}\nwitness w {W['r']}\ngroup g ½ w\nquorum none\n", "The threshold is not a number"),
        ("no key", "log key\nquorum none\n", "line 1: Not a verifier key"),
        ("a key of no kind", f"log {ORIGIN}+00000000+{b64(b'x' * 33)}\nquorum none\n", "of no known kind"),
        (
            "a key of another kind",
            f"log {LOG.key}\nlog x.example+{ODD[:4].hex()}+{b64(bytes([7]) + b'x' * 32)}\nquorum none\n",
            "line 2: The key of x.example is of no known kind",
        ),
        (
            "a key with another's identifier",
            f"log {ORIGIN}+00000000+{str(LOG.key).split('+', 2)[2]}\nquorum none\n",
            "does not have the identifier",
        ),
    )
]

CONSISTENCY_FAULTS = [
    Fault("old rewritten", growth(state(5, root=b"x" * 32), state(8)), "does not lead to the old root"),
    Fault("old rewritten, same size", growth(state(8, root=b"x" * 32), state(8)), "does not lead to the new root"),
    Fault("new rewritten", growth(state(4), state(8, root=b"x" * 32)), "does not lead to the new root"),
    Fault("not grown from it", growth(state(4, root=b"x" * 32), state(8)), "does not lead to the new root"),
    Fault("shrunk", growth(state(8), state(5)), "cannot have grown out of"),
    Fault("from nothing", growth(Checkpoint(ORIGIN, 0, naive_root([])), state(8)), "cannot have grown out of"),
    Fault("other sizes", growth(state(5), state(8), **{"from": 4}), "between other sizes"),
    Fault("no hashes", growth(state(5), state(8), proof=None), "The proof's hashes is missing"),
    Fault("a hash more, below", growth(state(5), state(8), lambda f: [f[0], WIDE[:32], *f[1:]]), "too many or too few"),
    Fault("a hash more, at a known root", growth(state(4), state(8), lambda f: [WIDE[:32], *f]), "too many or too few"),
    Fault("a hash too few", growth(state(5), state(8), lambda f: f[:1]), "too few hashes"),
    Fault("none", growth(state(5), state(8), lambda _: []), "too few hashes"),
    Fault(
        "two logs",
        lambda folder: [
            *growth(state(5), state(8))(folder)[:2],
            put(
                folder,
                "other",
                sign(state(5, origin="other.example").text(), signers=[OTHER, *ALL[2:]], at=NOW).format(),
            ),
            *growth(state(5), state(8))(folder)[3:],
            f"--key={OTHER.key}",
        ],
        "of different logs",
    ),
]

OPENING_FAULTS = [
    Fault("another payload", opening(entry(opening={**entry()["opening"], "payload": b64(b"{}")})), "not made to this"),
    Fault("another salt", opening(opened_by(PAYLOAD, *SALTS, shown=["00" * 32, None])), "Commitment 1 was not made"),
    Fault("a salt too short", opening(opened_by(PAYLOAD, b"\x11" * 31)), "Salt 1 is not 32 bytes"),
    Fault("a salt missing", opening(opened_by(PAYLOAD, *SALTS, shown=[SALTS[0].hex()])), "not as many salts"),
    Fault("all erased", opening(opened_by(PAYLOAD, *SALTS, shown=[None, None])), "No salt is left"),
    Fault("no salts", opening(opened_by(PAYLOAD)), "No salt is left"),
    *(Fault(f"another {f}", opening(entry(**{f: "x"})), "not committed to") for f in ("actor", "data", "refs")),
    Fault("another event", opening(entry(event="x")), "another event"),
    Fault("another id", opening(entry(id="x")), "another id"),
    Fault("another time", opening(entry(occurred_at="2026-11-21T07:00:00.000001Z")), "another time"),
    Fault("no time", opening(entry(occurred_at="soon")), "Not a time"),
    Fault("no opening", opening(entry(opening=None)), "The entry's opening is missing"),
    Fault("said twice", opening(json.dumps(entry())[:-1] + ', "actor": "member:0a"}'), "says one thing twice"),
    Fault("no JSON", opening("nothing"), "The entry is not JSON"),
    Fault("a deep one", opening("[" * 100_000), "The entry is not JSON"),
    Fault("not an object", opening("[]"), "The entry is missing or of the wrong kind"),
    Fault("a leaf of something else", opening(entry(leaf=b"leaf 0")), "The leaf is not JSON"),
    Fault("a payload in UTF-16", opening(opened_by(PAYLOAD.decode().encode("utf-16"), *SALTS)), "payload is not JSON"),
]

LOG_FAULTS = [
    Fault(
        "a leaf changed",
        folder_with(edited("tile/entries/000", lambda raw: raw.replace(b"leaf 9", b"leaf X", 1))),
        "hold different|Hash 9 in",
    ),
    Fault(
        "a leaf changed at the edge",
        folder_with(edited("tile/entries/001.p/44", lambda raw: flipped(raw, len(raw) * 8 - 1))),
        "Hash 43 in .*tile/0/001.p/44",
    ),
    Fault(
        "a tile changed",
        folder_with(edited("tile/0/000", lambda raw: flipped(raw, len(raw) * 8 - 1))),
        "Hash 255 in .*tile/0/000",
    ),
    Fault(
        "an upper tile changed",
        folder_with(edited("tile/1/000.p/1", lambda raw: flipped(raw, 9))),
        "Hash 0 in .*tile/1/000",
    ),
    Fault(
        "a left-over tile changed",
        folder_with(edited("tile/0/000.p/70", lambda raw: flipped(raw, 0))),
        "Hash 0 in .*p/70",
    ),
    Fault(
        "a left-over bundle changed",
        folder_with(edited("tile/entries/000.p/70", lambda raw: flipped(raw, len(raw) * 8 - 1))),
        "hold different",
    ),
    Fault("a tile too long", folder_with(edited("tile/1/000.p/1", lambda raw: raw + b"!")), "is not 32 bytes long"),
    Fault(
        "a bundle with one more",
        folder_with(edited("tile/entries/001.p/44", lambda raw: raw + b"\0\1!")),
        "holds 45 leaves",
    ),
    Fault(
        "a bundle cut off",
        folder_with(edited("tile/entries/001.p/44", lambda raw: raw[:-1])),
        "in the middle of a leaf",
    ),
    Fault(
        "a bundle with half a length",
        folder_with(edited("tile/entries/001.p/44", lambda raw: raw + b"\0")),
        "in the middle of a leaf",
    ),
    Fault("a tile gone", folder_with(lambda files: files.pop("tile/1/000.p/1")), "tile/1/000 is missing"),
    Fault("a bundle gone", folder_with(lambda files: files.pop("tile/entries/001.p/44")), "entries/001 is missing"),
    Fault(
        "a tile too narrow",
        folder_with(lambda files: files.update({"tile/0/001.p/43": files.pop("tile/0/001.p/44")[:-32]})),
        "narrower than 44",
    ),
    Fault("everything rewritten", folder_with(replaced(REWRITTEN)), "do not have the root"),
    Fault(
        "everything rewritten and signed again",
        folder_with(replaced(REWRITTEN), checkpoint=state(300, root=REWRITTEN.range.root()), earlier=signed(state(8))),
        "no longer begins with the state",
    ),
    Fault("shrunk", folder_with(lambda _: None, MemoryLog(4), earlier=signed(state(5))), "only 4: it shrank"),
    Fault(
        "kept of another log",
        lambda folder: [
            *folder_with(
                lambda _: None,
                earlier=sign(state(5, origin="other.example").text(), signers=[OTHER, *ALL[2:]], at=NOW).format(),
            )(folder),
            f"--key={OTHER.key}",
        ],
        "a checkpoint of another log",
    ),
    Fault("not signed", folder_with(lambda _: None, trust=f"--key={STRANGER.key}"), "gave no key for that log"),
    Fault("no checkpoint", lambda folder: ["log", KEY, str(folder)], "No such file"),
]

FAULTS = [*PROOF_FAULTS, *CHECKPOINT_FAULTS, *POLICY_FAULTS, *CONSISTENCY_FAULTS, *OPENING_FAULTS, *LOG_FAULTS]
