"""A clip's bytes in each form that it is delivered in: sealed, opened, erased; the hash of every one stays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

from django.db import transaction

from governance.errors import ClipNotReadyError
from governance.models import Clip, ClipFile
from synth_adapter.forms import FORMS, Form
from tenancy import blobs
from tenancy.destroyed import Destroyed


def form_of(name: str) -> Form | None:
    """The form of that name, None where there is none."""
    return next((form for form in FORMS if form == name), None)


def kind_of(form: str) -> str:
    """The kind under which a form is sealed and certified."""
    return f"clip-{form}"


def keep(clip: Clip, files: Mapping[Form, bytes]) -> dict[str, str]:
    """Seal a clip's files under its speaker's key; the SHA-256 of each form, in hexadecimal."""
    subject_id = clip.voice.speaker_id
    hashes: dict[str, str] = {}
    for form, audio in files.items():
        hashes[form] = hashlib.sha256(audio).hexdigest()
        ClipFile.objects.create(
            organisation_id=clip.organisation_id,
            clip=clip,
            form=form,
            blob=blobs.put(audio, subject_id=subject_id, kind=kind_of(form), object_id=clip.id),
            sha256=hashes[form],
        )
    return hashes


def opened(clip: Clip, form: Form) -> bytes:
    """The bytes of a form; raises `ClipNotReadyError` for one in which the clip is not kept."""
    file = clip.files.filter(form=form).exclude(blob="").first()
    if file is None:
        there = ", ".join(clip.files.exclude(blob="").order_by("form").values_list("form", flat=True))
        raise ClipNotReadyError(f"This clip is not kept as {form}; there is: {there or 'nothing any more'}.")
    return blobs.get(file.blob, subject_id=clip.voice.speaker_id, kind=kind_of(form), object_id=clip.id)


def erase(clip: Clip) -> list[Destroyed]:
    """Delete the sound of every form once the transaction commits; the hashes stay."""
    erased = []
    for file in clip.files.select_for_update().exclude(blob="").order_by("form"):
        transaction.on_commit(partial(blobs.delete, file.blob), robust=True)
        file.blob = ""
        file.save(update_fields=["blob"])
        erased.append(Destroyed(kind_of(file.form), clip.id, file.sha256))
    return erased
