from __future__ import annotations

import pytest
from django.test import Client

from safety import lists
from safety.lists import Person
from safety.models import ProtectedList, ProtectionRequest
from safety.protected_voices import default_list, screen
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope, platform_scope
from tests.cast import PASSWORD, Engineer, Role, hire
from tests.ears import heard

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("measured_ears")]
JSON = "application/json"


def bearer(engineer: Engineer) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {engineer.secret}"}


def signed_in(user: User) -> Client:
    client = Client()
    assert client.login(username=user.username, password=PASSWORD)
    return client


@pytest.fixture
def change(northwind: Organisation) -> lists.ListChange:
    with organisation_scope(northwind.id, actor="api-key:0197f1de-0000-7000-8000-000000000000"):
        return lists.propose_addition(default_list(platform=False), Person("Vera Lind", "asked"), voice=heard())


def approve(client: Client, change: lists.ListChange) -> tuple[int, object]:
    answer = client.post(f"/v1/protected-lists/changes/{change.id}/approve")
    return answer.status_code, answer.json().get("status")


def test_an_application_makes_a_list_and_sees_the_platforms_beside_it(client: Client, engineer: Engineer) -> None:
    with platform_scope():
        default_list(platform=True)
    asked = {"name": "Guests", "owner": "the studio", "action": "hold"}
    made = client.post("/v1/protected-lists", asked, content_type=JSON, **bearer(engineer))
    assert (made.status_code, made.json()["action"], made.json()["platform"]) == (201, "hold", False)
    shown = client.get("/v1/protected-lists", **bearer(engineer)).json()
    assert {(listing["name"], listing["platform"]) for listing in shown} >= {
        ("Guests", False),
        ("Protected voices", True),
    }
    again = client.post("/v1/protected-lists", asked, content_type=JSON, **bearer(engineer))
    assert (again.status_code, again.json()["type"]) == (422, "/problems/protection-invalid")


def test_two_members_who_are_signed_in_make_it_so(
    northwind: Organisation, change: lists.ListChange, ruth: User, sam: User
) -> None:
    assert approve(signed_in(ruth), change) == (200, "proposed")
    assert approve(signed_in(ruth), change)[0] == 403
    assert approve(signed_in(sam), change) == (200, "applied")
    with organisation_scope(northwind.id, actor="system"):
        assert [match.name for match in screen(heard())] == ["Vera Lind"]


def test_neither_a_key_nor_an_engineer_nor_a_stranger_can_agree(
    client: Client, engineer: Engineer, northwind: Organisation, change: lists.ListChange
) -> None:
    path = f"/v1/protected-lists/changes/{change.id}/approve"
    assert client.post(path, **bearer(engineer)).status_code in {401, 403}
    assert approve(signed_in(hire(northwind, "Eve", role=Role.ENGINEER)), change)[0] == 403


def test_a_request_without_the_forms_token_is_not_a_members(change: lists.ListChange, ruth: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username=ruth.username, password=PASSWORD)
    assert approve(client, change)[0] == 403


def test_the_platforms_people_are_not_listed(client: Client, engineer: Engineer) -> None:
    with platform_scope():
        listing = default_list(platform=True)
    answer = client.get(f"/v1/protected-lists/{listing.id}/voices", **bearer(engineer))
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/protected-list-unknown")


def test_anybody_may_ask_not_to_be_cloned(client: Client) -> None:
    asked = client.post("/v1/do-not-clone", {"name": "Vera Lind"}, content_type=JSON)
    assert asked.status_code == 201
    assert asked.json()["statement"].startswith("My name is Vera Lind. I do not want my voice to be cloned")
    path = asked.json()["url"].removeprefix("http://testserver")
    assert client.get(path).json()["status"] == "asked"
    assert client.get("/v1/do-not-clone/vvp_nothing").json()["type"] == "/problems/protection-request-unknown"
    with platform_scope():
        assert asked.json()["url"].rpartition("/")[2] not in str(
            ProtectionRequest.objects.values_list("token_hash", flat=True).get(phrase=asked.json()["phrase"])
        )


def test_a_request_in_an_unknown_language_or_without_a_name_is_refused(client: Client) -> None:
    for wrong in ({"name": "Vera Lind", "locale": "tlh"}, {"name": "7"}):
        answer = client.post("/v1/do-not-clone", wrong, content_type=JSON)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/protection-invalid")
    assert not ProtectedList.objects.filter(name="Do not clone").exists()
