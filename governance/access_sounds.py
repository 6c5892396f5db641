"""Opening what is sealed of a speaker for the access pack: sound as it came in, numbers as JSON, words as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import cast
from uuid import UUID

from django.db.models import Model, QuerySet

from consent import contact, evidence
from consent.models import CeremonyRecording, Representative, Speaker
from governance import clip_files
from governance.access_contents import path_to_speaker
from governance.models import ClipFile, Incident, Permit
from governance.permits import WITHHELD
from safety import rotation
from safety.errors import ComparisonError
from safety.packing import unpack_voice
from safety.ports import ModelIdentity
from synth_adapter.forms import FORMS
from tenancy import blobs
from tenancy.errors import KeyringError, ShreddedError
from voices import offers, vault
from voices.models import OfferedSample, PreparedVoice, Reference, Sample
from watermark import register
from watermark.models import MarkedClip

NUMBERS = "voice-in-numbers"
DELETED = "It was deleted."
OTHERS = "Another person may be heard in it, so it is kept for a reviewer; ask the organisation."
SHREDDED = "It was destroyed: the key to it is gone, and nobody can open it again."
_ENDINGS = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"\x1a\x45\xdf\xa3", ".webm"), (b"ID3", ".mp3"))
_PAPERS = ((b"%PDF-", ".pdf"), (b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"))


@dataclass(frozen=True)
class Sealed:
    """A column that names a sealed object of the speaker's: its kind, and the folder of the pack it goes to.

    `form` picks the rows of one form, whose objects are sealed under their clip's identifier.
    """

    model: type[Model]
    column: str
    kind: str
    folder: str
    form: str = ""

    def rows(self, speaker_id: UUID) -> QuerySet[Model]:
        """The speaker's rows, in the organisation in scope."""
        found = self.model._default_manager.filter(**{path_to_speaker(self.model): speaker_id})  # noqa: SLF001 - Django's public name
        found = found.filter(form=self.form) if self.form else found
        return found.order_by("pk") if self.model is not Permit else found.exclude(withheld_sha256="").order_by("pk")

    def object_id(self, row: Model) -> UUID:
        """Under which identifier the object was sealed."""
        return cast("UUID", row.clip_id if isinstance(row, ClipFile) else row.pk)


SEALED = (
    Sealed(Speaker, "contact_blob", contact.KIND, "contact"),
    Sealed(CeremonyRecording, "blob", evidence.RECORDING_KIND, "ceremony-recordings"),
    Sealed(CeremonyRecording, "embedding_blob", evidence.EMBEDDING_KIND, NUMBERS),
    Sealed(Representative, "document_blob", evidence.DOCUMENT_KIND, "representatives"),
    Sealed(OfferedSample, "blob", offers.KIND, "samples"),
    Sealed(Sample, "blob", vault.SAMPLE, "samples"),
    Sealed(Sample, "transcript_blob", vault.TRANSCRIPT, "samples"),
    Sealed(Reference, "blob", vault.REFERENCE, NUMBERS),
    Sealed(PreparedVoice, "blob", vault.PREPARED, "prepared-voices"),
    *(Sealed(ClipFile, "blob", clip_files.kind_of(form), "clips", form=form) for form in FORMS),
    Sealed(MarkedClip, "fingerprint_blob", register.FINGERPRINT, "clips"),
    Sealed(Permit, "withheld_blob", WITHHELD, "withheld"),
)


@dataclass(frozen=True)
class Opened:
    """A file for the pack, or (without `content`) the reason why there is none."""

    name: str
    content: bytes | None
    why_not: str = ""


def open_all(speaker_id: UUID) -> Iterator[Opened]:
    """Each sealed object of the speaker in the organisation in scope, one at a time.

    What was deleted or lost its key comes without content. So does what storage lost or somebody altered, and that
    is said as it is: it is no erasure.
    """
    for sealed in SEALED:
        for row in sealed.rows(speaker_id):
            yield _open(row, sealed, speaker_id=speaker_id)


def _open(row: Model, sealed: Sealed, *, speaker_id: UUID) -> Opened:
    object_id = sealed.object_id(row)
    stem = f"{sealed.folder}/{object_id}" + (f".{sealed.kind}" if sealed.form or sealed.column != "blob" else "")
    stored = getattr(row, sealed.column)
    if not stored:
        return Opened(stem, None, DELETED)
    if sealed.model is Permit and Incident.objects.filter(permit_id=row.pk).exists():
        return Opened(stem, None, OTHERS)
    try:
        content = blobs.get(stored, subject_id=speaker_id, kind=sealed.kind, object_id=object_id)
        if sealed.folder == NUMBERS:
            return Opened(f"{stem}.json", _numbers(content, row))
    except ShreddedError:
        return Opened(stem, None, SHREDDED)
    except (KeyringError, ComparisonError) as error:
        return Opened(stem, None, f"It should be here, but cannot be opened: {error}")
    return Opened(f"{stem}{_ending(content, sealed)}", content)


def _numbers(content: bytes, row: Model) -> bytes:
    """The numbers as they are kept: in the organisation's own space, where no other organisation can compare them."""
    if isinstance(row, Reference):
        embeddings = [rotation.unpack(content, model=ModelIdentity(row.model_name, row.model_sha256))]
    elif isinstance(row, CeremonyRecording) and isinstance(row.embedding_models, dict):  # heard by one model
        embeddings = [rotation.unpack(content, model=ModelIdentity(**row.embedding_models))]
    else:
        embeddings = list(unpack_voice(content).parts)
    written = [
        {"model": asdict(heard.model), "space": heard.space, "numbers": [float(number) for number in heard.vector]}
        for heard in embeddings
    ]
    return json.dumps(written).encode()


def _ending(content: bytes, sealed: Sealed) -> str:
    """The ending by which programs know such a file; the bytes themselves stay as they are."""
    if sealed.kind in {vault.TRANSCRIPT, contact.KIND}:
        return ".txt"
    if sealed.kind in {vault.PREPARED, register.FINGERPRINT}:
        return ".bin"
    if content[4:8] == b"ftyp":
        return ".m4a"
    found = next((ending for start, ending in (*_ENDINGS, *_PAPERS) if content.startswith(start)), None)
    return found or (".mp3" if content[:1] == b"\xff" else ".audio")
