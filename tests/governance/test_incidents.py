"""Output that did not pass is kept sealed and never leaves; somebody else's voice in it opens an incident."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, transaction

from audit.events import Event
from audit.queries import entries
from governance import incidents, permits, queries, withdrawal
from governance.access_sounds import OTHERS, Opened, open_all
from governance.models import Clip, Incident, Permit
from governance.permits import WITHHELD, Withheld
from tenancy import blobs
from tenancy.errors import KeyringError
from tenancy.models import Organisation
from tests.governance.everything import Everything, keep

pytestmark = pytest.mark.django_db
OTHER = {"rule": "output-other-voice", "effect": "deny", "explanation": "", "way_forward": "", "measured": {}}
PROTECTED = {**OTHER, "rule": "output-protected-voice"}
CLIPPED = {**OTHER, "rule": "output-clipped"}
RELEASE = {"name": "test", "version": "1", "models": {}}


@pytest.fixture
def kept(in_northwind: Organisation) -> Everything:
    return keep(in_northwind, held=False)


@pytest.fixture
def permit(kept: Everything) -> Permit:
    """One that a worker holds; what it made is about to be judged."""
    found = Permit.objects.get(id=kept.clip.permit_id)
    Permit.objects.filter(id=found.id).update(status="redeemed")
    return Permit.objects.select_related("request__voice").get(id=found.id)


def withhold(permit: Permit, *reasons: dict[str, Any]) -> bool:
    return permits.withhold(permit, reasons=reasons, output=Withheld(b"RIFF sound", {"likeness_whole": 0.1}))


def test_withheld_sound_is_sealed_for_the_speaker_and_its_figures_are_kept(permit: Permit) -> None:
    assert withhold(permit, OTHER)
    stored = Permit.objects.get(id=permit.id)
    speaker_id = permit.request.voice.speaker_id
    assert blobs.get(stored.withheld_blob, subject_id=speaker_id, kind=WITHHELD, object_id=permit.id) == b"RIFF sound"
    with storages["blobs"].open(stored.withheld_blob) as file:
        assert b"RIFF" not in file.read()
    assert (stored.status, stored.examination) == ("withheld", {"likeness_whole": 0.1})
    newest = entries(about=permit.id, event=Event.RENDER_WITHHELD, limit=1)[0]
    assert newest.data == {"rules": ["output-other-voice"], "wav_sha256": stored.withheld_sha256}


def test_an_attempt_that_was_overtaken_keeps_nothing(permit: Permit) -> None:
    Permit.objects.filter(id=permit.id).update(status="void")
    assert not withhold(permit, OTHER)
    assert Permit.objects.get(id=permit.id).withheld_blob == ""


def test_only_a_withheld_permit_can_name_withheld_sound(permit: Permit) -> None:
    with pytest.raises(IntegrityError, match="only_withheld_output_is_kept"), transaction.atomic():
        Permit.objects.filter(id=permit.id).update(status="completed", withheld_blob="somewhere")


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [((OTHER,), "other-voice"), ((CLIPPED, OTHER, PROTECTED), "protected-voice"), ((CLIPPED,), None)],
    ids=["other", "protected", "clipped"],
)
def test_somebody_elses_voice_opens_an_incident_and_a_fault_of_sound_does_not(
    permit: Permit, reasons: tuple[dict[str, Any], ...], kind: str | None
) -> None:
    before = queries.today().incidents
    withhold(permit, *reasons)
    opened = incidents.open_if_due(permit, reasons=reasons, engine_release=RELEASE)
    recorded = entries(about=permit.id, event=Event.INCIDENT_OPENED, limit=5)
    if kind is None:
        assert (opened, recorded, queries.today().incidents) == (None, [], before)
    else:
        assert opened is not None
        assert (opened.kind, recorded[0].data["kind"], queries.today().incidents) == (kind, kind, before + 1)
        assert CLIPPED not in opened.reasons


def test_the_speakers_pack_holds_withheld_sound_but_not_where_another_person_may_be_heard(permit: Permit) -> None:
    def opened() -> Opened:
        found = open_all(permit.request.voice.speaker_id)
        return next(file for file in found if file.name.startswith(f"withheld/{permit.id}"))

    withhold(permit, OTHER)
    assert opened().content == b"RIFF sound"
    incidents.open_if_due(permit, reasons=(OTHER,), engine_release=RELEASE)
    assert (opened().content, opened().why_not) == (None, OTHERS)


def test_incidents_cannot_be_deleted(kept: Everything) -> None:
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        Incident.objects.all().delete()


def test_withdrawal_deletes_withheld_sound_and_the_certificate_says_so(
    kept: Everything, django_capture_on_commit_callbacks: Any
) -> None:
    names = [permit.withheld_blob for permit in Permit.objects.exclude(withheld_blob="")]
    assert all(storages["blobs"].exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        certificate = withdrawal.withdraw(kept.consent.id).certificate
    assert not any(storages["blobs"].exists(name) for name in names)
    assert not Permit.objects.exclude(withheld_blob="").exists()
    assert [item["kind"] for item in certificate.body["destroyed"]["objects"]].count(WITHHELD) == len(names)
    assert names


def test_withheld_sound_has_no_clip_to_be_released_and_opens_under_no_other_kind(kept: Everything) -> None:
    withheld = Permit.objects.exclude(withheld_blob="").select_related("request__voice").first()
    assert withheld is not None
    assert not Clip.objects.filter(permit=withheld).exists()
    with pytest.raises(KeyringError):
        blobs.get(
            withheld.withheld_blob,
            subject_id=withheld.request.voice.speaker_id,
            kind="clip-wav",
            object_id=withheld.id,
        )
