from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import link_guard, links
from consent.errors import LinkError, SecondFactorError
from consent.link_guard import MOST_GUESSES
from consent.models import ConsentRecord, LinkGuess

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def token(asked: ConsentRecord) -> str:
    return links.new_link(asked, kind="receipt", expires_at=timezone.now() + timedelta(days=7))


def guess(times: int, *, address: str = HERE) -> None:
    for number in range(times):
        with pytest.raises(LinkError):
            link_guard.open_link(f"vvr_{number}", kind="receipt", address=address)


def test_a_known_link_opens_however_often(token: str, asked: ConsentRecord) -> None:
    opened = {link_guard.open_link(token, kind="receipt", address=HERE).consent_id for _ in range(MOST_GUESSES + 1)}
    assert opened == {asked.id}
    assert not LinkGuess.objects.exists()


def test_after_many_guesses_not_even_a_real_link_opens_for_a_while_from_there(token: str, asked: ConsentRecord) -> None:
    guess(MOST_GUESSES)
    with pytest.raises(SecondFactorError) as caught:
        link_guard.open_link(token, kind="receipt", address=HERE)
    assert caught.value.code == "too-many-attempts"
    assert 590 < (caught.value.wait or 0) <= 600
    assert link_guard.open_link(token, kind="receipt", address=ELSEWHERE).consent_id == asked.id
    LinkGuess.objects.update(at=timezone.now() - timedelta(minutes=10))
    assert link_guard.open_link(token, kind="receipt", address=HERE).consent_id == asked.id


def test_a_few_slips_stop_nobody(token: str, asked: ConsentRecord) -> None:
    guess(MOST_GUESSES - 1)
    assert link_guard.open_link(token, kind="receipt", address=HERE).consent_id == asked.id


def test_a_link_that_has_expired_is_no_guess(asked: ConsentRecord) -> None:
    old = links.new_link(asked, kind="receipt", expires_at=timezone.now())
    with pytest.raises(LinkError, match="expired"):
        link_guard.open_link(old, kind="receipt", address=HERE)
    assert not LinkGuess.objects.exists()


def test_where_guesses_came_from_is_not_written_down_and_soon_forgotten(asked: ConsentRecord) -> None:
    guess(2)
    assert HERE not in str(list(LinkGuess.objects.values()))
    LinkGuess.objects.update(at=timezone.now() - timedelta(minutes=61))
    guess(1)
    assert LinkGuess.objects.count() == 1
