"""The subject access pack: everything held about a speaker as one zip file, opened for them alone."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import Speaker
from governance import access_sounds, access_trail
from governance.access_contents import RECORDS, as_json, rows
from governance.access_words import letter
from governance.retention.due import items
from tenancy.models import Organisation
from tenancy.scope import current_organisation

FORMAT = "vivavoce-subject-access-pack-1"


@dataclass
class Contents:
    """What went into a pack: the SHA-256 of each file, what is gone and why, and which columns were left out."""

    files: dict[str, str] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)
    left_out: dict[str, dict[str, Any]] = field(default_factory=dict)

    def folders(self) -> Counter[str]:
        """How many files each folder has."""
        return Counter(PurePosixPath(name).parts[0] for name in self.files if "/" in name)


def write(speaker_id: UUID, *, to: IO[bytes]) -> Contents:
    """Write a speaker's pack, in the organisation in scope, and put on record that it was handed out.

    One object at a time is in memory. After an erasure the pack still comes, and says what is gone.

    Raises:
        Speaker.DoesNotExist: there is no such speaker in the organisation.
    """
    speaker = Speaker.objects.get(id=speaker_id, organisation_id=current_organisation())
    contents = Contents()
    with zipfile.ZipFile(to, "w", compression=zipfile.ZIP_DEFLATED) as pack:
        for name, content in _parts(speaker, contents):
            pack.writestr(name, content)
            contents.files[name] = hashlib.sha256(content).hexdigest()
        pack.writestr("contents.json", _json({"format": FORMAT, "speaker": str(speaker.id), **asdict(contents)}))
        pack.writestr("README.txt", _letter(speaker, contents))
    data = {"files": len(contents.files), "gone": len(contents.gone)}
    append(Event.SUBJECT_PACK_ISSUED, refs={"speaker": speaker.id}, data=data)
    return contents


def _parts(speaker: Speaker, contents: Contents) -> Iterator[tuple[str, bytes]]:
    for records in RECORDS:
        found = [as_json(row, withheld=records.withheld) for row in rows(records, speaker_id=speaker.id)]
        yield f"records/{records.file}.json", _json(found)
        if records.withheld:
            contents.left_out[records.file] = {"columns": list(records.withheld), "because": records.because}
    for opened in access_sounds.open_all(speaker.id):
        if opened.content is None:
            contents.gone.append((opened.name, opened.why_not))
        else:
            yield opened.name, opened.content
    yield "retention.json", _json(_retention(speaker))
    yield from access_trail.files(speaker.id)


def _retention(speaker: Speaker) -> list[dict[str, Any]]:
    """When what is still here will be destroyed, and by which rule."""
    return [
        {
            "what": item.what,
            "consent": str(item.consent_id),
            "destroyed_by": item.due.at.isoformat(),
            "clock": item.due.clock,
            "rule": item.due.rule.code,
            "law": item.due.rule.law,
            "kept_under_legal_hold": item.due.held,
        }
        for item in items(speaker_id=speaker.id)
    ]


def _letter(speaker: Speaker, contents: Contents) -> str:
    organisation = Organisation.objects.get(id=speaker.organisation_id)
    return letter(
        organisation=organisation.name,
        name=speaker.name,
        at=timezone.now(),
        files=contents.folders(),
        gone=contents.gone,
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
