from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.queries import entries
from consent.models import CeremonyRecording, ConsentRecord
from tenancy.models import Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import hire
from tests.governance.cases import ask_amara, held_recording, named_representative

WHY = "I listened twice; it is one living person."


@pytest.fixture
def recording(northwind: Organisation) -> CeremonyRecording:
    with organisation_scope(northwind.id, actor="system"):
        return held_recording(ask_amara())


@pytest.fixture
def reviewer(client: Client, ruth: User) -> Client:
    client.force_login(ruth)
    return client


def page_of(row: Any, kind: str = "recording") -> str:
    return reverse("console:review", args=[kind, row.id])


def sound_of(row: Any, part: str = "recording", kind: str = "recording") -> str:
    return reverse("console:review-material", args=[kind, row.id, part])


def decide(client: Client, row: Any, outcome: str, words: str = WHY, kind: str = "recording") -> Any:
    address = reverse("console:review-decide", args=[kind, row.id])
    return client.post(address, {"outcome": outcome, "words": words})


def test_the_list_names_what_waits_and_the_page_says_why_with_both_ways_to_decide(
    reviewer: Client, recording: CeremonyRecording
) -> None:
    assert page_of(recording) in reviewer.get(reverse("console:reviews")).content.decode()
    page = reviewer.get(page_of(recording)).content.decode()
    for said in [
        "Amara Okafor: recording of a consent",
        "The recording may be synthetic or played back.",
        "walnut, velvet, journey, candle, pirate",
        "I am Amara O&#x27;Cathore.",
        "Accept the recording",
        "Refuse the recording",
        f'src="{sound_of(recording)}"',
        'preload="none"',
    ]:
        assert said in page
    assert "autoplay" not in page


def test_the_sound_is_for_reviewers_kept_by_no_cache_and_each_playing_is_on_record(
    reviewer: Client, recording: CeremonyRecording, northwind: Organisation, ruth: User
) -> None:
    answer = reviewer.get(sound_of(recording))
    assert (answer.status_code, answer["Content-Type"], answer.content[:4]) == (200, "audio/wav", b"RIFF")
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    part = reviewer.get(sound_of(recording), headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    with organisation_scope(northwind.id, actor="system"):
        opened = entries(about=recording.id, event=Event.REVIEW_OPENED)
    assert [entry.actor for entry in opened] == [f"member:{ruth.pk}"] * 2


def test_an_engineer_reads_the_page_but_hears_nothing_and_decides_nothing(
    client: Client, recording: CeremonyRecording, northwind: Organisation
) -> None:
    client.force_login(hire(northwind, "Lena", role=Role.ENGINEER))
    page = client.get(page_of(recording)).content.decode()
    assert "Only reviewers, compliance officers and owners decide." in page
    assert "<audio" not in page
    assert 'name="words"' not in page
    assert client.get(sound_of(recording)).status_code == 403
    assert decide(client, recording, "approve").status_code == 403
    with organisation_scope(northwind.id, actor="system"):
        assert CeremonyRecording.objects.get(id=recording.id).status == "held"


def test_another_organisation_s_case_is_unknown(
    client: Client, recording: CeremonyRecording, rival: Organisation
) -> None:
    client.force_login(hire(rival, "Zoe", role=Role.OWNER))
    assert [client.get(address).status_code for address in (page_of(recording), sound_of(recording))] == [404, 404]
    assert decide(client, recording, "approve").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client: Client, recording: CeremonyRecording) -> None:
    for answer in (client.get(sound_of(recording)), decide(client, recording, "approve")):
        assert answer["Location"].startswith(reverse("console:sign-in"))


def test_accepting_gives_the_consent_and_the_list_says_so(
    reviewer: Client, recording: CeremonyRecording, northwind: Organisation
) -> None:
    answer = decide(reviewer, recording, "approve")
    assert answer.status_code == 302
    page = reviewer.get(answer["Location"]).content.decode()
    assert "Amara Okafor, recording of a consent: approved." in page
    assert page_of(recording) not in page
    assert WHY in reviewer.get(reverse("console:reviews") + "?state=decided").content.decode()
    with organisation_scope(northwind.id, actor="system"):
        assert ConsentRecord.objects.get(id=recording.consent_id).status == "given"


def test_a_decision_without_reasons_keeps_what_was_written_and_changes_nothing(
    reviewer: Client, recording: CeremonyRecording, northwind: Organisation
) -> None:
    answer = decide(reviewer, recording, "refuse", words="no")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Nothing was decided" in page
    assert 'href="#words-refuse"' in page
    assert 'aria-invalid="true">no</textarea>' in page
    with organisation_scope(northwind.id, actor="system"):
        assert CeremonyRecording.objects.get(id=recording.id).status == "held"


@pytest.mark.parametrize("outcome", ["", "approved", "maybe"])
def test_only_approve_approves(
    reviewer: Client, recording: CeremonyRecording, northwind: Organisation, outcome: str
) -> None:
    decide(reviewer, recording, outcome)
    with organisation_scope(northwind.id, actor="system"):
        assert ConsentRecord.objects.get(id=recording.consent_id).status == "requested"


def test_a_decision_is_made_by_post_alone(reviewer: Client, recording: CeremonyRecording) -> None:
    assert reviewer.get(reverse("console:review-decide", args=["recording", recording.id])).status_code == 405


def test_a_document_is_saved_and_never_shown_in_the_page(reviewer: Client, northwind: Organisation) -> None:
    with organisation_scope(northwind.id, actor="system"):
        named = named_representative(ask_amara())
    answer = reviewer.get(sound_of(named, part="document", kind="representative"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "no-store" in answer["Cache-Control"]


def test_today_says_how_many_cases_wait(reviewer: Client, recording: CeremonyRecording) -> None:
    assert "1 case waits for your decision" in reviewer.get(reverse("console:today")).content.decode()
