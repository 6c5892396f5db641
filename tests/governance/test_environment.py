from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from consent.checks import check_mail
from governance import environment


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted"),
    [
        ("smtps://ada:s%40crets@mail.example", "mail.example", 465, ("EMAIL_USE_SSL",)),
        ("smtp://mail.example:2525", "mail.example", 2525, ("EMAIL_USE_TLS",)),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, ()),
        ("smtp://localhost", "localhost", 587, ()),
    ],
)
def test_mail_leaves_this_machine_encrypted_or_not_at_all(
    url: str, host: str, port: int, encrypted: tuple[str, ...]
) -> None:
    found = environment.mail("smtp", url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, port)
    assert tuple(name for name in ("EMAIL_USE_SSL", "EMAIL_USE_TLS") if found[name]) == encrypted


def test_user_and_password_are_read_as_they_were_quoted() -> None:
    found = environment.mail("smtp", "smtps://ada:s%40crets@mail.example")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ada", "s@crets")


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://"])
def test_an_address_that_is_no_mail_server_stops_the_start_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SMTP_URL must look like"):
        environment.mail("smtp", url)


def test_a_backend_is_one_of_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.mail("file", "") == {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
    monkeypatch.setenv("MAIL_BACKEND", "pigeon")
    with pytest.raises(ImproperlyConfigured, match="console, file, smtp"):
        environment.choice("MAIL_BACKEND", "file", among=("console", "file", "smtp"))


def test_a_list_of_duties_that_cannot_be_read_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIBLE_DISCLOSURE", "CN,EU=words")
    assert environment.duties("AUDIBLE_DISCLOSURE") == {"CN": "rhythm", "EU": "words"}
    monkeypatch.setenv("AUDIBLE_DISCLOSURE", "CN=bell")
    with pytest.raises(ImproperlyConfigured, match=r"AUDIBLE_DISCLOSURE cannot be read\. 'bell' is no sign"):
        environment.duties("AUDIBLE_DISCLOSURE")


@pytest.mark.parametrize(
    ("backend", "server", "errors"),
    [
        ("file", "smtps://mail.example", ["consent.E001"]),
        ("console", "smtps://mail.example", ["consent.E001"]),
        ("smtp", "", ["consent.E001"]),
        ("smtp", "smtps://mail.example", []),
    ],
)
def test_a_deployment_whose_mail_stays_here_is_refused(
    settings: Settings, backend: str, server: str, errors: list[str]
) -> None:
    settings.MAIL_BACKEND, settings.SMTP_URL = backend, server
    assert [error.id for error in check_mail(None)] == errors
