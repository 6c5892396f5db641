"""What one erasure destroyed, item by item, so that it can be certified."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Destroyed:
    """One sealed object that is no more; `sha256` (hexadecimal) is its content's, where a record of it is kept."""

    kind: str
    object_id: UUID
    sha256: str | None = None
