"""Input that no well-meaning client sends: each answer is a problem document, and nothing is half done."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as effort

from audit.events import Event
from audit.queries import entries
from consent.models import CeremonyRecording, Challenge, ConsentRecord, Speaker
from governance.api.catalogue import PROBLEMS
from governance.models import SynthesisRequest
from safety import protected_voices
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.cases import let_in
from tests.governance.conftest import ApiClient
from tests.governance.everything import keep
from tests.governance.test_api_refusals import problem, tone
from voices.models import Voice

pytestmark = pytest.mark.django_db
JSON, MULTIPART = "application/json", "multipart/form-data; boundary=line"
POSTS = [
    "/v1/consents",
    "/v1/consents/{consent}/tokens",
    "/v1/consents/{consent}/renew",
    "/v1/consents/{consent}/purposes",
    "{ceremony}/sessions",
    "{ceremony}/age",
    "{ceremony}/recordings",
    "{ceremony}/representative",
    "/v1/voice/create",
    "/v1/tts/synthesize",
    "/v1/detections",
]
DEEP = 200_000


def terms(**changes: Any) -> dict[str, Any]:
    end = (timezone.now() + timedelta(days=90)).isoformat()
    said = {
        "purposes": ["narration"],
        "languages": ["en"],
        "intended_use": "Audiobooks for children, read aloud in our own app",
        "territory": ["IE"],
        "compensation": "none",
        "recipients": [],
        "clips_may_be_distributed": False,
        "valid_until": end,
    }
    return {"speaker_name": "Amara Okafor", "speaker_email": "amara@example.org", **said, **changes}


def ask(api: ApiClient, **changes: Any) -> Any:
    return api.post("/v1/consents", terms(**changes))


@pytest.fixture
def asked(api: ApiClient, northwind: Organisation) -> dict[str, Any]:
    answer = ask(api)
    assert answer.status_code == 201
    return entered(api, northwind, answer.json())


def entered(api: ApiClient, organisation: Organisation, body: dict[str, Any]) -> dict[str, Any]:
    """What was asked, with its ceremony's path; the client has passed the second factor and is of age."""
    path = body["ceremony_url"].removeprefix("http://testserver")
    with organisation_scope(organisation.id, actor="system"):
        consent = ConsentRecord.objects.get(id=body["id"])
    let_in(api.client, path, consent)
    assert api.get(path).status_code == 200
    assert api.post(f"{path}/age", {"adult": True}).status_code == 200
    return {**body, "ceremony": path}


def counted(organisation: Organisation) -> list[int]:
    with organisation_scope(organisation.id, actor="system"):
        tables = (ConsentRecord, Speaker, Challenge, CeremonyRecording, Voice, SynthesisRequest)
        return [table.objects.count() for table in tables]


def send(api: ApiClient, path: str, body: bytes, content_type: str, **headers: str) -> Any:
    return api.client.generic("POST", path, body, content_type=content_type, headers={**api.headers, **headers})


def address(template: str, asked: Mapping[str, Any]) -> str:
    return template.format(consent=asked["id"], ceremony=asked["ceremony"])


def part(name: str, content: bytes, *more: str) -> bytes:
    lines = (f'Content-Disposition: form-data; name="{name}"', *more)
    return b"--line\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


UNREADABLE = {
    "no json": (JSON, b"{"),
    "json cut off": (JSON, b'{"speaker_name": "Am'),
    "no utf-8": (JSON, b'{"speaker_name": "\xff\xfe"}'),
    "a list": (JSON, b"[1, 2]"),
    "a number": (JSON, b"1"),
    "null": (JSON, b"null"),
    "not a number": (JSON, b'{"seconds": NaN}'),
    "a number without end": (JSON, b'{"seconds": 1' + b"0" * 10_000 + b"}"),
    "nested": (JSON, b"[" * DEEP),
    "nested objects": (JSON, b'{"a":' * DEEP),
    "half a surrogate pair": (JSON, b'{"speaker_name": "\\ud800", "purpose": "\\udfff", "voice": "\\ud800"}'),
    "nul": (JSON, b'{"speaker_name": "a\\u0000b", "purpose": "\\u0000", "text": "\\u0000"}'),
    "an unknown charset": ("application/json; charset=klingon", b"{}"),
    "a charset that is none": ("application/json; charset=zlib", b"{}"),
    "utf-16": ("application/json; charset=utf-16", json.dumps({"speaker_name": "x"}).encode("utf-16")),
    "too much json": (JSON, b'{"speaker_name": "' + b"x" * 41 * 1024 * 1024 + b'"}'),
    "plain text": ("text/plain", b"hello"),
    "a form": ("application/x-www-form-urlencoded", b"speaker_name=Amara"),
    "no media type": ("", b"hello"),
    "a broken media type": (";;;=/\t", b"hello"),
    "no boundary": ("multipart/form-data", b"--line\r\n"),
    "a boundary that is not ascii": ("multipart/form-data; boundary=gr\u00fc\u00df", b"--x"),
    "a boundary without end": ("multipart/form-data; boundary=" + "x" * 5_000, b"--x"),
    "another boundary": ("multipart/form-data; boundary=other", part("audio", b"x") + b"--line--"),
    "multipart cut off": (MULTIPART, part("audio", b"RIFF", "Content-Type: audio/wav")[:-20]),
    "nothing at all": (MULTIPART, b""),
    "no names": (MULTIPART, b"--line\r\n\r\nx\r\n--line--"),
    "a field that is no utf-8": (MULTIPART, part("challenge", b"\xff\xfe") + b"--line--"),
    "a transfer encoding that lies": (
        MULTIPART,
        part("challenge", b"!!!", "Content-Transfer-Encoding: base64") + b"--line--",
    ),
    "very many fields": (MULTIPART, part("challenge", b"x") * 1_500 + b"--line--"),
    "very many files": (
        MULTIPART,
        part("x", b"x").replace(b'"x"\r\n', b'"x"; filename="x"\r\n') * 150 + b"--line--",
    ),
}


@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_a_body_that_nobody_can_read_is_a_problem_and_makes_nothing(
    northwind: Organisation, api: ApiClient, asked: dict[str, Any], unreadable: str
) -> None:
    before = counted(northwind)
    content_type, body = UNREADABLE[unreadable]
    found = {}
    for post in POSTS:
        answer = send(api, address(post, asked), body, content_type)
        assert answer["Content-Type"] == "application/problem+json"
        found[post] = answer.json()["type"]
    refusals = ("request-malformed", "media-type-unsupported", "request-too-large")
    assert set(found.values()) <= {f"/problems/{slug}" for slug in refusals}, found
    assert counted(northwind) == before


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        ((JSON, b"[" * DEEP), "request-malformed"),
        ((JSON, b'{"text": "' + b"x" * 2 * 1024 * 1024 + b'"}'), "request-too-large"),
        (UNREADABLE["very many fields"], "request-malformed"),
        (UNREADABLE["very many files"], "request-malformed"),
        (UNREADABLE["a charset that is none"], "request-malformed"),
        (UNREADABLE["plain text"], "media-type-unsupported"),
    ],
    ids=["deep", "long", "fields", "files", "charset", "text"],
)
def test_each_kind_of_unreadable_body_has_its_own_problem(
    api: ApiClient, content: tuple[str, bytes], slug: str
) -> None:
    answer = send(api, "/v1/tts/synthesize", content[1], content[0])
    problem(answer, PROBLEMS[slug].status, slug)


AUDIO = {
    "empty": (b"", 422, "audio-empty"),
    "one byte": (b"\x00", 415, "audio-unsupported"),
    "text": (b"I agree." * 500, 415, "audio-unsupported"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(2_000), 415, "audio-unsupported"),
    "a header alone": (b"RIFF\x24\x00\x00\x00WAVEfmt ", 422, "audio-undecodable"),
    "flac of noise": (b"fLaC" + bytes(range(256)) * 20, 422, "audio-undecodable"),
    "too large": (bytes(settings.AUDIO_MAX_BYTES + 1), 413, "audio-too-large"),
    "too long": (tone(121, rate=8_000), 422, "audio-too-long"),
    "silent": (tone(2, level=0.0), 422, "audio-silent"),
    "cut off": (tone(3)[:-30_000], 422, "audio-truncated"),
}


@pytest.mark.parametrize("audio", AUDIO)
def test_a_recording_that_is_no_sound_leaves_the_phrase_good(
    northwind: Organisation, api: ApiClient, asked: dict[str, Any], audio: str
) -> None:
    content, status, slug = AUDIO[audio]
    challenge = begin(api, asked)
    before = counted(northwind)
    upload = SimpleUploadedFile("../../etc/\u202egnp.wav", content)
    body = {"challenge": challenge["id"], "audio": upload}
    problem(api.upload(f"{asked['ceremony']}/recordings", body), status, slug)
    assert counted(northwind) == before
    with organisation_scope(northwind.id, actor="system"):
        assert Challenge.objects.get(id=challenge["id"]).used_at is None
        assert [entry.data["code"] for entry in entries(event=Event.UPLOAD_REFUSED)] == [slug]


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "", "x\u00e9/;;"])
def test_what_a_client_calls_its_sound_changes_nothing(
    api: ApiClient, asked: dict[str, Any], content_type: str
) -> None:
    challenge = begin(api, asked)
    wrong = SimpleUploadedFile("a", b"I agree." * 500, content_type=content_type)
    path = f"{asked['ceremony']}/recordings"
    problem(api.upload(path, {"challenge": challenge["id"], "audio": wrong}), 415, "audio-unsupported")
    right = SimpleUploadedFile("a", tone(2), content_type=content_type)
    assert api.upload(path, {"challenge": challenge["id"], "audio": right}).status_code == 202


def begin(api: ApiClient, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The notice was shown and a phrase given."""
    assert api.get(asked["ceremony"]).status_code == 200
    answer = api.post(f"{asked['ceremony']}/challenges")
    assert answer.status_code == 201
    challenge: dict[str, Any] = answer.json()
    return challenge


@pytest.fixture
def begun(api: ApiClient, asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked, with a phrase to be said."""
    return {**asked, "challenge": begin(api, asked)["id"]}


@effort(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    head=strategies.sampled_from([b"", b"RIFF....WAVE", b"fLaC", b"OggS", b"\xff\xfb", b"\x1aE\xdf\xa3", b"....ftyp"]),
    rest=strategies.binary(max_size=600),
)
def test_whatever_bytes_come_as_sound_the_answer_is_a_problem(
    northwind: Organisation, api: ApiClient, begun: dict[str, Any], head: bytes, rest: bytes
) -> None:
    body = {"challenge": begun["challenge"], "audio": SimpleUploadedFile("a", head + rest)}
    answer = api.upload(f"{begun['ceremony']}/recordings", body)
    assert answer.json()["type"].removeprefix("/problems/audio-") in {
        "empty",
        "unsupported",
        "undecodable",
        "truncated",
        "silent",
        "decoder-limit",
    }
    with organisation_scope(northwind.id, actor="system"):
        assert not CeremonyRecording.objects.exists()


def test_a_recording_under_anothers_phrase_or_none_is_not_taken(
    northwind: Organisation, api: ApiClient, asked: dict[str, Any]
) -> None:
    begin(api, asked)
    for challenge, status, slug in ((str(uuid4()), 404, "challenge-unknown"), ("none", 400, "request-malformed")):
        body = {"challenge": challenge, "audio": SimpleUploadedFile("a", tone(2))}
        problem(api.upload(f"{asked['ceremony']}/recordings", body), status, slug)
    with organisation_scope(northwind.id, actor="system"):
        assert not CeremonyRecording.objects.exists()


@pytest.mark.parametrize(
    "token", ["", "vvc_", "%00", "%ff%fe", "vvc_%F0%9F%98%80", "..%2f..%2fetc", "x" * 5_000, "%ED%A0%80", "vvr_'--"]
)
def test_a_link_that_nobody_was_given_opens_nothing(token: str) -> None:
    """Without any scope, and whatever stands in its place: no address, or no such link."""
    ceremony = [("GET", ""), ("POST", "/challenges"), ("POST", "/recordings"), ("POST", "/receipt")]
    receipt = [("GET", ""), ("GET", "/data"), ("POST", "/withdraw"), ("GET", "/certificate")]
    for page, ways in (("ceremonies", ceremony), ("receipts", receipt)):
        for method, more in ways:
            answer = Client().generic(method, f"/v1/{page}/{token}{more}")
            assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
            assert answer.json()["type"] in {"/problems/link-unknown", "/problems/not-found"}


def test_a_host_that_is_not_ours_is_a_problem_too() -> None:
    answer = Client().get("/v1/keys", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(
    northwind: Organisation, api: ApiClient, voice: Voice, key: str
) -> None:
    body = {"voice": str(voice.id), "text": "Hello.", "language": "en", "purpose": "narration"}
    answer = api.post("/v1/tts/synthesize", body, headers={"Idempotency-Key": key})
    problem(answer, 400, "request-malformed")
    assert counted(northwind)[-1] == 0


@pytest.mark.parametrize(
    "name",
    [
        *("", "  \n ", "7", "\U0001f3a4", "x" * 201, "x" * 100_000, "\ue000", "\u200b", "A" + "\u0301" * 30),
        *("Ama\x00ra", "Ama\x07ra", "\ud800", "\u202earamA", "Ama\u2066ra", "Ama\u00adra", "Ama\u2028ra"),
        *(7.5, True, None, [], {}),
    ],
)
def test_a_name_that_nobody_can_say_or_see_whole_is_refused(
    northwind: Organisation, api: ApiClient, name: object
) -> None:
    body = problem(ask(api, speaker_name=name), 400, "request-malformed")
    assert set(body["errors"]) == {"speaker_name"}
    assert counted(northwind)[:2] == [0, 0]


@pytest.mark.parametrize("use", ["Reads \u202eelpoep ot", "x" * 2_001, "\x00", "a" + "\u0334" * 9])
def test_an_intended_use_that_hides_something_is_refused(api: ApiClient, use: str) -> None:
    assert set(problem(ask(api, intended_use=use), 400, "request-malformed")["errors"]) == {"intended_use"}


@pytest.mark.parametrize(
    "end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00Z"]
)
def test_an_end_that_no_clock_or_life_reaches_is_refused(api: ApiClient, end: str) -> None:
    assert set(problem(ask(api, valid_until=end), 400, "request-malformed")["errors"]) == {"valid_until"}


NAMES = [
    "Zoë \U0001f98a Müller-Lüdenscheidt",
    "محمد علي",
    "שרה כהן",
    "नीना शर्मा",
    "王小明",
    "น้ำใส ใจดี",
    "김민준",
    "Nguyễn Thị Hồng",
    "O'Brien",
    "O\u2019Brien",
    "X Æ A-12",
    "{organisation}",
    "%s %(name)s",
    "<script>alert(1)</script>",
    "I agree that",
    "Nobody Nothing",
    "می\u200cخواهم",
    "\U0001f469\u200d\U0001f680 Ada",
    "ß" * 200,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_goes_through_notice_statement_and_phrase_unchanged(
    northwind: Organisation, api: ApiClient, name: str
) -> None:
    answer = ask(api, speaker_name=name)
    assert (answer.status_code, answer.json()["speaker"]) == (201, name)
    asked = entered(api, northwind, answer.json())
    shown = api.get(asked["ceremony"]).json()
    assert shown["speaker"] == name
    assert name in shown["notice"]
    assert name in shown["statement"]
    assert hashlib.sha256(f"{shown['notice']}\n{shown['statement']}".encode()).hexdigest() == shown["notice_sha256"]
    assert begin(api, asked)["statement"] == shown["statement"]


@pytest.mark.parametrize("name", NAMES[::4])
def test_a_name_of_any_script_is_on_the_receipt_and_in_the_pack_and_can_be_withdrawn(
    northwind: Organisation, name: str
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        path = f"/v1/receipts/{keep(northwind, name=name, held=False).token}"
    speaker = ApiClient(None)
    assert speaker.get(path).json()["receipt"]["pii_principal"]["name"] == name
    pack = zipfile.ZipFile(io.BytesIO(b"".join(speaker.get(f"{path}/data").streaming_content)))
    assert pack.testzip() is None
    assert any(name in pack.read(file).decode(errors="ignore") for file in pack.namelist())
    assert speaker.post(f"{path}/withdraw").json()["status"] == "withdrawn"
    with organisation_scope(northwind.id, actor="system"):
        assert protected_voices.screen_name(name) == ()


@effort(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    body=strategies.dictionaries(
        strategies.sampled_from([*terms(), "jurisdictions", "locale", "speaker_id"]),
        strategies.recursive(
            strategies.none() | strategies.booleans() | strategies.floats() | strategies.integers() | strategies.text(),
            lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner),
            max_leaves=5,
        ),
    )
)
def test_terms_of_any_shape_are_agreed_to_be_asked_or_a_problem(
    northwind: Organisation, api: ApiClient, body: dict[str, Any]
) -> None:
    before = counted(northwind)
    answer = send(api, "/v1/consents", json.dumps({**terms(), **body}).encode(), JSON)
    if answer.status_code == 201:
        assert entered(api, northwind, answer.json())
    else:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] in {"/problems/request-malformed", "/problems/consent-scope"}
        assert counted(northwind) == before
