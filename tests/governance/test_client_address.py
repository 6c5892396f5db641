from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from governance.api.client_address import client_address


@pytest.mark.parametrize(
    ("behind", "seen", "forwarded", "address"),
    [
        (False, "192.0.2.1", "", "192.0.2.1"),
        (False, "192.0.2.1", "198.51.100.9", "192.0.2.1"),
        (True, "127.0.0.1", "203.0.113.66, 198.51.100.9", "198.51.100.9"),
        (True, "127.0.0.1", "", "127.0.0.1"),
        (False, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (True, "127.0.0.1", "nonsense", "unknown"),
        (False, "", "", "unknown"),
    ],
)
def test_guesses_are_counted_by_who_really_asks(
    settings: Settings, seen: str, forwarded: str, address: str, *, behind: bool
) -> None:
    settings.BEHIND_TLS = behind
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=seen)
    assert client_address(request) == address
