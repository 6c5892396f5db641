"""The speaker's part of the log for their access pack, in files that the stand-alone verifier reads without us."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from audit import proving
from audit.errors import NotProvableYetError
from audit.identity import verifier_keys
from audit.openings import opening_of
from audit.queries import EntryView, LeafView, entries, leaf_of
from consent.models import ConsentRecord
from governance.models import SynthesisRequest
from voices.models import Voice

MOST_ENTRIES = 100_000


def files(speaker_id: UUID) -> Iterator[tuple[str, bytes]]:
    """For each entry its JSON, as the audit API gives it, and its proof where the log is ready; and the log's keys."""
    yield "audit/keys.txt", "".join(f"{key}\n" for key in verifier_keys()).encode()
    for entry in _entries_about(speaker_id):
        yield f"audit/{entry.id}.json", json.dumps(shown(entry), ensure_ascii=False, indent=2).encode()
        try:
            yield f"audit/{entry.id}.tlog-proof", proving.proof_of(entry.id).text.encode()
        except NotProvableYetError:
            continue  # its JSON says that it has no place yet


def _entries_about(speaker_id: UUID) -> list[EntryView]:
    """Every entry that refers to the speaker, to a consent or voice of theirs, or to a use that was asked for."""
    subjects = [speaker_id]
    for model, path in ((ConsentRecord, "speaker"), (Voice, "speaker"), (SynthesisRequest, "voice__speaker")):
        subjects += model.objects.filter(**{path: speaker_id}).values_list("id", flat=True)
    found = {entry.id: entry for subject in subjects for entry in entries(about=subject, limit=MOST_ENTRIES)}
    return sorted(found.values(), key=lambda entry: (entry.occurred_at, entry.id))


def shown(entry: EntryView) -> dict[str, Any]:
    """An entry with its leaf in the log, and what opens the commitments in that leaf."""
    leaf, opening = leaf_of(entry.id), opening_of(entry)
    return {
        "id": str(entry.id),
        "event": entry.event.value,
        "actor": entry.actor,
        "occurred_at": entry.occurred_at.isoformat().replace("+00:00", "Z"),
        "refs": {key: str(value) for key, value in entry.refs.items()},
        "data": entry.data,
        "index": leaf.index if leaf else None,
        "log": _place(leaf) if leaf else None,
        "opening": {
            "payload": _base64(opening.payload),
            "salts": [
                {"commitment": opened.commitment.hex(), "salt": opened.salt.hex() if opened.salt else None}
                for opened in opening.salts
            ],
        },
    }


def _place(leaf: LeafView) -> dict[str, Any]:
    return {"index": leaf.index, "leaf": _base64(leaf.leaf), "leaf_hash": _base64(leaf.leaf_hash)}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
