"""Speech from a tape instead of an engine, for tests of what becomes of it; mark, files and signature are real."""

from __future__ import annotations

from typing import ClassVar

import pytest
from django.conf import LazySettings

from consent import receipts
from governance import render
from governance.examination import Findings
from governance.models import Permit
from synth_adapter.ports import EngineRelease
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.conftest import ApiClient
from tests.journeys.interleaving import HEARD, MODEL
from voices import vault
from voices.models import Voice
from watermark import register, registry


class UnsafeTape:
    """An engine that plays what it was given."""

    release = EngineRelease("tape", "1", {}, 24_000, watermarks_natively=False, languages=frozenset({"en"}))
    sound: ClassVar[Waveform]

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        return self.sound


def insert(sound: Waveform, *, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Have every voice speak this; whose voice it is and how it sounds is tried elsewhere, and passes."""
    monkeypatch.setattr(UnsafeTape, "sound", sound, raising=False)
    monkeypatch.setattr(render, "engine", UnsafeTape)
    monkeypatch.setattr(render, "examine", lambda *_, **__: Findings())
    monkeypatch.setattr(render, "speaker_models", lambda: (MODEL,))
    monkeypatch.setattr(render, "_examined_by", dict)
    settings.OTHER_MARKERS = []
    forget()


def forget() -> None:
    """Let nothing that is remembered between calls outlive a test."""
    registry.other_markers.cache_clear()
    register.forget_library()


def equip(voice: Voice) -> None:
    """Give a voice everything that rendering opens, and its consent a receipt."""
    with organisation_scope(voice.organisation_id, actor="system"):
        vault.seal_reference(voice, HEARD)
        vault.seal_prepared(voice, b"any", release=UnsafeTape.release, evidence={})
        receipts.issue(voice.consent)


def permitted(organisation: Organisation, api: ApiClient, voice: Voice, **changes: str) -> Permit:
    """The permit of an ask that the gate permits."""
    answer = api.ask(voice.id, **changes)
    assert answer.status_code == 202, answer.content
    with organisation_scope(organisation.id, actor="system"):
        return Permit.objects.get(request_id=answer.json()["id"])


def attempt(permit: Permit) -> tuple[str, list[str]]:
    """Render, and say how the permit ended and by which rules."""
    render.render(permit.id, organisation_id=permit.organisation_id)
    with organisation_scope(permit.organisation_id, actor="system"):
        found = Permit.objects.get(id=permit.id)
        return found.status, sorted(reason["rule"] for reason in found.reasons)
