"""The mailbox of the cast: mail that the demonstration's installation puts into a folder, as its speakers read it."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings

from consent.second_factor import DIGITS

_CODE = re.compile(rf"^(\d{{{DIGITS}}})$", re.MULTILINE)
_RULE = re.compile(rb"^-{79}$", re.MULTILINE)


def wait_for_code(address: str, *, known: set[str], seconds: float = 120.0) -> str:
    """The code in a mail to this address that was not `known` before; raises `RuntimeError` when none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for text in mails_to(address).values():
            found = _CODE.search(text)
            if found and text not in known:
                return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"No code came by mail within {seconds:.0f} seconds; is the worker running?")


def texts_to(address: str) -> set[str]:
    """What was written to this address so far."""
    return set(mails_to(address).values())


def mails_to(address: str) -> dict[str, str]:
    """Message identifiers and texts, of every mail in the folder to this address."""
    found = {}
    for file in sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log")):
        for raw in _RULE.split(file.read_bytes()):  # two that are sent in one second may share a file
            message = message_from_bytes(raw.lstrip(), policy=policy.default)
            if address in str(message["To"]):
                found[str(message["Message-ID"])] = str(message.get_content())
    return found
