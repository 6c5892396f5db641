"""What a bundle states: an in-toto Statement v1 about the original, whose predicate docs/evidence.md describes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from audit.identity import verifier_keys
from audit.leaves import canonical
from governance.evidence import report_words, software
from governance.evidence.dossier import Dossier, Record
from governance.evidence.standalone.verify import PREDICATE, STATEMENT


def written(dossier: Dossier, *, issued_at: datetime) -> bytes:
    """The statement's bytes (RFC 8785 JSON), which are signed as they are and never written again."""
    examination = dossier.examination
    stated = {
        "_type": STATEMENT,
        "subject": [{"name": examination["filename"] or "_", "digest": {"sha256": examination["sha256"]}}],
        "predicateType": PREDICATE,
        "predicate": _predicate(dossier, issued_at=issued_at),
    }
    return canonical(stated).encode()


def placed(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each record with the name of its files in the bundle, without their endings."""
    for place, record in enumerate(records, start=1):
        yield f"log/{place:02d}-{str(record.entry['event']).replace(':', '-')}", record


def moment(at: datetime) -> str:
    """A time in UTC, with six decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _predicate(dossier: Dossier, *, issued_at: datetime) -> dict[str, Any]:
    return {
        "issued_at": moment(issued_at),
        "issued_by": dossier.examiner,
        "organisation": dict(dossier.organisation),
        "examination": dict(dossier.examination),
        "protocol": {"content": dict(dossier.protocol), "sha256": dossier.protocol_sha256},
        "detectors": [{"name": layer["marker"], "sha256": layer["sha256"]} for layer in dossier.result["layers"]],
        "result": dict(dossier.result),
        "scale_of_likelihood_ratios": [list(rung) for rung in report_words.SCALE],
        "does_not_show": report_words.limits(dossier),
        "other_explanations": report_words.alternatives(dossier),
        "environment": software.environment(),
        "custody": [dict(event) for event in dossier.custody],
        "attribution": [dict(step) for step in dossier.steps],
        "log": {
            "origin": settings.LOG_ORIGIN,
            "keys": [str(key) for key in verifier_keys()],
            "entries": [_record(name, record) for name, record in placed(dossier.records)],
        },
    }


def _record(name: str, record: Record) -> dict[str, Any]:
    return {
        "file": f"{name}.json",
        "proof": f"{name}.tlog-proof",
        "event": str(record.entry["event"]),
        "entry": record.entry["id"],
        "index": record.entry["log"]["index"],
        "witnessed": record.witnessed,
    }
