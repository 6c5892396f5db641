"""Manifests that are kept: found again by clip or name, by the platform alone, and never changed."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.watermark.manifests import FORMS, claim, encoded
from watermark.manifest_models import ClipManifest
from watermark.provenance import store
from watermark.provenance.claim import binding_value, clip_of_binding
from watermark.provenance.signing import make


def test_a_clips_manifests_are_found_whoever_asks(in_northwind: Organisation, rival: Organisation) -> None:
    clip_id = new_id()
    signed = {form: make(encoded(form, seconds=0.2), form=form, claim=claim(clip_id)) for form in FORMS}
    for form in FORMS:
        store.keep(signed[form], clip_id=clip_id, form=form)
    with organisation_scope(rival.id, actor="system"):
        found = store.of_clip(clip_id)
        assert not ClipManifest.objects.exists()
    assert [one.form for one in found] == ["wav", "flac", "m4a", "mp3"]
    assert {one.label: one.manifest for one in found} == {one.label: one.manifest for one in signed.values()}
    assert found[0].organisation_id == in_northwind.id
    assert store.by_label(signed["mp3"].label) == found[-1]


def test_of_an_unknown_clip_or_name_there_is_none(in_northwind: Organisation) -> None:
    assert (store.of_clip(new_id()), store.by_label("urn:c2pa:none")) == ([], None)


@pytest.mark.parametrize(
    "statement", ["UPDATE watermark_clipmanifest SET form = 'x'", "DELETE FROM watermark_clipmanifest"]
)
def test_a_kept_manifest_never_changes(in_northwind: Organisation, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_bindings_value_names_its_clip_and_rubbish_none() -> None:
    clip_id = new_id()
    assert clip_of_binding(binding_value(clip_id)) == clip_id
    assert [clip_of_binding(value) for value in ("", "abc", "AAAA", "!" * 24, "é")] == [None] * 5
