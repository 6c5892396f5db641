"""An interrupted demonstration leaves no voice behind that would hold the next one's."""

from __future__ import annotations

from deploy.demo.cast import AMARA
from deploy.demo.leftovers import erase_leftovers
from governance.models import DestructionCertificate
from safety.models import EnrolledVoice
from tenancy.models import Organisation
from tests.governance.everything import keep


def test_the_casts_voices_are_erased_and_nobody_elses(in_northwind: Organisation) -> None:
    amara = keep(in_northwind, name=AMARA.name, held=False)
    visitor = keep(in_northwind, name="A visitor", held=False)
    assert erase_leftovers(slug=in_northwind.slug) == 1
    for voice in (amara.voice, visitor.voice):
        voice.refresh_from_db()
    assert (amara.voice.status, visitor.voice.status) == ("erased", "ready")
    assert EnrolledVoice.objects.get().voice_id == visitor.voice.id
    destroyed = DestructionCertificate.objects.get().body["destroyed"]["counts"]
    assert (destroyed["voice-reference"], destroyed["duplicate-reference"]) == (1, 1)
    assert erase_leftovers(slug=in_northwind.slug) == 0
