from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from audit.events import Event
from audit.queries import entries
from consent import contact, second_factor
from consent.errors import SecondFactorError
from consent.models import CeremonyCode, CeremonySession, ConsentRecord, SpeakerLink
from consent.second_factor import CODES_PER_HOUR, CODES_PER_LINK, TRIES_PER_CODE
from tests.consent.conftest import Ask
from tests.mailbox import enter, mails_to, read_code


@pytest.fixture
def link(asked: ConsentRecord) -> SpeakerLink:
    return SpeakerLink.objects.get(consent=asked, kind="ceremony")


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def refused(link: SpeakerLink, code: str) -> SecondFactorError:
    with pytest.raises(SecondFactorError) as caught:
        second_factor.confirm(link.id, code)
    return caught.value


def later(link: SpeakerLink, **by: float) -> None:
    """Let time pass for every code of a link."""
    for code in CeremonyCode.objects.filter(link=link):
        code.issued_at -= timedelta(**by)
        code.expires_at -= timedelta(**by)
        code.save()


class TestCode:
    def test_goes_to_the_speaker_alone_in_their_language(self, ask: Ask) -> None:
        consent = ask(locale="de", speaker_email="amara@example.org")
        second_factor.send_code(SpeakerLink.objects.get(consent=consent).id)
        (mail,) = mails_to(consent)
        assert (mail.to, mail.subject) == (["amara@example.org"], "Ihr Code für Northwind")
        assert "Haben Sie die Seite nicht selbst geöffnet?" in mail.body

    def test_is_kept_as_a_keyed_hash_and_is_on_no_record(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        code = read_code(link.consent)
        kept = CeremonyCode.objects.get()
        assert (len(kept.code_hash), code in str(vars(kept)["code_hash"])) == (64, False)
        assert code not in str([entry.data for entry in entries(about=link.consent_id)])
        assert [entry.event for entry in entries(about=link.consent_id)][-1] == Event.CONSENT_CODE_SENT

    def test_opens_one_session(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        code = read_code(link.consent)
        opened = second_factor.confirm(link.id, f" {code[:3]} {code[3:]} ")
        assert second_factor.find_session(link.id, opened.token).link_id == link.id
        assert refused(link, code).code == "code-expired"
        assert CeremonySession.objects.count() == 1

    def test_that_is_wrong_opens_nothing_and_leaves_the_right_one_good(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        code = read_code(link.consent)
        for attempt in (another(code), "", "１２３４５６", "0" * 20):
            assert refused(link, attempt).code == "code-wrong"
        assert [entry.data["tries"] for entry in entries(event=Event.CONSENT_CODE_REFUSED)] == [1, 2, 3, 4]
        assert second_factor.confirm(link.id, code).token.startswith("vvs_")

    def test_is_good_for_five_tries(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        code = read_code(link.consent)
        answers = [refused(link, another(code)) for _ in range(TRIES_PER_CODE)]
        assert {answer.code for answer in answers} == {"code-wrong"}
        assert answers[-1].message.endswith("0 tries are left.")
        assert refused(link, code).code == "too-many-attempts"
        assert not CeremonySession.objects.exists()

    def test_runs_out(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        later(link, minutes=10)
        assert refused(link, read_code(link.consent)).code == "code-expired"

    def test_ends_with_the_next(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        first = read_code(link.consent)
        second_factor.send_code(link.id)
        second = read_code(link.consent)
        if first != second:
            assert refused(link, first).code == "code-wrong"
        assert second_factor.confirm(link.id, second).token

    def test_of_another_link_is_wrong(self, ask: Ask) -> None:
        mine, theirs = (SpeakerLink.objects.get(consent=ask(), kind="ceremony") for _ in range(2))
        second_factor.send_code(mine.id)
        second_factor.send_code(theirs.id)
        code = read_code(theirs.consent)
        assert refused(mine, code if code != read_code_of(mine) else another(code)).code == "code-wrong"

    def test_before_any_was_sent_none_is_good(self, link: SpeakerLink) -> None:
        assert refused(link, "000000").code == "code-expired"

    def test_five_are_sent_within_an_hour(self, link: SpeakerLink) -> None:
        for _ in range(CODES_PER_HOUR):
            second_factor.send_code(link.id)
            later(link, minutes=5)
        with pytest.raises(SecondFactorError) as caught:
            second_factor.send_code(link.id)
        assert caught.value.code == "too-many-attempts"
        assert 34 * 60 < (caught.value.wait or 0) <= 35 * 60
        later(link, minutes=35)
        second_factor.send_code(link.id)

    def test_a_link_ends_after_so_many(self, link: SpeakerLink) -> None:
        for _ in range(CODES_PER_LINK):
            second_factor.send_code(link.id)
            later(link, hours=1)
        with pytest.raises(SecondFactorError, match="ask the organisation for a new one"):
            second_factor.send_code(link.id)

    def test_without_an_address_nobody_is_written_to_and_nothing_is_said_to_be_sent(self, link: SpeakerLink) -> None:
        contact.forget(link.consent.speaker_id)
        second_factor.send_code(link.id)
        assert mails_to(link.consent) == []
        assert entries(event=Event.CONSENT_CODE_SENT) == []


def read_code_of(link: SpeakerLink) -> str:
    """The code of an earlier mail than the last."""
    sent = [str(mail.body) for mail in django_mail.outbox]
    assert link.consent.status == "requested"
    return next(line for line in sent[0].splitlines() if line.isdigit())


class TestSession:
    def test_is_kept_as_a_hash_and_lasts_two_hours(self, link: SpeakerLink) -> None:
        second_factor.send_code(link.id)
        opened = second_factor.confirm(link.id, read_code(link.consent))
        kept = CeremonySession.objects.get()
        assert opened.token not in str(vars(kept))
        assert timedelta(minutes=119) < kept.expires_at - timezone.now() <= timedelta(hours=2)
        CeremonySession.objects.update(expires_at=timezone.now())
        with pytest.raises(SecondFactorError) as caught:
            second_factor.find_session(link.id, opened.token)
        assert caught.value.code == "second-factor-needed"

    @pytest.mark.parametrize("token", ["", "vvs_nobody"])
    def test_that_does_not_exist_opens_nothing(self, link: SpeakerLink, token: str) -> None:
        enter(link.consent)
        with pytest.raises(SecondFactorError) as caught:
            second_factor.find_session(link.id, token)
        assert caught.value.code == "second-factor-needed"

    def test_opens_its_own_link_alone(self, ask: Ask) -> None:
        mine, theirs = (SpeakerLink.objects.get(consent=ask(), kind="ceremony") for _ in range(2))
        second_factor.send_code(theirs.id)
        opened = second_factor.confirm(theirs.id, read_code(theirs.consent))
        with pytest.raises(SecondFactorError) as caught:
            second_factor.find_session(mine.id, opened.token)
        assert caught.value.code == "second-factor-needed"

    def test_is_the_sign_of_life_that_opening_the_link_is_not(self, link: SpeakerLink) -> None:
        enter(link.consent)
        link.refresh_from_db()
        assert link.last_used_at is not None
        assert entries(about=link.consent_id)[-1].event == Event.CONSENT_SESSION_OPENED
