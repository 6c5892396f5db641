"""Issuing the evidence of an examination: gathered, composed, put on record, written; all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance.evidence.composing import composed
from governance.evidence.gathering import gathered


@dataclass(frozen=True)
class BundleContents:
    """What was written: under which name, how many bytes, and the SHA-256 of the list of files and of each file."""

    name: str
    size: int
    manifest_sha256: str
    statement_sha256: str
    files: dict[str, str]


def write(examination_id: UUID, *, to: IO[bytes]) -> BundleContents:
    """Write the bundle of a completed examination, in the organisation in scope, and put on record that it was issued.

    Nothing is written before the bundle has stood before its own verifier. All of it is in memory at once: an original
    has at most `AUDIO_MAX_BYTES`.

    Raises:
        UnknownExaminationError: there is no such examination here.
        EvidenceNotReadyError: it has not ended or failed, or no time-stamp authority answers.
        OriginalGoneError: the original was deleted.
        NotProvableYetError: an entry waits for its place in the published log.
        CertificateError, UnsoundBundleError: what the operator has to see to.
    """
    dossier = gathered(examination_id)
    bundle = composed(dossier, issued_at=timezone.now())
    data = {"manifest_sha256": bundle.manifest_sha256, "statement_sha256": bundle.statement_sha256}
    append(Event.EXAMINATION_EVIDENCE_ISSUED, refs={"examination": examination_id}, data=data)
    to.write(bundle.content)
    return BundleContents(
        name=bundle.name,
        size=len(bundle.content),
        manifest_sha256=bundle.manifest_sha256,
        statement_sha256=bundle.statement_sha256,
        files=dict(bundle.files),
    )
