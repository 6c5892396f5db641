from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from pytest_django import Settings

from consent import phrases
from consent.wording import wording
from deploy.demo.cast import IVO, say_in_one
from governance import do_not_clone
from governance.do_not_clone import ProtectionRequestError
from safety import lists
from safety.hearing import embed_voice
from safety.models import ListChange
from safety.protected_voices import screen
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope

HEARD_WELL = (
    "window",
    "garden",
    "silver",
    "river",
    "yellow",
    "morning",
    "paper",
    "winter",
    "mountain",
    "summer",
    "orange",
)
pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("heard_once")]


@pytest.fixture(autouse=True)
def _words_that_ears_know(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A drawn phrase may hold words that a synthetic voice mumbles, and making its speech takes time."""
    settings.CHALLENGE_SECONDS = 600
    words = [word for word in HEARD_WELL if word in wording("en").phrase_words]
    assert len(words) >= 4
    monkeypatch.setattr(phrases, "new_phrase", lambda **_language: ", ".join(words[:5]))


def spoken(asked: do_not_clone.Asked, *, phrase: str | None = None) -> bytes:
    return say_in_one(IVO, asked.statement, phrase or asked.request.phrase)


def test_who_says_so_aloud_is_protected_once_the_operator_agrees(northwind: Organisation) -> None:
    asked = do_not_clone.ask(name="Ivo Brandt")
    recording = spoken(asked)
    do_not_clone.receive(asked.request, recording)
    with pytest.raises(ProtectionRequestError, match="was used"):
        do_not_clone.receive(asked.request, recording)
    do_not_clone.verify(asked.request.id)
    heard = do_not_clone.find(asked.token)
    (doubt,) = heard.reasons  # a synthetic voice plays Ivo, and the detector finds it out
    assert (doubt["rule"], doubt["effect"], heard.status) == ("ceremony-may-be-synthetic", "hold", "verified")
    assert doubt["way_forward"] == do_not_clone.OPERATOR_DECIDES
    call_command("decide_protection", stdout=(shown := io.StringIO()))
    assert shown.getvalue() == (
        f"{heard.change_id}  add  Ivo Brandt  on “{do_not_clone.LIST}”\n    In doubt: {doubt['explanation']}\n"
    )
    with platform_scope():
        heard.refresh_from_db()
        assert heard.recording is None
        change = ListChange.objects.select_related("listing").get(id=heard.change_id)
        assert change.status == "proposed"
        lists.apply_as_operator(change)
    with organisation_scope(northwind.id, actor="system"):
        voice = embed_voice(decode(recording).waveform, encoders=speaker_encoders())
        assert ("Ivo Brandt", "match") in [(match.name, match.outcome) for match in screen(voice)]


def test_a_recording_without_the_phrase_protects_nobody() -> None:
    asked = do_not_clone.ask(name="Ivo Brandt")
    do_not_clone.receive(asked.request, spoken(asked, phrase="nothing, of, the, sort, here"))
    do_not_clone.verify(asked.request.id)
    refused = do_not_clone.find(asked.token)
    assert refused.status == "refused"
    assert "phrase-not-heard" in [reason["rule"] for reason in refused.reasons]
    assert refused.change_id is None


def test_it_can_be_asked_for_in_every_language_that_there_is(northwind: Organisation) -> None:
    assert do_not_clone.ask(name="Ivo Brandt", locale="de").statement.startswith("Mein Name ist Ivo Brandt. Ich möchte")
    with pytest.raises(ProtectionRequestError, match="de, en"):
        do_not_clone.ask(name="Ivo Brandt", locale="fr")
