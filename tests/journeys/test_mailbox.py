"""The demonstration reads mail as it was put into the folder, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings

from deploy.demo.mailbox import texts_to, wait_for_code

AMARA, IVO = "amara@example.org", "ivo@example.org"


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)


def put(to: str, text: str) -> None:
    files = get_connection("django.core.mail.backends.filebased.EmailBackend")
    EmailMessage("Ihr Code für Nordwind", text, "house@example.org", [to], connection=files).send()


def test_the_newest_code_for_this_address_is_found() -> None:
    put(IVO, "Grüße,\n\n111111\n")
    put(AMARA, "Grüße,\n\n222222\n")
    known = texts_to(AMARA)
    put(AMARA, "Noch einer, 444444 ist keiner:\n\n333333\n")
    assert wait_for_code(AMARA, known=known, seconds=1) == "333333"
    assert wait_for_code(IVO, known=set(), seconds=1) == "111111"


def test_a_code_that_never_comes_is_said_to_be_missing() -> None:
    put(AMARA, "222222\n")
    with pytest.raises(RuntimeError, match="No code came by mail"):
        wait_for_code(AMARA, known=texts_to(AMARA), seconds=0.2)
