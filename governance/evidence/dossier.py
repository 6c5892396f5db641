"""Everything that a bundle of evidence is made of, as plain values; where it came from no longer matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """One entry of the log: as the audit API gives it, with its proof (C2SP tlog-proof)."""

    entry: Plain
    proof: str
    witnessed: bool


@dataclass(frozen=True, eq=False)
class Dossier:
    """An examination that has ended, with all that supports it.

    Attributes:
        organisation: `id` and `name` of the one that asked.
        examination: `id`, `case_number`, `question`, `requested_by`, `filename`, `media_type`, `sha256`, `size`,
            `received_at` and `completed_at` (ISO 8601, UTC).
        original: the bytes as they came.
        examiner: who has the evidence issued, as the log names actors.
        protocol: the protocol, and its hash as `protocol_sha256`.
        result: `Testimony.as_json()` with `sound`, `provenance` and `elsewhere`.
        custody: the events of the chain of custody, each with its `sha256`.
        steps: from the clip that was found to the consent under which it was made: `kind`, `id`, `what`, `at`,
            `entry` (its number in the record, None where there is none), `event`, `index`, `standing`, `details`.
        records: the entries in the log, of the examination and of each step, oldest first.
    """

    organisation: Plain
    examination: Plain
    original: bytes
    examiner: str
    protocol: Plain
    protocol_sha256: str
    result: Plain
    custody: Sequence[Plain]
    steps: Sequence[Plain]
    records: Sequence[Record]
