"""A clip's files: one for every form, sealed, erased for good, and moved there from the columns that were before."""

from __future__ import annotations

import hashlib

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.utils import IntegrityError, ProgrammingError

from governance import clip_files, delivery
from governance.errors import ClipNotReadyError
from governance.models import Clip, ClipFile
from synth_adapter.forms import FORMS, MEDIA_TYPES
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found
from tests.governance.everything import keep


@pytest.fixture
def clip(in_northwind: Organisation) -> Clip:
    return keep(in_northwind).clip


def test_every_form_opens_as_it_was_kept(clip: Clip) -> None:
    for form in FORMS:
        audio = clip_files.opened(clip, form)
        assert hashlib.sha256(audio).hexdigest() == clip.files.get(form=form).sha256


def test_a_form_that_is_not_kept_is_named_beside_those_that_are(clip: Clip) -> None:
    clip.files.filter(form="m4a").update(blob="")
    with pytest.raises(ClipNotReadyError, match="not kept as m4a; there is: flac, mp3, wav"):
        clip_files.opened(clip, "m4a")
    clip_files.erase(clip)
    with pytest.raises(ClipNotReadyError, match="nothing any more"):
        clip_files.opened(clip, "wav")


def test_erasing_leaves_the_hashes_and_happens_once(clip: Clip) -> None:
    hashes = set(clip.files.values_list("sha256", flat=True))
    erased = clip_files.erase(clip)
    assert {item.kind for item in erased} == {"clip-wav", "clip-mp3", "clip-flac", "clip-m4a"}
    assert {item.sha256 for item in erased} == hashes == set(clip.files.values_list("sha256", flat=True))
    assert clip_files.erase(clip) == []


def test_a_form_is_kept_once_and_no_other_form_exists(clip: Clip) -> None:
    with pytest.raises(IntegrityError, match="one_file_per_form"):
        clip_files.keep(clip, {"wav": b"another"})


def test_a_form_that_nobody_delivers_cannot_be_kept(clip: Clip) -> None:
    assert clip_files.form_of("ogg") is None
    with pytest.raises(IntegrityError, match="form_of_a_clip_known"):
        ClipFile.objects.create(organisation_id=clip.organisation_id, clip=clip, form="ogg", sha256="0" * 64)


def test_the_application_cannot_delete_a_row(clip: Clip) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        clip.files.all().delete()


def test_every_form_has_a_media_type_and_a_release(clip: Clip) -> None:
    assert set(MEDIA_TYPES) == set(FORMS)
    Clip.objects.filter(id=clip.id).update(examination={"passed": True})
    for form in FORMS:
        released = delivery.release(clip.id, form=form)
        assert (released.filename, released.media_type) == (f"vivavoce-{clip.id}.{form}", MEDIA_TYPES[form])


@pytest.mark.usefixtures("committed_db")
def test_what_was_kept_in_columns_moves_into_rows_and_back() -> None:
    firm = found("Northwind")
    with organisation_scope(firm.id, actor="system"):
        clip = keep(firm).clip
        before = set(clip.files.filter(form__in=["wav", "mp3"]).values_list("form", "blob", "sha256"))
    call_command("migrate", "governance", "0006", database="owner", verbosity=0)
    try:
        with organisation_scope(firm.id, actor="system"), connections["default"].cursor() as cursor:
            cursor.execute("SELECT wav_blob, mp3_blob FROM governance_clip WHERE id = %s", [clip.id])
            assert set(cursor.fetchone()) == {blob for _, blob, _ in before}
    finally:
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
    with organisation_scope(firm.id, actor="system"):
        assert set(clip.files.values_list("form", "blob", "sha256")) == before
        assert clip_files.opened(clip, "wav")
