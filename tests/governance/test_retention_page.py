"""The public page says what the schedule says, to anyone, in words that a twelve-year-old can read."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from governance.retention.schedule import schedule
from tenancy.models import Organisation
from tests.consent.test_notice import grade
from tests.governance.conftest import ApiClient
from tests.governance.test_api_ceremonies import asked_for

ASK = asked_for()


@pytest.fixture
def page(db: None) -> str:
    answer = Client().get("/retention")
    assert answer.status_code == 200
    assert "max-age" in answer["Cache-Control"]
    return answer.content.decode()


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_it_cites_every_law_with_what_it_asks_what_we_do_and_where_it_is_written(page: str) -> None:
    said = words(page)
    for rule in schedule().rules.values():
        for text in (rule.place, rule.law, rule.says, rule.applied, rule.counsel):
            assert text in said
        assert html.escape(rule.source) in page


def test_what_is_uncertain_is_said_to_be(page: str) -> None:
    uncertain = [rule for rule in schedule().rules.values() if rule.counsel]
    assert page.count("To be checked by counsel") == len(uncertain) > 0


def test_the_strictest_terms_stand_first(page: str) -> None:
    rows = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page)
    assert rows[:5] == [
        ("You take back your yes", "destroyed at once"),
        ("The agreed time ends", "destroyed at once"),
        ("We hear nothing from you", "destroyed after 24 months"),
        ("Your yes has ended", "destroyed after 3 to 6 years"),
        ("Any time", "never destroyed"),
    ]


def test_examined_files_go_when_the_setting_says(page: str) -> None:
    assert ("The examination has ended", "destroyed after 365 days") in re.findall(
        r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page
    )


def test_each_place_shows_the_terms_that_the_job_would_use_there(page: str) -> None:
    texas = page.split('<details id="US-TX">')[1].split("</details>", maxsplit=1)[0]
    assert re.findall(r"<dd>([^<]*)</dd>", texas) == ["destroyed at once"] * 2 + ["destroyed after 3 years"] * 2


def test_it_can_be_read_at_the_age_of_twelve(page: str) -> None:
    told = re.split(r'<section class="laws"', page.split("<main")[1])[0]
    assert grade(words(re.sub(r"</(p|h1|h2|dt|dd)>", ".\n", told))) <= 7


def test_it_holds_nothing_of_any_organisation(page: str, northwind: Organisation) -> None:
    assert "Northwind" not in Client().get("/retention").content.decode()
    assert Client().post("/retention").status_code == 405


class TestAsking:
    def test_a_consent_keeps_the_places_that_were_named(self, api: ApiClient) -> None:
        made: Any = api.post("/v1/consents", {**ASK, "jurisdictions": ["US-IL", "EU", "EU"]})
        assert (made.status_code, made.json()["jurisdictions"]) == (201, ["EU", "US-IL"])

    def test_none_need_be_named(self, api: ApiClient) -> None:
        assert api.post("/v1/consents", ASK).json()["jurisdictions"] == []

    def test_an_unknown_place_is_refused_with_those_that_are_known(self, api: ApiClient) -> None:
        answer = api.post("/v1/consents", {**ASK, "jurisdictions": ["EU", "ATLANTIS"]})
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/request-malformed")
        (complaint,) = answer.json()["errors"]["jurisdictions"]
        assert complaint == "Nothing is known of ATLANTIS; known are " + ", ".join(schedule().rules) + "."
