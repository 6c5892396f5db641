from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tenancy.models import Organisation, User
from tests.governance.console_rows import Shelf, fill

LISTS = ["today", "reviews", "decisions", "voices", "consents", "clips", "audit"]
FILTERED = [
    "reviews/?state=decided",
    "reviews/?done=anything",
    "decisions/?effect=deny",
    "decisions/?effect=hold",
    "decisions/?effect=anything",
    "voices/?status=held",
    "consents/?status=withdrawn",
    "clips/?state=withheld",
    "clips/?state=unreleasable",
    "audit/?event=synthesis:gate:decided",
    "decisions/?page=900",
]


@pytest.fixture
def shelf(northwind: Organisation) -> Shelf:
    return fill(northwind, speaker_name="Amara")


@pytest.fixture
def theirs(rival: Organisation) -> Shelf:
    return fill(rival, speaker_name="Zephyrine")


@pytest.fixture
def member(client: Client, ruth: User) -> Client:
    client.force_login(ruth)
    return client


def details(shelf: Shelf) -> dict[str, str]:
    return {
        "denied": reverse("console:decision", args=[shelf.denied.id]),
        "held": reverse("console:decision", args=[shelf.held.id]),
        "withheld": reverse("console:decision", args=[shelf.withheld.decision_id]),
        "voice": reverse("console:voice", args=[shelf.voice.id]),
        "held voice": reverse("console:voice", args=[shelf.held_voice.id]),
        "consent": reverse("console:consent", args=[shelf.consent.id]),
        "clip": reverse("console:clip", args=[shelf.clip.id]),
    }


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", LISTS)
def test_a_stranger_is_asked_to_sign_in(client: Client, name: str) -> None:
    address = reverse(f"console:{name}")
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"{reverse('console:sign-in')}?next={address}")


def test_a_stranger_sees_no_detail_and_hears_nothing(client: Client, shelf: Shelf) -> None:
    audio = reverse("console:clip-audio", args=[shelf.clip.id, "wav"])
    for address in [*details(shelf).values(), audio]:
        assert client.get(address)["Location"].startswith(reverse("console:sign-in"))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", LISTS)
def test_a_user_without_membership_is_told_so(client: Client, name: str) -> None:
    client.force_login(User.objects.create_user(f"nobody-{uuid4()}"))
    response = client.get(reverse(f"console:{name}"))
    assert response.status_code == 403
    assert "you belong to no organisation" in response.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_explains_itself_when_it_is_empty(member: Client, name: str) -> None:
    response = member.get(reverse(f"console:{name}"))
    page = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="en-GB">' in page
    assert " · Northwind · Vivavoce</title>" in page
    assert name == "audit" or 'class="empty"' in page  # founding an organisation leaves an entry


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("name", LISTS)
def test_every_list_shows_the_organisation_s_rows_and_no_one_else_s(member: Client, theirs: Shelf, name: str) -> None:
    page = member.get(reverse(f"console:{name}")).content.decode()
    assert 'class="empty"' not in page
    assert "Zephyrine" not in page
    assert not [identifier for identifier in _identifiers(theirs) if identifier in page]


def _identifiers(shelf: Shelf) -> list[str]:
    rows = [shelf.consent, shelf.voice, shelf.held_voice, shelf.denied, shelf.held, shelf.withheld, shelf.clip]
    return [str(row.id) for row in rows]


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("address", FILTERED)
def test_every_filter_answers_with_and_without_rows(member: Client, address: str) -> None:
    assert member.get(f"/console/{address}").status_code == 200


@pytest.mark.parametrize("kind", ["denied", "held", "withheld", "voice", "held voice", "consent", "clip"])
def test_every_detail_is_shown_to_its_own_and_unknown_to_others(
    member: Client, shelf: Shelf, theirs: Shelf, kind: str
) -> None:
    assert member.get(details(shelf)[kind]).status_code == 200
    assert member.get(details(theirs)[kind]).status_code == 404


def test_another_organisation_s_sound_is_unknown(member: Client, theirs: Shelf) -> None:
    assert member.get(reverse("console:clip-audio", args=[theirs.clip.id, "wav"])).status_code == 404


def test_today_counts_what_needs_a_person_and_begins_with_the_oldest(member: Client, shelf: Shelf) -> None:
    response = member.get(reverse("console:today"))
    numbers = response.context["numbers"]
    assert (numbers.held_decisions, numbers.held_voices, numbers.withheld_clips) == (1, 1, 1)
    assert response.context["oldest"] == shelf.held
    assert "The script speaks in the name of an office." in response.content.decode()


def test_a_decision_gives_every_reason_with_rule_explanation_and_way_forward(member: Client, shelf: Shelf) -> None:
    page = member.get(reverse("console:decision", args=[shelf.denied.id])).content.decode()
    for said in [
        "Denied at intake",
        "purpose-outside-scope",
        "The speaker agreed to narration, not to marketing.",
        "Ask the speaker to agree to this purpose too.",
        "2026-11-21",
        "synthesis:gate:decided",
    ]:
        assert said in page


def test_a_fact_that_nobody_knew_is_shown_as_not_known(member: Client, shelf: Shelf) -> None:
    page = member.get(reverse("console:decision", args=[shelf.denied.id])).content.decode()
    assert '<dt>Consent</dt><dd class="unknown">Not known</dd>' in page


def test_a_clip_leads_back_to_the_yes(member: Client, shelf: Shelf) -> None:
    page = member.get(reverse("console:clip", args=[shelf.clip.id])).content.decode()
    for address in [
        reverse("console:decision", args=[shelf.clip.permit.decision_id]),
        reverse("console:consent", args=[shelf.consent.id]),
        reverse("console:voice", args=[shelf.voice.id]),
    ]:
        assert f'href="{address}"' in page
    assert 'preload="none"' in page
    assert "autoplay" not in page


def test_a_name_cannot_smuggle_markup(client: Client, northwind: Organisation, ruth: User) -> None:
    fill(northwind, speaker_name="<script>alert(1)</script>")
    client.force_login(ruth)
    page = client.get(reverse("console:consents")).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_pages_are_never_kept_by_a_cache_and_allow_nothing_inline(member: Client) -> None:
    response = member.get(reverse("console:today"))
    assert "no-store" in response["Cache-Control"]
    assert "unsafe-inline" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", LISTS)
def test_the_console_only_reads(member: Client, name: str) -> None:
    assert member.post(reverse(f"console:{name}")).status_code == 405
