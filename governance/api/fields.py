"""Fields that refuse at the door what no room behind it could use: over-large sound, hidden signs, unsayable names."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.fields import empty

from consent.plain_text import can_be_said, hidden_signs, piled_marks
from synth_adapter.errors import AudioError


class AudioField(serializers.FileField):
    """A recording; one that is too large is refused by its size, before it is read into memory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)

    def to_internal_value(self, data: Any) -> Any:
        upload = super().to_internal_value(data)
        if upload.size is None or upload.size > settings.AUDIO_MAX_BYTES:
            raise AudioError("audio-too-large", f"A recording has at most {settings.AUDIO_MAX_BYTES} bytes.")
        return upload


class SaidField(serializers.BooleanField):
    """A yes or no on which something hangs: what a form leaves out is missing there, too, and no 'no'."""

    default_empty_html = empty


class PlainTextField(serializers.CharField):
    """Text that a person is shown before they agree: what they see is all there is."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if hidden := hidden_signs(text):
            raise serializers.ValidationError(f"Take out the hidden signs {', '.join(hidden[:5])}.")
        if piled_marks(text):
            raise serializers.ValidationError("Too many marks stand on one letter.")
        return text


class NameField(PlainTextField):
    """A name that its bearer can say aloud."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not can_be_said(name):
            raise serializers.ValidationError("Give the name as it is said: it holds no letter.")
        return name
