from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.queries import entries
from governance.console import attempts
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope
from tests.cast import PASSWORD

SIGN_IN = "/console/sign-in/"


@pytest.fixture(autouse=True)
def forget_earlier_attempts() -> None:
    cache.clear()


def test_a_member_signs_in_and_leaves_an_entry(client: Client, northwind: Organisation, ruth: User) -> None:
    response = client.post(SIGN_IN, {"username": ruth.username, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, reverse("console:today"))
    with organisation_scope(northwind.id, actor="system"):
        (entry,) = entries(event=Event.MEMBER_SIGNED_IN)
    assert entry.actor == f"member:{ruth.pk}"


def test_a_wrong_password_is_explained_and_nothing_typed_is_lost(client: Client, ruth: User) -> None:
    response = client.post(SIGN_IN, {"username": ruth.username, "password": "wrong"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "do not belong together" in page
    assert f'value="{ruth.username}"' in page
    assert "<title>Error: " in page


def test_after_too_many_failures_even_the_right_password_must_wait(client: Client, ruth: User) -> None:
    for _ in range(attempts.ALLOWED_FAILURES):
        client.post(SIGN_IN, {"username": ruth.username, "password": "wrong"})
    response = client.post(SIGN_IN, {"username": ruth.username, "password": PASSWORD})
    assert response.status_code == 429
    assert "Wait 15 minutes" in response.content.decode()


def test_failures_of_one_name_do_not_shut_out_another(client: Client, ruth: User, sam: User) -> None:
    for _ in range(attempts.ALLOWED_FAILURES):
        client.post(SIGN_IN, {"username": ruth.username, "password": "wrong"})
    assert client.post(SIGN_IN, {"username": sam.username, "password": PASSWORD}).status_code == 302


def test_a_success_forgets_the_failures_before_it(client: Client, ruth: User) -> None:
    for _ in range(attempts.ALLOWED_FAILURES - 1):
        client.post(SIGN_IN, {"username": ruth.username, "password": "wrong"})
    client.post(SIGN_IN, {"username": ruth.username, "password": PASSWORD})
    assert not attempts.exhausted(username=ruth.username, address="127.0.0.1")


def test_signing_out_takes_a_post(client: Client, ruth: User) -> None:
    client.force_login(ruth)
    assert client.get("/console/sign-out/").status_code == 405
    assert client.post("/console/sign-out/")["Location"] == SIGN_IN
    assert client.get(reverse("console:today")).status_code == 302


def test_no_one_is_sent_to_another_site_after_signing_in(client: Client, ruth: User) -> None:
    form = {"username": ruth.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post(SIGN_IN, form)["Location"] == reverse("console:today")
