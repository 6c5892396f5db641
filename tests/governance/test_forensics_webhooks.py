"""Messages that an examination has ended: signed, to public addresses alone, tried again, and given up at last."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from audit.events import Event
from audit.queries import entries
from governance.forensic_models import Examination, WebhookSecret
from governance.forensics import webhooks
from governance.forensics.errors import WebhookAddressError
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip
from tests.governance.conftest import ApiClient
from tests.governance.forensic_files import hand_in
from tests.governance.test_api_refusals import problem

pytestmark = pytest.mark.django_db


class Receiver:
    """Somebody's server: answers with `status`, and keeps what came."""

    def __init__(self) -> None:
        self.status = 204
        self.came: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_INSIDE = True
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def ended(organisation: Organisation, url: str) -> Examination:
    """An examination that has just ended, and whose asker wants to be told."""
    with organisation_scope(organisation.id, actor="system"):
        examination = hand_in(
            webhook_url=url, status="completed", completed_at=timezone.now(), result={"verdict": "marked"}
        )
        webhooks.arrange(examination)
    return examination


def deliver(examination: Examination) -> Examination:
    webhooks.deliver(examination.id, organisation_id=examination.organisation_id)
    with organisation_scope(examination.organisation_id, actor="system"):
        return Examination.objects.get(id=examination.id)


def make_due(examination: Examination) -> None:
    with organisation_scope(examination.organisation_id, actor="system"):
        Examination.objects.filter(id=examination.id).update(webhook_due_at=timezone.now())


def test_the_message_is_signed_with_the_secret_that_the_organisation_sees(
    northwind: Organisation, api: ApiClient, rival_api: ApiClient, receiver: Receiver
) -> None:
    told = deliver(ended(northwind, receiver.url))
    ((headers, body),) = receiver.came
    secret = api.get("/v1/forensics/webhook-secret").json()["secret"]
    message = Webhook(secret).verify(body, headers)
    assert message == json.loads(body)
    assert (message["type"], message["data"]["status"]) == ("examination.completed", "completed")
    assert message["data"]["examination"] == str(told.id)
    assert message["data"]["verdict"] == "marked"
    assert headers["webhook-id"] == f"examination-{told.id}"
    assert "2026/17" not in body.decode()
    others = rival_api.get("/v1/forensics/webhook-secret").json()["secret"]
    with pytest.raises(WebhookVerificationError):
        Webhook(others).verify(body, headers)
    assert (told.webhook_state, told.webhook_attempts, told.webhook_answer) == ("delivered", 1, "HTTP 204")
    assert deliver(told).webhook_attempts == 1


def test_what_fails_is_tried_again_later_under_the_same_identifier(northwind: Organisation, receiver: Receiver) -> None:
    receiver.status = 503
    examination = ended(northwind, receiver.url)
    tried = deliver(examination)
    assert (tried.webhook_state, tried.webhook_answer) == ("waiting", "HTTP 503")
    assert tried.webhook_due_at is not None
    assert timedelta(0) < tried.webhook_due_at - timezone.now() <= timedelta(seconds=5)
    assert len(receiver.came) == 1
    deliver(examination)  # not due yet
    assert len(receiver.came) == 1
    receiver.status = 200
    make_due(examination)
    assert deliver(examination).webhook_state == "delivered"
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1


@pytest.mark.parametrize("status", [301, 302, 400, 500])
def test_nothing_but_success_counts_and_no_redirect_is_followed(
    northwind: Organisation, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    assert deliver(ended(northwind, receiver.url)).webhook_state == "waiting"
    assert len(receiver.came) == 1


def test_whoever_is_gone_is_not_told_again(northwind: Organisation, receiver: Receiver) -> None:
    receiver.status = 410
    assert deliver(ended(northwind, receiver.url)).webhook_state == "given-up"


def test_after_the_last_attempt_it_is_given_up(northwind: Organisation, receiver: Receiver) -> None:
    receiver.status = 500
    examination = ended(northwind, receiver.url)
    for _ in range(len(webhooks.AGAIN_AFTER)):
        make_due(examination)
        assert deliver(examination).webhook_state == "waiting"
    make_due(examination)
    last = deliver(examination)
    assert (last.webhook_state, last.webhook_due_at) == ("given-up", None)
    assert len(receiver.came) == last.webhook_attempts == len(webhooks.AGAIN_AFTER) + 1


def test_what_leads_to_a_private_address_by_then_is_not_told(
    northwind: Organisation, receiver: Receiver, settings: Any
) -> None:
    examination = ended(northwind, receiver.url)
    settings.WEBHOOKS_INSIDE = False
    told = deliver(examination)
    assert (told.webhook_state, receiver.came) == ("waiting", [])
    assert "not on the public Internet" in told.webhook_answer


def test_nobody_is_told_who_did_not_ask(northwind: Organisation, receiver: Receiver) -> None:
    told = deliver(ended(northwind, ""))
    assert (told.webhook_state, told.webhook_attempts, receiver.came) == ("", 0, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://user:secret@hooks.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.4/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://hooks.example:0x50/",
        "https://[half/",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_no_message_may_go_to_is_refused_at_once(url: str, settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = False
    with pytest.raises(WebhookAddressError):
        webhooks.require_allowed(url)


def test_a_public_address_is_allowed_and_so_is_none(settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = False
    for url in ("", "https://hooks.example/a/b?c=d", "https://93.184.215.14:8443/"):
        webhooks.require_allowed(url)


# Another secret.


def rotate(api: ApiClient, **overlap: int) -> Any:
    return api.post("/v1/forensics/webhook-secret/rotate", overlap)


def secret_of(api: ApiClient) -> str:
    return str(api.get("/v1/forensics/webhook-secret").json()["secret"])


def verified_by(secrets: list[str], message: tuple[dict[str, str], bytes]) -> list[bool]:
    headers, body = message
    found = []
    for secret in secrets:
        try:
            found.append(bool(Webhook(secret).verify(body, headers)))
        except WebhookVerificationError:
            found.append(False)
    return found


def test_during_the_overlap_a_message_bears_both_signatures_and_afterwards_one(
    northwind: Organisation, api: ApiClient, receiver: Receiver
) -> None:
    first = secret_of(api)
    rotated = rotate(api).json()
    second = rotated["secret"]
    assert second != first
    assert api.get("/v1/forensics/webhook-secret").json() == rotated
    lasts = datetime.fromisoformat(rotated["former_until"]) - datetime.fromisoformat(rotated["since"])
    assert lasts == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=5))
    deliver(ended(northwind, receiver.url))
    with organisation_scope(northwind.id, actor="system"):
        WebhookSecret.objects.exclude(retires_at=None).update(retires_at=timezone.now())
    deliver(ended(northwind, receiver.url))
    during, after = receiver.came
    assert [len(headers["webhook-signature"].split(" ")) for headers, _ in (during, after)] == [2, 1]
    assert verified_by([first, second], during) == [True, True]
    assert verified_by([first, second], after) == [False, True]
    assert api.get("/v1/forensics/webhook-secret").json()["former_until"] is None


def test_what_is_tried_again_is_signed_by_the_secrets_of_that_moment(
    northwind: Organisation, api: ApiClient, receiver: Receiver
) -> None:
    receiver.status = 500
    examination, first = ended(northwind, receiver.url), secret_of(api)
    deliver(examination)
    second = rotate(api, overlap_hours=0).json()["secret"]
    make_due(examination)
    deliver(examination)
    before, after = receiver.came
    assert verified_by([first, second], before) == [True, False]
    assert verified_by([first, second], after) == [False, True]


def test_while_an_overlap_runs_only_a_leak_ends_it(northwind: Organisation, api: ApiClient, receiver: Receiver) -> None:
    first = secret_of(api)
    second = rotate(api, overlap_hours=168).json()["secret"]
    problem(rotate(api), 409, "rotation-running")
    assert secret_of(api) == second
    third = rotate(api, overlap_hours=0).json()
    assert third["former_until"] is None
    deliver(ended(northwind, receiver.url))
    assert verified_by([first, second, third["secret"]], receiver.came[0]) == [False, False, True]
    assert rotate(api, overlap_hours=1).status_code == 200


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_is_at_most_a_week(api: ApiClient, hours: int) -> None:
    problem(rotate(api, overlap_hours=hours), 400, "request-malformed")


def test_a_rotation_is_on_record_without_the_secret_and_nobody_elses_concern(
    northwind: Organisation, api: ApiClient, rival_api: ApiClient
) -> None:
    theirs = secret_of(rival_api)
    assert rotate(api).status_code == 200
    assert secret_of(rival_api) == theirs
    others = ApiClient(equip(northwind, ApiScope.SYNTHESISE).secret)
    problem(rotate(others), 403, "scope-missing")
    with organisation_scope(northwind.id, actor="system"):
        (rotated,) = entries(event=Event.WEBHOOK_SIGNING_ROTATED)
        assert (rotated.data, rotated.refs) == ({"overlap_hours": 24}, {})


def test_the_database_lets_a_secret_be_retired_and_nothing_else(northwind: Organisation, api: ApiClient) -> None:
    assert rotate(api).status_code == 200
    with organisation_scope(northwind.id, actor="system"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            WebhookSecret.objects.update(purpose="webhook-signing")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            WebhookSecret.objects.all().delete()


def test_the_command_rotates_and_prints_the_new_secret(northwind: Organisation, api: ApiClient) -> None:
    def said(*more: str) -> str:
        with redirect_stdout(io.StringIO()) as output:
            call_command("rotate_webhook_secret", "--organisation", northwind.slug, *more)
        return output.getvalue()

    printed = said()
    assert printed.splitlines()[0] == secret_of(api)
    assert "former secret's signature too until" in printed
    with pytest.raises(CommandError, match="still in use"):
        said()
    assert said("--overlap-hours", "0").split() == [secret_of(api)]
    with pytest.raises(CommandError, match="0 to 168"):
        said("--overlap-hours", "169")
