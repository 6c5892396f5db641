from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import ceremony, contact
from consent.errors import ConsentError
from consent.models import ConsentRecord, Speaker
from consent.notice import fingerprint
from tenancy import keyring
from tenancy.models import Organisation
from tests.consent.conftest import terms

pytestmark = pytest.mark.usefixtures("in_northwind")


def test_keeps_the_very_words_that_will_be_shown(northwind: Organisation) -> None:
    consent, _ = ceremony.request_consent(**terms())
    assert consent.status == "requested"
    assert "I am Amara Okafor. I agree that Northwind" in consent.statement
    assert consent.notice_sha256 == fingerprint(consent.notice_text, consent.statement)
    assert (consent.locale, consent.organisation_id) == ("en", northwind.id)


def test_the_link_opens_this_ceremony() -> None:
    consent, token = ceremony.request_consent(**terms())
    assert ceremony.find_link(token, kind="ceremony").consent_id == consent.id


def test_two_people_of_one_name_are_two_speakers() -> None:
    first, _ = ceremony.request_consent(**terms())
    second, _ = ceremony.request_consent(**terms())
    assert first.speaker_id != second.speaker_id


def test_a_known_speaker_can_be_asked_again(amara: Speaker) -> None:
    consent, _ = ceremony.request_consent(**terms(speaker_id=amara.id))
    assert consent.speaker_id == amara.id


def test_purposes_are_kept_once_each_and_inactive() -> None:
    consent, _ = ceremony.request_consent(**terms(purposes=["games", "narration", "games"]))
    assert sorted(consent.purposes.values_list("purpose", "active")) == [("games", False), ("narration", False)]


def test_languages_are_kept_without_region() -> None:
    consent, _ = ceremony.request_consent(**terms(languages=["en-GB", "en", "de"]))
    assert consent.languages == ["de", "en"]


def test_places_are_kept_once_each_and_none_need_be_named() -> None:
    named, _ = ceremony.request_consent(**terms(jurisdictions=["US-IL", "EU", "EU"]))
    unnamed, _ = ceremony.request_consent(**terms())
    assert (named.jurisdictions, unnamed.jurisdictions) == (["EU", "US-IL"], [])


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"purposes": ["world-domination"]}, "Nobody can agree to world-domination"),
        ({"purposes": []}, "must say purposes"),
        ({"languages": []}, "must say languages"),
        ({"intended_use": "  "}, "must say intended_use"),
        ({"intended_use": "Audiobooks and some other things"}, "at least 8 words"),
        ({"speaker_name": "\n"}, "must say speaker_name"),
        ({"speaker_email": None}, "Give an e-mail address"),
        ({"speaker_email": "amara at example.org"}, "Give an e-mail address"),
        ({"speaker_email": "amara@example.org\nBcc: ivo@example.org"}, "Give an e-mail address"),
        ({"speaker_email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org"}, "Give an e-mail address"),
        ({"territory": []}, "must say territory"),
        ({"territory": ["XX"]}, "where XX is"),
        ({"territory": ["worldwide", "DE"]}, "where WORLDWIDE is"),
        ({"compensation": " "}, "may be 'none'"),
        ({"valid_until": timezone.now() - timedelta(seconds=1)}, "end in the future"),
        ({"locale": "xx"}, "not in 'xx'"),
    ],
)
def test_terms_nobody_can_agree_to_are_refused_and_nothing_is_kept(wrong: dict[str, Any], because: str) -> None:
    with pytest.raises(ConsentError, match=because) as caught:
        ceremony.request_consent(**terms(**wrong))
    assert caught.value.code == "consent-scope"
    assert not ConsentRecord.objects.exists()
    assert not Speaker.objects.exists()


def test_what_was_agreed_is_kept_as_it_was_asked() -> None:
    consent, _ = ceremony.request_consent(
        **terms(territory=["gb", "ie", "GB"], recipients=["Harbour Books", " ", "Harbour  Books"])
    )
    kept = ConsentRecord.objects.get(id=consent.id)
    assert (kept.territory, kept.recipients) == (["GB", "IE"], ["Harbour Books"])
    assert (kept.compensation, kept.clips_may_be_distributed) == ("300 euros for each book", True)
    everywhere, _ = ceremony.request_consent(**terms(territory=["Worldwide"]))
    assert everywhere.territory == ["worldwide"]


class TestAddress:
    def test_is_sealed_for_the_speaker_alone_and_on_no_record(self) -> None:
        consent, _ = ceremony.request_consent(**terms(speaker_email=" amara@example.org "))
        speaker = Speaker.objects.get()
        assert contact.address_of(speaker) == "amara@example.org"
        assert "example.org" not in str([(entry.data, entry.refs) for entry in entries(about=consent.id)])
        assert "example.org" not in str(list(Speaker.objects.values())) + str(list(ConsentRecord.objects.values()))
        (requested,) = entries(event=Event.CONSENT_REQUESTED)
        assert set(requested.data) == {"purposes", "territory", "jurisdictions", "notice_sha256"}

    def test_of_a_known_speaker_need_not_be_said_again_and_cannot_be_exchanged(self) -> None:
        first, _ = ceremony.request_consent(**terms())
        again, _ = ceremony.request_consent(**terms(speaker_id=first.speaker_id, speaker_email=None))
        ceremony.request_consent(**terms(speaker_id=first.speaker_id, speaker_email="Amara@example.org"))
        assert again.speaker_id == first.speaker_id
        with pytest.raises(ConsentError, match="known at another address"):
            ceremony.request_consent(**terms(speaker_id=first.speaker_id, speaker_email="studio@example.com"))
        assert contact.address_of(Speaker.objects.get()) == "amara@example.org"

    def test_of_a_speaker_who_was_erased_is_not_taken_again(self) -> None:
        first, _ = ceremony.request_consent(**terms())
        keyring.shred(subject_id=first.speaker_id)
        with pytest.raises(ConsentError, match="was destroyed"):
            ceremony.request_consent(**terms(speaker_id=first.speaker_id))

    def test_of_a_speaker_without_one_is_asked_for(self, amara: Speaker) -> None:
        with pytest.raises(ConsentError, match="Give an e-mail address"):
            ceremony.request_consent(**terms(speaker_id=amara.id, speaker_email=None))
