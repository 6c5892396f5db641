"""Keeps each manifest, so that a clip's mark leads back to it after it was stripped from the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from synth_adapter.forms import Form
from tenancy.scope import current_organisation, platform_scope
from watermark.manifest_models import ClipManifest
from watermark.provenance.signing import Signed

FORMS: tuple[Form, ...] = ("wav", "flac", "m4a", "mp3")


@dataclass(frozen=True)
class Kept:
    """A manifest that was kept, with whose it is."""

    organisation_id: UUID
    clip_id: UUID
    form: str
    label: str
    manifest: bytes
    audio_sha256: str
    made_at: datetime


def keep(signed: Signed, *, clip_id: UUID, form: Form) -> ClipManifest:
    """Keep a manifest in the organisation in scope, in the transaction that stores the clip."""
    return ClipManifest.objects.create(
        organisation_id=current_organisation(),
        clip_id=clip_id,
        form=form,
        label=signed.label,
        manifest=signed.manifest,
        audio_sha256=signed.sha256,
    )


def of_clip(clip_id: UUID) -> list[Kept]:
    """Every manifest of a clip of whichever organisation, lossless forms first; empty where there is none."""
    with platform_scope():
        rows = ClipManifest.objects.filter(clip_id=clip_id)
        return sorted((_kept(row) for row in rows), key=lambda one: FORMS.index(one.form))


def by_label(label: str) -> Kept | None:
    """The manifest of that name, of whichever organisation."""
    with platform_scope():
        row = ClipManifest.objects.filter(label=label).first()
        return _kept(row) if row else None


def _kept(row: ClipManifest) -> Kept:
    return Kept(
        organisation_id=row.organisation_id,
        clip_id=row.clip_id,
        form=row.form,
        label=row.label,
        manifest=bytes(row.manifest),
        audio_sha256=row.audio_sha256,
        made_at=row.made_at,
    )
