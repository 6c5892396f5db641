"""The public detector: one word for anybody, rarely, and nothing kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from deploy.demo.cast import IVO, PASSAGES, say
from governance.forensic_models import DetectorCall, Examination
from governance.forensics import public
from governance.models import Detection
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.governance.forensic_files import make_clip
from tests.governance.test_api_refusals import problem
from tests.marks import FOUND_IN_NOTHING
from watermark import register, testifying

pytestmark = pytest.mark.django_db
ADDRESS = "/v1/detector"


@pytest.fixture(autouse=True)
def _fresh_library() -> Iterator[None]:
    """What other tests registered was rolled back, and is in no library."""
    register.forget_library()
    yield
    register.forget_library()


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector's own work is tried elsewhere."""
    monkeypatch.setattr(testifying, "screen", lambda *_, **__: "not_marked")


@pytest.fixture
def undecoded(unheard: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For counting: no program is started for each call."""
    decoded = decode(hum())
    monkeypatch.setattr(public, "decode", lambda _: decoded)


def ask(audio: bytes, *, address: str = "192.0.2.7") -> Any:
    body = {"audio": SimpleUploadedFile("speech.wav", audio)}
    return Client().post(ADDRESS, body, REMOTE_ADDR=address)


def hum(seconds: float = 1.0) -> bytes:
    ticks = np.arange(round(seconds * 8_000), dtype=np.float32)
    return encode_wav(Waveform((0.1 * np.sin(ticks / 9)).astype(np.float32), 8_000))


@pytest.mark.slow
def test_anybody_learns_whether_it_is_marked_and_nothing_more(northwind: Organisation) -> None:
    speech = decode(say(IVO, PASSAGES[0])).waveform
    made = make_clip(northwind, speech)
    with organisation_scope(northwind.id, actor="system"):
        before = (Entry.objects.count(), Detection.objects.count(), Examination.objects.count())
    response = ask(made.wav)
    assert (response.status_code, response.json()) == (200, {"verdict": "marked"})
    assert response["Cache-Control"] == "no-store"
    unmarked = ask(encode_wav(speech)).json()
    assert list(unmarked) == ["verdict"]
    assert unmarked["verdict"] in FOUND_IN_NOTHING
    with organisation_scope(northwind.id, actor="system"):
        assert (Entry.objects.count(), Detection.objects.count(), Examination.objects.count()) == before


def test_an_address_may_ask_ten_times_an_hour_and_another_still_may(undecoded: None) -> None:
    for _ in range(public.MOST_CALLS):
        assert ask(hum()).status_code == 200
    refused = ask(hum())
    problem(refused, 429, "too-many-requests")
    assert 0 < int(refused["Retry-After"]) <= 3_601
    assert ask(hum(), address="192.0.2.8").status_code == 200
    DetectorCall.objects.update(at=timezone.now() - public.WITHIN - timedelta(seconds=1))
    assert ask(hum()).status_code == 200


def test_what_is_refused_for_what_it_is_counts_too(unheard: None) -> None:
    for _ in range(public.MOST_CALLS):
        problem(ask(b"no sound"), 415, "audio-unsupported")
    problem(ask(hum()), 429, "too-many-requests")


def test_an_ipv6_network_is_one_address(undecoded: None) -> None:
    for host in range(public.MOST_CALLS):
        assert ask(hum(), address=f"2001:db8::{host + 1:x}").status_code == 200
    problem(ask(hum(), address="2001:db8::ffff"), 429, "too-many-requests")


def test_of_the_address_only_a_keyed_hash_is_kept_for_an_hour(undecoded: None) -> None:
    ask(hum())
    (call,) = DetectorCall.objects.all()
    assert "192.0.2.7" not in call.address_hash
    assert len(call.address_hash) == 64
    DetectorCall.objects.update(at=timezone.now() - public.WITHIN - timedelta(seconds=1))
    ask(hum(), address="192.0.2.8")
    assert DetectorCall.objects.count() == 1


def test_what_is_silent_too_long_or_not_sent_is_refused(unheard: None) -> None:
    problem(ask(encode_wav(Waveform(np.zeros(8_000, np.float32), 8_000))), 422, "audio-silent")
    problem(ask(hum(public.LONGEST_SECONDS + 1)), 422, "audio-too-long")
    problem(Client().post(ADDRESS, {}, REMOTE_ADDR="192.0.2.9"), 400, "request-malformed")


def test_a_process_listens_to_one_at_a_time(unheard: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "PATIENCE_SECONDS", 0.05)
    assert public._busy.acquire(timeout=1)
    try:
        problem(ask(hum()), 429, "too-many-requests")
    finally:
        public._busy.release()
    assert ask(hum()).status_code == 200
