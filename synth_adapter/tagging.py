"""Tags that say what a file is, in the two forms no encoder here writes well: RIFF INFO and ID3v2.4.

Tags are named as libavformat names them (`title`, `artist`, `comment`, …). A container with only a fixed set of fields
takes every other tag as a line `name=value` of its comment, so that none is lost.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

INFO_FIELDS = {
    "title": b"INAM",
    "artist": b"IART",
    "comment": b"ICMT",
    "copyright": b"ICOP",
    "genre": b"IGNR",
    "date": b"ICRD",
    "language": b"ILNG",
    "encoder": b"ISFT",
}
"""RIFF INFO (Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft 1991)."""
ID3_FRAMES = {
    "title": b"TIT2",
    "artist": b"TPE1",
    "copyright": b"TCOP",
    "genre": b"TCON",
    "date": b"TDRC",
    "encoder": b"TSSE",
}
"""Text frames of ID3v2.4 (id3.org/id3v2.4.0-frames, section 4.2)."""
ATOMS = ("title", "artist", "comment", "copyright", "genre", "date", "encoder")
"""What libavformat writes into an M4A's `ilst`; others it drops."""
UTF_8 = b"\x03"
TAG_BYTES_MOST = 1 << 20


def folded(tags: Mapping[str, str], *, fields: tuple[str, ...]) -> dict[str, str]:
    """The same tags with only `fields` as names: the others are lines of the comment, in their order."""
    kept = {name: text for name, text in tags.items() if name in fields and name != "comment"}
    lines = [tags["comment"]] if "comment" in tags else []
    lines += [f"{name}={text}" for name, text in tags.items() if name not in fields and name != "comment"]
    return {**kept, "comment": "\n".join(lines)} if lines else kept


def info_chunk(tags: Mapping[str, str]) -> bytes:
    """A `LIST` chunk of type `INFO`, texts as UTF-8; empty without tags."""
    if not tags:
        return b""
    fields = b"".join(
        _chunk(INFO_FIELDS[name], text.encode() + b"\0")
        for name, text in folded(_checked(tags), fields=tuple(INFO_FIELDS)).items()
    )
    return _chunk(b"LIST", b"INFO" + fields)


def id3_tag(tags: Mapping[str, str]) -> bytes:
    """An ID3v2.4 tag to stand before the first MPEG frame, texts as UTF-8; empty without tags."""
    if not tags:
        return b""
    frames = b"".join(_id3_frame(name, text) for name, text in _checked(tags).items())
    return b"ID3\x04\x00\x00" + _seven_bit(len(frames)) + frames


def _id3_frame(name: str, text: str) -> bytes:
    if name == "comment":
        kind, body = b"COMM", b"eng\0" + text.encode()  # its language, an empty description, the text
    elif name in ID3_FRAMES:
        kind, body = ID3_FRAMES[name], text.encode()
    else:
        kind, body = b"TXXX", name.encode() + b"\0" + text.encode()
    return kind + _seven_bit(len(body) + 1) + b"\0\0" + UTF_8 + body


def _checked(tags: Mapping[str, str]) -> Mapping[str, str]:
    """The tags; raises `ValueError` for what would end a field early or fill the file."""
    if any("\0" in name + text for name, text in tags.items()):
        raise ValueError("A tag has no NUL characters.")
    if sum(len((name + text).encode()) for name, text in tags.items()) > TAG_BYTES_MOST:
        raise ValueError(f"Tags have at most {TAG_BYTES_MOST} bytes together.")
    return tags


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _seven_bit(size: int) -> bytes:
    """A size of ID3v2.4: four bytes of seven bits each."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
