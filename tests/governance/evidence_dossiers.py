"""Dossiers as a real examination would make them, with a small log of their own under the platform's own keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from audit.identity import signers
from audit.leaves import canonical, commitment, leaf, payload
from audit.merkle import CompactRange, inclusion_proof, leaf_hash, node_hash
from audit.notes import Checkpoint, sign
from audit.proofs import format_proof
from governance.evidence.dossier import Dossier, Record

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORIGINAL = b"RIFF" + bytes(range(256)) * 40
CLIP, REQUEST, CONSENT, VOICE = (UUID(int=number << 64 | 0x7 << 76 | 0x8 << 60) for number in range(1, 5))
EXAMINATION, NORTHWIND = "01990000-0000-7000-8000-00000000e0a1", "01990000-0000-7000-8000-000000000001"
PROTOCOL = {
    "examination": {
        "greatest_log10_lr": 4.0,
        "null_trials": 30_000,
        "sought_greatest_log10_lr": 2.0,
        "sought_null_trials": 2_000,
        "false_name_rate": 1e-6,
        "steps": [2, 1e-9],
    }
}


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


@dataclass
class SmallLog:
    """Entries in order, and their proofs under one state that the platform's log keys signed."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def record(self, event: str, *, refs: dict[str, str], data: dict[str, str], shredded: bool = False) -> str:
        place = len(self.leaves)
        entry_id, at = UUID(int=place + 1), NOON + timedelta(seconds=place)
        committed, salt = payload("system", data, refs), hashlib.sha256(entry_id.bytes).digest()
        made = commitment(committed, salt=salt)
        self.leaves.append(
            leaf(event_id=entry_id, event=event, occurred_at=at, organisation_tag="0" * 32, commitments=[made])
        )
        opened = {"commitment": made.hex(), "salt": None if shredded else salt.hex()}
        entry = {"id": str(entry_id), "event": event, "actor": "system", "refs": refs, "data": data}
        place_in_log = {"index": place, "leaf": as_base64(self.leaves[-1]), "leaf_hash": ""}
        opening = {"payload": as_base64(committed), "salts": [opened]}
        entry |= {"occurred_at": at.isoformat(), "index": place, "log": place_in_log, "opening": opening}
        self.entries.append(entry)
        return str(entry_id)

    def records(self) -> list[Record]:
        hashes = [leaf_hash(written) for written in self.leaves]
        text = Checkpoint(settings.LOG_ORIGIN, len(hashes), CompactRange().extend(hashes).root()).text()
        note = sign(text, signers=signers(), at=int(NOON.timestamp())).format()

        def node(level: int, index: int) -> bytes:
            return (
                hashes[index] if level == 0 else node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
            )

        paths = [inclusion_proof(index, len(hashes), node=node) for index in range(len(hashes))]
        proofs = [format_proof(index, path, note) for index, path in enumerate(paths)]
        return [Record(entry, proof, witnessed=False) for entry, proof in zip(self.entries, proofs, strict=True)]


def as_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def custody_of(acts: Sequence[tuple[str, str, str]], *, original: str) -> list[dict[str, Any]]:
    """The chain of custody: what was done, to what, and what came of it."""
    events: list[dict[str, Any]] = []
    for place, (action, in_sha256, out_sha256) in enumerate(acts, start=1):
        event = {
            "action": action,
            "actor": "system",
            "at": (NOON + timedelta(seconds=place)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "examination": EXAMINATION,
            "in_sha256": in_sha256,
            "original_sha256": original,
            "out_sha256": out_sha256,
            "parameters": {"rate": 16_000, "who": "Zoë"},
            "previous_sha256": events[-1]["sha256"] if events else original,
            "sequence": place,
            "tool": "synth_adapter.decoding",
        }
        events.append({**event, "sha256": sha256(b"vivavoce/custody/v1\0" + canonical(event).encode())})
    return events


def result_of(verdict: str, *, content: str = "same", log10_lr: float = 4.0, by_pilot: bool = True) -> dict[str, Any]:
    marked = verdict == "marked"
    candidate = {"clip_id": str(CLIP), "organisation_id": NORTHWIND, "epoch": 3, "z": 31.4, "log10_p": -41.25}
    candidate |= {"log10_lr": log10_lr, "speed": 1.1, "pitch": 0.0, "content": content, "content_score": 0.91}
    candidate |= {"by_pilot": by_pilot}
    layer = {"marker": "keyed-mark", "sha256": "a" * 64, "outcome": verdict, "score": 31.4, "threshold": 7.1}
    peaks = [[-((place * 7) % 10) / 10, ((place * 7) % 10) / 10] for place in range(600)]
    stretches = [
        {"start": 0.0, "end": 2.0, "outcome": "not_marked", "clip_id": None, "z": 0.3},
        {"start": 2.0, "end": 7.5, "outcome": verdict, "clip_id": str(CLIP) if marked else None, "z": 31.4},
    ]
    sound = {"seconds": 7.5, "sample_rate": 16_000, "channels": 1, "container": "wav", "codec": "pcm_s16le"}
    null = {"keys": 4096, "mean": 0.01, "deviation": 0.99, "greatest": 3.6, "reached": 0}
    provenance = {"state": "absent", "ours": False, "claim": None, "findings": [], "manifest": None}
    return {
        "verdict": verdict,
        "seconds": 7.5,
        "layers": [{**layer, "payload": ""}],
        "candidates": [candidate] if marked else [],
        "stretches": stretches,
        "null": null,
        "clips_compared": 1_000_000,
        "tried": 1.5e11,
        "protocol_sha256": sha256(canonical(PROTOCOL).encode()),
        "elsewhere": [],
        "sound": {**sound, "truncated": False, "peaks": peaks},
        "provenance": provenance,
    }


def dossier_of(
    verdict: str = "marked",
    *,
    result: dict[str, Any] | None = None,
    filename: str = "call from Zoë.wav",
    order: Sequence[str] = ("request:received", "protocol:fixed", "request:completed"),
) -> Dossier:
    """An examination that was completed; marked ones lead to a clip of the organisation's own."""
    found = result or result_of(verdict)
    original, protocol_sha256 = sha256(ORIGINAL), found["protocol_sha256"]
    outcome = sha256(canonical(found).encode())
    decoded = sha256(b"decoded")
    acts = [("received", original, ""), ("decoded", original, decoded), ("examined", decoded, outcome)]
    custody = custody_of(
        [*acts, ("completed", original, outcome), ("handed-out", original, original)], original=original
    )
    log, steps = SmallLog(), []
    chain = [("clip", CLIP), ("request", REQUEST), ("consent", CONSENT), ("voice", VOICE)]
    events = [
        "synthesis:render:completed",
        "synthesis:request:received",
        "consent:record:given",
        "voice:record:created",
    ]
    for (kind, identity), event in zip(chain, events, strict=True) if found["candidates"] else ():
        entry = log.record(event, refs={kind: str(identity)}, data={}, shredded=kind == "voice")
        step = {"kind": kind, "id": str(identity), "what": f"About the {kind}.", "at": custody[0]["at"], "entry": entry}
        steps.append({**step, "event": event, "index": len(steps), "standing": "unwitnessed", "details": {}})
    data = {
        "request:received": {"sha256": original},
        "protocol:fixed": {"protocol_sha256": protocol_sha256, "sha256": original},
        "request:completed": {"result_sha256": outcome, "custody_sha256": custody[-2]["sha256"]},
    }
    for event in order:
        log.record(f"examination:{event}", refs={"examination": EXAMINATION}, data=data[event])
    return Dossier(
        organisation={"id": NORTHWIND, "name": "Northwind"},
        examination={
            "id": EXAMINATION,
            "case_number": "2026/17 B",
            "question": "Was this call made with a synthetic voice, and whose?",
            "requested_by": "member:ruth",
            "filename": filename,
            "media_type": "audio/wav",
            "sha256": original,
            "size": len(ORIGINAL),
            "received_at": "2026-11-21T12:00:00.000000Z",
            "completed_at": "2026-11-21T12:01:00.000000Z",
        },
        original=ORIGINAL,
        examiner="member:ruth",
        protocol=PROTOCOL,
        protocol_sha256=protocol_sha256,
        result=found,
        custody=custody,
        steps=steps,
        records=log.records(),
    )
