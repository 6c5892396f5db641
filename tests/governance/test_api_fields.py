from __future__ import annotations

import io
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import Serializer

from governance.api.ceremony_serializers import AgeSerializer
from governance.api.fields import AudioField, NameField, PlainTextField
from governance.api.protected_serializers import AppealDecisionSerializer
from governance.api.serializers import ConsentAskSerializer
from synth_adapter.errors import AudioError


class Unread(UploadedFile):
    """An upload that may be weighed but not read."""

    def read(self, *_arguments: Any) -> bytes:
        raise AssertionError("a recording that is too large is refused by its size alone")


def upload(size: int | None) -> Unread:
    return Unread(io.BytesIO(), name="recording.wav", size=size)


def test_a_recording_that_is_too_large_is_refused_without_being_read() -> None:
    with pytest.raises(AudioError) as refused:
        AudioField().run_validation(upload(settings.AUDIO_MAX_BYTES + 1))
    assert refused.value.code == "audio-too-large"


@pytest.mark.parametrize("size", [0, settings.AUDIO_MAX_BYTES])
def test_one_of_allowed_size_goes_on_to_be_decoded(size: int) -> None:
    whole = upload(size)
    assert AudioField().run_validation(whole) is whole


def test_a_refusal_names_the_hidden_signs() -> None:
    with pytest.raises(ValidationError, match="U\\+202E"):
        PlainTextField().run_validation("a\u202eb")


def test_a_name_keeps_its_script_and_loses_outer_spaces() -> None:
    assert NameField().run_validation("  王小明 ") == "王小明"


@pytest.mark.parametrize(
    ("asked", "name"),
    [(AgeSerializer, "adult"), (ConsentAskSerializer, "clips_may_be_distributed"), (AppealDecisionSerializer, "grant")],
)
def test_what_a_form_does_not_answer_is_missing_and_no_no(asked: type[Serializer[Any]], name: str) -> None:
    silent, said = asked(data=QueryDict("another=1")), asked(data=QueryDict(f"{name}=false"))
    assert not silent.is_valid()
    said.is_valid()
    assert [name in silent.errors, name in said.errors] == [True, False]
