"""Finding the signed receipt in what people send: pasted text with line breaks, a text file, the receipt's PDF."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from consent.errors import ReceiptError

LARGEST_FILE = 2 * 1024 * 1024
_MOST_STREAMS = 200
_LARGEST_STREAM = 1024 * 1024  # bytes, once inflated
_PDF = b"%PDF-"
_TOKEN = re.compile(
    rb"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,600}\.[A-Za-z0-9_-]{10,65536}\.[A-Za-z0-9_-]{86}(?:~[A-Za-z0-9_-]+)*~"
)
_STREAM = re.compile(rb"stream\r?\n")


def in_text(text: str) -> str:
    """A pasted receipt without the line breaks and spaces that mail programs put into it; nothing is checked."""
    return "".join(text.split())


def in_file(content: bytes) -> str:
    """The one receipt in a file.

    A PDF is searched, never interpreted: its attachments as they are, and what is in its compressed streams, up to
    a limit.

    Raises:
        ReceiptError: receipt-too-large, receipt-not-found, or receipt-several.
    """
    if len(content) > LARGEST_FILE:
        raise ReceiptError("The file is larger than a receipt can be.", code="receipt-too-large")
    if not content.lstrip().startswith(_PDF):
        content = b"".join(content.split())
    found: dict[bytes, bytes] = {}
    for part in (content, *_inflated(content)):
        for token in _TOKEN.findall(part):
            signed = token.partition(b"~")[0]
            found[signed] = max(token, found.get(signed, b""), key=len)
    if not found:
        raise ReceiptError("There is no signed receipt in this file.", code="receipt-not-found")
    if len(found) > 1:
        raise ReceiptError("There is more than one receipt in this file.", code="receipt-several")
    (token,) = found.values()
    return token.decode()


def _inflated(content: bytes) -> Iterator[bytes]:
    """What is in the compressed streams of a PDF; a stream that is compressed in another way is passed over."""
    for number, start in enumerate(_STREAM.finditer(content)):
        if number == _MOST_STREAMS:
            return
        try:
            yield zlib.decompressobj().decompress(content[start.end() :], _LARGEST_STREAM)
        except zlib.error:
            continue
