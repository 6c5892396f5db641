from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from governance.console.clips import part_of
from governance.delivery import Released
from governance.models import Decision
from tenancy.models import Organisation, User
from tenancy.scope import organisation_scope
from tests.governance.console_rows import fill

SOUND = bytes(range(100))


@pytest.mark.parametrize(
    ("asked", "status", "sound", "content_range"),
    [
        (None, 200, SOUND, None),
        ("bytes=0-", 206, SOUND, "bytes 0-99/100"),
        ("bytes=10-19", 206, SOUND[10:20], "bytes 10-19/100"),
        ("bytes=90-500", 206, SOUND[90:], "bytes 90-99/100"),
        ("bytes=100-", 200, SOUND, None),
        ("bytes=20-10", 200, SOUND, None),
        ("bytes=-5", 200, SOUND, None),
        ("lines=1-2", 200, SOUND, None),
    ],
)
def test_a_player_may_ask_for_one_range(
    asked: str | None, status: int, sound: bytes, content_range: str | None
) -> None:
    request = RequestFactory().get("/", headers={"Range": asked} if asked else {})
    response = part_of(request, Released(SOUND, "audio/wav", "clip.wav"))
    assert (response.status_code, response.content, response.get("Content-Range")) == (status, sound, content_range)


def test_a_refused_release_gives_every_reason_in_plain_words_and_its_decision_is_kept(
    client: Client, northwind: Organisation, ruth: User
) -> None:
    clip = fill(northwind, speaker_name="Amara").clip  # whose speaker has no key: nothing could be opened
    client.force_login(ruth)
    response = client.get(reverse("console:clip-audio", args=[clip.id, "wav"]))
    page = response.content.decode()
    assert response.status_code == 403
    assert "The clip was not released" in page
    assert "The key that protects this speaker&#x27;s recordings is gone" in page
    with organisation_scope(northwind.id, actor="system"):
        assert Decision.objects.get(request=clip.permit.request, stage="delivery").effect == "deny"


def test_only_the_forms_that_are_kept_exist(client: Client, northwind: Organisation, ruth: User) -> None:
    clip = fill(northwind, speaker_name="Amara").clip
    client.force_login(ruth)
    address = reverse("console:clip-audio", args=[clip.id, "wav"]).removesuffix("wav")
    for form, status in (("ogg", 404), ("aiff", 404), ("m4a", 403)):
        assert client.get(address + form).status_code == status  # the gate answers only where there is something
    page = client.get(reverse("console:clip", args=[clip.id])).content.decode()
    assert all(f">{form}</a>" in page for form in ("WAV", "MP3", "FLAC", "M4A"))
