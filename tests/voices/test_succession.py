"""Voices follow their speaker's consent, and nobody else's."""

from __future__ import annotations

import pytest

from audit.queries import entries
from consent.models import ConsentRecord, Speaker
from tests.consent.records import consent_of
from voices.errors import VoiceError
from voices.models import Voice
from voices.succession import move_voices

pytestmark = pytest.mark.usefixtures("in_northwind")


def enrol(consent: ConsentRecord, status: str = "ready") -> Voice:
    own = {"organisation_id": consent.organisation_id, "speaker": consent.speaker, "consent": consent}
    return Voice.objects.create(**own, name=status, language="en", status=status)


def test_all_but_erased_ones_stand_on_the_heir_and_each_is_on_record(amara: Speaker) -> None:
    old, new, beside = (consent_of(amara, purpose, status="given") for purpose in ("narration", "games", "ivr"))
    ready, held, erased, other = enrol(old), enrol(old, "held"), enrol(old, "erased"), enrol(beside)
    move_voices(of=old.id, to=new.id)
    stands = dict(Voice.objects.values_list("id", "consent_id"))
    assert stands == {ready.id: new.id, held.id: new.id, erased.id: old.id, other.id: beside.id}
    assert Voice.objects.get(id=held.id).status == "held"
    moved = [entry for entry in entries(about=ready.id) if entry.event == "voice:consent:moved"]
    assert [(entry.refs["consent"], entry.data) for entry in moved] == [(new.id, {"from": str(old.id)})]


def test_never_to_another_speakers_consent(amara: Speaker, ivo: Speaker) -> None:
    old, other = consent_of(amara, "narration", status="given"), consent_of(ivo, "narration", status="given")
    voice = enrol(old)
    with pytest.raises(VoiceError, match="own speaker"):
        move_voices(of=old.id, to=other.id)
    assert Voice.objects.get(id=voice.id).consent_id == old.id
