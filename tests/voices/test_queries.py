from __future__ import annotations

from consent.models import ConsentRecord
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices import queries, vault
from voices.enrolment import create_voice


def test_voices_of_a_consent_without_those_that_were_erased(given: ConsentRecord, amaras_speech: list[bytes]) -> None:
    voices = [create_voice(consent_id=given.id, name="A", language="en", samples=amaras_speech[:1]) for _ in range(2)]
    vault.erase(voices[0])
    assert list(queries.voices_of(given.id)) == [voices[1]]
    assert queries.status_of(voices[0].id) == "erased"


def test_a_voice_of_another_organisation_is_not_there(
    given: ConsentRecord, rival: Organisation, amaras_speech: list[bytes]
) -> None:
    voice = create_voice(consent_id=given.id, name="A", language="en", samples=amaras_speech[:1])
    with organisation_scope(rival.id, actor="system"):
        assert queries.status_of(voice.id) is None
        assert queries.status_of(new_id()) is None
