"""Manifests found again: by name, by clip, by the binding they carry, and by the mark in a recording."""

from __future__ import annotations

import json
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import c2pa
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import Entry
from governance import provenance
from governance.api.provenance import AskedModestly
from tenancy.api_keys import ApiScope
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip
from tests.governance.conftest import ApiClient
from tests.watermark.manifests import claim, encoded
from watermark.provenance import store, trust
from watermark.provenance.claim import MARK_ALG, binding_value
from watermark.provenance.signing import Signed, make
from watermark.testimony import Candidate

PREFIX = "/v1/provenance"


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    cache.clear()


@pytest.fixture
def clip_id() -> UUID:
    return new_id()


@pytest.fixture
def kept(northwind: Organisation, clip_id: UUID) -> dict[str, Signed]:
    with organisation_scope(northwind.id, actor="system"):
        signed = {form: make(encoded(form), form=form, claim=claim(clip_id)) for form in ("wav", "mp3")}
        for form, one in signed.items():
            store.keep(one, clip_id=clip_id, form=form)  # type: ignore[arg-type]
    return signed


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, northwind: Organisation, clip_id: UUID) -> list[Candidate]:
    """What the examination of any sound names; its own tests show that it names rightly."""
    found = [_candidate(clip_id, northwind.id)]
    monkeypatch.setattr(
        provenance.testifying, "examine", lambda _waveform, **_: SimpleNamespace(candidates=tuple(found))
    )
    monkeypatch.setattr(provenance.register, "library", dict)
    return found


def _candidate(clip_id: UUID, organisation_id: UUID, *, content: Any = "same") -> Candidate:
    return Candidate(clip_id, organisation_id, 0, 12.0, -20.0, 6.0, 1.0, 0.0, content, 0.9)


def _labels(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    assert {one["endpoint"] for one in response.json()["matches"]} <= {"http://testserver/v1/provenance"}
    return [one["manifestId"] for one in response.json()["matches"]]


def test_a_manifest_is_had_by_its_name_without_a_key(kept: dict[str, Signed]) -> None:
    answer = Client().get(f"{PREFIX}/manifests/{kept['mp3'].label}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/c2pa")
    assert answer.content == kept["mp3"].manifest


def test_a_manifest_is_had_by_its_clip_and_form(kept: dict[str, Signed], clip_id: UUID) -> None:
    first, mp3 = (Client().get(f"{PREFIX}/manifests/{clip_id}{query}") for query in ("", "?form=mp3"))
    assert (first.content, mp3.content) == (kept["wav"].manifest, kept["mp3"].manifest)


def test_a_recovered_manifest_validates_beside_the_delivered_file_and_not_beside_another(
    kept: dict[str, Signed], clip_id: UUID
) -> None:
    manifest = Client().get(f"{PREFIX}/manifests/{clip_id}?form=mp3").content
    context = c2pa.Context(c2pa.Settings.from_dict(trust.reader_settings(trust.anchors(trust.own_certificates()))))
    states = []
    for audio in (kept["mp3"].audio, encoded("mp3", seed=9)):
        with c2pa.Reader("audio/mpeg", BytesIO(audio), manifest, context) as reader:
            states.append(reader.get_validation_state())
            assert json.loads(reader.json())["active_manifest"] == kept["mp3"].label
    assert states == ["Trusted", "Invalid"]


@pytest.mark.parametrize("name", ["urn:c2pa:none", "0192b7a2-6f3c-7e1a-9d2b-3f4a5b6c7d8e", "x"])
def test_a_manifest_that_is_not_there_is_not_found(db: None, name: str) -> None:
    answer = Client().get(f"{PREFIX}/manifests/{name}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_the_binding_that_a_manifest_carries_leads_to_it(kept: dict[str, Signed], clip_id: UUID) -> None:
    ask = {"alg": MARK_ALG, "value": binding_value(clip_id)}
    labels = [kept["wav"].label, kept["mp3"].label]
    assert _labels(Client().get(f"{PREFIX}/matches/byBinding", ask)) == labels
    assert _labels(Client().post(f"{PREFIX}/matches/byBinding", ask, content_type="application/json")) == labels
    assert _labels(Client().get(f"{PREFIX}/matches/byBinding", {**ask, "maxResults": 1})) == labels[:1]


def test_another_algorithm_or_value_leads_to_nothing(kept: dict[str, Signed], clip_id: UUID) -> None:
    for alg, value in (
        ("com.example.other", binding_value(clip_id)),
        (MARK_ALG, binding_value(new_id())),
        (MARK_ALG, "?"),
    ):
        assert _labels(Client().get(f"{PREFIX}/matches/byBinding", {"alg": alg, "value": value})) == []


def test_a_question_without_a_value_is_malformed(db: None) -> None:
    answer = Client().get(f"{PREFIX}/matches/byBinding", {"alg": MARK_ALG})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["value"])


def test_the_mark_in_a_stripped_recording_leads_to_its_manifests(
    kept: dict[str, Signed], heard: list[Candidate], northwind: Organisation, rival: Organisation, rival_api: ApiClient
) -> None:
    answer = rival_api.upload(
        f"{PREFIX}/matches/byContent", {"audio": SimpleUploadedFile("found.wav", encoded("wav"), "audio/wav")}
    )
    assert _labels(answer) == [kept["wav"].label, kept["mp3"].label]
    for organisation in (northwind, rival):
        with organisation_scope(organisation.id, actor="system"):
            said = Entry.objects.filter(event="provenance:manifest:resolved").values_list("refs", "data")
            assert list(said) == [({"clip": str(heard[0].clip_id)}, {"manifests": 2})]


def test_a_recording_may_be_the_whole_body(
    kept: dict[str, Signed], heard: list[Candidate], rival_api: ApiClient
) -> None:
    answer = rival_api.client.post(
        f"{PREFIX}/matches/byContent", encoded("mp3"), content_type="audio/mpeg", headers=rival_api.headers
    )
    assert _labels(answer) == [kept["wav"].label, kept["mp3"].label]


def test_a_mark_copied_onto_other_words_leads_to_nothing(
    kept: dict[str, Signed], heard: list[Candidate], northwind: Organisation, api: ApiClient
) -> None:
    heard[:] = [_candidate(heard[0].clip_id, northwind.id, content="other")]
    upload = {"audio": SimpleUploadedFile("found.wav", encoded("wav"), "audio/wav")}
    assert _labels(api.upload(f"{PREFIX}/matches/byContent", upload)) == []


def test_only_a_key_that_may_detect_asks_by_content(northwind: Organisation, heard: list[Candidate]) -> None:
    upload = {"audio": SimpleUploadedFile("found.wav", encoded("wav"), "audio/wav")}
    keyless = ApiClient(None).upload(f"{PREFIX}/matches/byContent", upload)
    other = ApiClient(equip(northwind, ApiScope.AUDIT).secret).upload(f"{PREFIX}/matches/byContent", upload)
    assert (keyless.status_code, other.status_code) == (401, 403)


def test_what_is_no_sound_is_refused(api: ApiClient, heard: list[Candidate]) -> None:
    upload = {"audio": SimpleUploadedFile("found.wav", b"hello" * 100, "audio/wav")}
    assert api.upload(f"{PREFIX}/matches/byContent", upload).json()["type"] == "/problems/audio-unsupported"


def test_the_algorithms_and_the_roots_are_told_to_anyone(kept: dict[str, Signed]) -> None:
    algorithms = Client().get(f"{PREFIX}/services/supportedAlgorithms").json()
    assert algorithms == {"watermarks": [{"alg": MARK_ALG}], "fingerprints": []}
    roots = Client().get(f"{PREFIX}/anchors").content.decode()
    assert roots == trust.own_certificates()[0].anchor


def test_a_collection_is_not_copied_question_by_question(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AskedModestly, "rate", "3/hour")
    codes = [Client().get(f"{PREFIX}/manifests/x").status_code for _ in range(4)]
    assert codes == [404, 404, 404, 429]
