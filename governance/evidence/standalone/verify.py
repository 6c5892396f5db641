"""Checks, offline and without trusting whoever made it, that a bundle of forensic evidence is whole and unchanged.

WHAT IT NEEDS
    Python 3.11 or newer and the package `cryptography` (written against 50.0.2): this one file imports nothing else
    and opens no network connection. It can be read in an hour. A copy lies in each bundle; as whoever changes a bundle
    could change that copy too, take it from somewhere else if you can, or read it first.
        verify.py bundle.zip                 the bundle as it was handed over: every byte of the file counts
        verify.py folder                     the same, unpacked: every file counts

WHAT YOU SHOULD BRING YOURSELF
    Keys that you trust, from a contract, a printed page or a regulator, not from the one who shows the bundle:
        --key KEY           the platform's signing key (Ed25519, 32 bytes in base64url; may be repeated), or
        --keys FILE         a JWK set, as GET /v1/keys answers
        --trust FILE        PEM: the root of the certificates under the statement and the report
        --log-key KEY       a verifier key of the log, such as `example.com/log+1a2b3c4d+AeHT…` (may be repeated)
        --authorities FILE  PEM: the roots of the time-stamp authorities
    Without one of them that part is checked with what lies in the bundle, and the answer says so: it then shows that
    the bundle fits together, not who made it.

WHAT IT CHECKS
    container      the zip file is, byte by byte, the one way to write its members
    manifest       a signature (DSSE) under the list of all files with their SHA-256
    files          none changed, none missing, none added
    statement      a signature (DSSE) under the in-toto statement; it speaks of the original that lies here, of the
                   protocol and of the findings on its manifest of origin (C2PA)
    certificates   statement and report were signed with keys that lead to one root
    custody        the chain of custody: every event follows from the one before, every file from the original
    log            each record is in the transparency log (RFC 9162), says what the statement says, in that order, and
                   the protocol was fixed before the examination ended
    time-stamps    RFC 3161: the statement existed at that time
    report         the PDF's own signature covers all of it, and the statement is attached to it; where an archive
                   time-stamp follows, it covers that and what was added for later checks (certificates)

HOW IT ANSWERS
    Exit status 0: everything held. 1: something did not; each thing that is wrong is named. 2: wrong command line.
    `--json` prints the same as JSON. A 0 says that nothing was changed and who signed. It does not say that what was
    examined is what somebody claims it to be, nor that what is stated is true; nor does it look into whether a
    certificate was revoked. Signatures of witnesses under the log's state are checked by `verify_log.py proof`.

SOURCES
    https://github.com/secure-systems-lab/dsse (protocol.md 1.0.0); in-toto Statement v1; RFC 8785; RFC 5652 and 5280;
    RFC 3161 and 5816; ETSI EN 319 142-1 (PAdES); RFC 9162, section 2.1; https://c2sp.org signed-note, tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

FORMAT = "vivavoce-evidence-bundle-1"
MANIFEST_TYPE = "application/vnd.vivavoce.evidence-manifest+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:vivavoce:forensic-examination:v1"
ENVELOPE, MANIFEST = "statement.dsse.json", "manifest.json"
SIGNED_MANIFEST = "manifest.dsse.json"
UNLISTED = {MANIFEST, SIGNED_MANIFEST}
MOST_MEMBERS = 4096
RECEIVED, FIXED = "examination:request:received", "examination:protocol:fixed"
COMPLETED = "examination:request:completed"
COMMITMENT_PREFIX = b"vivavoce/commit/v1\0"
SHA: dict[str, Callable[[], hashes.HashAlgorithm]] = {  # by object identifier, as those below
    "608648016503040201": hashes.SHA256,
    "608648016503040202": hashes.SHA384,
    "608648016503040203": hashes.SHA512,
}
SIGNED_DATA, TST_INFO, DATA = "2a864886f70d010702", "2a864886f70d0109100104", "2a864886f70d010701"
CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"
CERTIFICATE_V1, CERTIFICATE_V2 = "2a864886f70d010910020c", "2a864886f70d010910022f"
TOKEN, PSS = "2a864886f70d010910020e", "2a864886f70d01010a"
STAMPING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")
ED25519_KEY, ML_DSA_44_KEY = 0x01, 0x06
FIRST = 0xA0  # the tag of an element [0]
WIDGET = re.compile(  # the archive time-stamp's place, which shows nothing
    rb"<<\n/FT /Sig\n/T \(Archive\)\n/Type /Annot\n/Subtype /Widget\n/F 132\n/Rect \[ 0 0 0 0 \]\n/P \d+ 0 R\n"
    rb"/TU \([A-Za-z ]*\)\n/V \d+ 0 R\n>>"
)
ADDED = re.compile(  # the other objects that come with it: certificates, their list, and the time-stamp itself
    rb"<<\n/Length \d+\n>>\nstream\n.*\nendstream|<<\n/Certs \[(?: \d+ 0 R)+ \]\n>>|<<\n/Contents <[0-9a-fA-F]+>\n"
    rb"/ByteRange \[[\d ]+\] *\n/Type /DocTimeStamp\n/Filter /Adobe\.PPKLite\n/SubFilter /ETSI\.RFC3161\n>>",
    re.DOTALL,
)
METADATA = re.compile(rb"<<\n/Type /Metadata\n/Subtype /XML\n/Length \d+\n>>\nstream\n")


class VerificationError(Exception):
    """What is wrong."""


def demand(condition: object, wrong: str) -> None:
    """Ends the check unless the condition holds."""
    if not condition:
        raise VerificationError(wrong)


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


# --- The container: a zip file of which each byte follows from its members ----------------------------------------
def zipped(members: Mapping[str, bytes]) -> bytes:
    """The members in order of their names, stored as they are, all dated 1 January 1980, with nothing else said."""
    demand(len(members) <= MOST_MEMBERS, "There are too many files for one bundle.")
    body, index, at = [], [], 0
    for name in sorted(members):
        raw, written = members[name], name.encode("ascii")
        common = struct.pack("<HHHHIII", 0, 0, 0, 33, zlib.crc32(raw), len(raw), len(raw))
        local = b"PK\x03\x04" + struct.pack("<H", 20) + common + struct.pack("<HH", len(written), 0) + written
        rest = struct.pack("<HHHHHII", len(written), 0, 0, 0, 0, 0o100644 << 16, at)
        index.append(b"PK\x01\x02" + struct.pack("<HH", 0x0314, 20) + common + rest + written)
        body += [local, raw]
        at += len(local) + len(raw)
    directory = b"".join(index)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(index), len(index), len(directory), at, 0)
    return b"".join([*body, directory, end])


def unzipped(raw: bytes) -> dict[str, bytes]:
    """The members of a zip file, which has to be exactly what `zipped` makes of them."""
    members: dict[str, bytes] = {}
    at = 0
    while raw[at : at + 4] == b"PK\x03\x04" and len(members) <= MOST_MEMBERS:
        demand(len(raw) >= at + 30, "The bundle ends in the middle of a member.")
        size, name_size = struct.unpack_from("<IH", raw, at + 22)
        start = at + 30 + name_size
        name = raw[at + 30 : start].decode("ascii", errors="replace")
        demand(re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", name), "A member has a name that none may have.")
        demand(name not in members and ".." not in name, f"{name} cannot be a member, or is one twice.")
        members[name] = raw[start : start + size]
        at = start + size
    demand(members, "This is not a bundle: it has no members.")
    demand(zipped(members) == raw, "The zip file is not the one way to write its members: a byte of it was changed.")
    return members


def folded(folder: Path) -> dict[str, bytes]:
    """The files of a bundle that was unpacked."""
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    demand(not any(path.is_symlink() for path in paths), "There is a link among the files.")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


# --- Reading JSON -------------------------------------------------------------------------------------------------
def as_json(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which nothing is said twice."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=said_once)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"{what} is not JSON.") from error
    return dict(as_kind(found, dict, what))


def said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    demand(len(dict(pairs)) == len(pairs), "A JSON object says one thing twice.")
    return dict(pairs)


def as_kind(value: object, kind: type, what: str) -> Any:
    demand(isinstance(value, kind), f"{what} is missing or of the wrong kind.")
    return value


def as_bytes(encoded: object, what: str) -> bytes:
    """Base64 with padding, in the one form that the bytes have."""
    try:
        raw = base64.b64decode(str(encoded).encode("ascii"), validate=True)
    except ValueError as error:
        raise VerificationError(f"{what} is not base64.") from error
    demand(base64.b64encode(raw).decode() == encoded, f"{what} is not canonical base64.")
    return raw


def as_time(written: object) -> datetime:
    try:
        return datetime.fromisoformat(str(written)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise VerificationError(f"Not a time: {str(written)[:40]!r}.") from error


def canonical(value: Any) -> str:
    """The value as RFC 8785 JSON."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: str(name).encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return as_ecmascript(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def as_ecmascript(number: float) -> str:
    """A number as ECMAScript writes it (ECMA-262, Number::toString)."""
    parts = Decimal(repr(number)).normalize().as_tuple()
    digits, sign = "".join(map(str, parts.digits)), "-" if number < 0 else ""
    point = len(digits) + int(parts.exponent)
    if number == 0:
        return "0"
    if len(digits) <= point <= 21:  # noqa: PLR2004 -- the standard's own bounds, as below
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:  # noqa: PLR2004
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:  # noqa: PLR2004
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"


# --- DSSE ---------------------------------------------------------------------------------------------------------
def pae(kind: str, body: bytes) -> bytes:
    """The bytes under the signature (DSSE protocol, Pre-Authentication Encoding)."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(body), body)


def opened(envelope: bytes, *, kind: str, keys: Sequence[bytes], what: str) -> tuple[bytes, bytes]:
    """The very bytes that one of the keys signed as `kind`, and that key; a name of a key is never looked at."""
    said = as_json(envelope, what)
    demand(set(said) == {"payload", "payloadType", "signatures"}, f"{what} is not a DSSE envelope.")
    demand(said["payloadType"] == kind, f"{what} holds something else than {kind}.")
    demand(canonical(said).encode() == envelope, f"{what} is not written in the one way that its content has.")
    signatures = as_kind(said["signatures"], list, f"The signatures of {what}")
    demand(len(signatures) == 1 and set(signatures[0]) == {"sig"}, f"{what} does not carry exactly one signature.")
    body, signature = as_bytes(said["payload"], what), as_bytes(signatures[0]["sig"], what)
    for key in keys:
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, pae(kind, body))
        except (InvalidSignature, ValueError):
            continue
        return body, key
    raise VerificationError(f"The signature of {what} does not verify with any key that counts: it was changed.")


# --- Certificates and CMS (RFC 5280, RFC 5652) --------------------------------------------------------------------
class Der(NamedTuple):
    """One element of DER: its tag, its content, and all of it."""

    tag: int
    body: bytes
    raw: bytes

    def items(self) -> list[Der]:
        """The elements inside."""
        return elements(self.body)


def elements(raw: bytes) -> list[Der]:
    """The elements that follow one another; tags of one byte and definite lengths only."""
    found, at = [], 0
    while at < len(raw):
        demand(at + 2 <= len(raw) and raw[at] & 0x1F != 0x1F, "A signature's encoding (DER) is broken.")  # noqa: PLR2004
        length, start = raw[at + 1], at + 2
        if length >= 0x80:  # noqa: PLR2004 -- the long form: so many bytes of length follow
            start += length & 0x7F
            length = int.from_bytes(raw[at + 2 : start], "big")
            demand(2 < start - at <= 6, "A signature's encoding (DER) is broken.")  # noqa: PLR2004
        demand(start + length <= len(raw), "A signature's encoding (DER) is cut off.")
        found.append(Der(raw[at], raw[start : start + length], raw[at : start + length]))
        at = start + length
    return found


class Signed(NamedTuple):
    """A CMS signature that holds: over what, whose, what else the signer signed and what was added later."""

    content: bytes
    signer: x509.Certificate
    certificates: list[x509.Certificate]
    signature: bytes
    unsigned: dict[str, Der]


def attributes(element: Der | None) -> dict[str, Der]:
    """The single value of each attribute, by its object identifier in hexadecimal."""
    found = {}
    for attribute in element.items() if element else []:
        name, values = attribute.items()
        found[name.body.hex()] = values.items()[0]
    return found


def signed_data(raw: bytes, *, kind: str, content: bytes | None, what: str) -> Signed:
    """Demands that a CMS SignedData of one signer holds; `content` where what is signed stands elsewhere."""
    try:
        return _signed_data(raw, kind=kind, content=content, what=what)
    except VerificationError:
        raise
    except Exception as error:  # the library has many ways to say that it cannot read a certificate
        raise VerificationError(f"{what} cannot be read as a signature.") from error


def _signed_data(raw: bytes, *, kind: str, content: bytes | None, what: str) -> Signed:
    outer, wrapped = elements(raw)[0].items()
    demand(outer.body.hex() == SIGNED_DATA, f"{what} is no signature (CMS SignedData).")
    _, _, inside, *rest = wrapped.items()[0].items()
    given = [part for part in rest if part.tag == FIRST]
    certificates = [x509.load_der_x509_certificate(item.raw) for part in given for item in part.items()]
    (info,) = rest[-1].items()
    _, identity, digesting, signing, method, signature, *later = info.items()
    named, *held = inside.items()
    demand(named.body.hex() == kind and bool(held) == (content is None), f"{what} is a signature of another kind.")
    message = held[0].items()[0].body if content is None else content
    demand(signing.tag == FIRST, f"{what} signs no attributes.")
    stated, algorithm = attributes(signing), SHA[digesting.items()[0].body.hex()]()
    demand(stated[CONTENT_TYPE].body.hex() == kind, f"{what} was made over another kind of content.")
    demand(stated[MESSAGE_DIGEST].body == digest(algorithm, message), f"What {what} covers was changed.")
    issuer, serial = identity.items()
    signer = next(
        (
            certificate
            for certificate in certificates
            if certificate.issuer.public_bytes() == issuer.raw
            and certificate.serial_number == int.from_bytes(serial.body, "big")
        ),
        None,
    )
    if signer is None:
        raise VerificationError(f"{what} does not carry its signer's certificate.")
    demand(names_certificate(stated, signer), f"{what} was made for another certificate than it carries.")
    covered = b"\x31" + signing.raw[1:]  # RFC 5652, section 5.4: as the SET OF that the attributes are
    demand(proves(signer, signature.body, covered, method, algorithm), f"{what} does not verify.")
    unsigned = attributes(later[0] if later else None)
    return Signed(message, signer, certificates, signature.body, unsigned)


def digest(algorithm: hashes.HashAlgorithm, message: bytes) -> bytes:
    calculated = hashes.Hash(algorithm)
    calculated.update(message)
    return calculated.finalize()


def names_certificate(stated: Mapping[str, Der], signer: x509.Certificate) -> bool:
    """Whether the signed attribute `signing-certificate` (RFC 5035) names this very certificate."""
    raw = signer.public_bytes(Encoding.DER)
    if CERTIFICATE_V2 in stated:
        first = stated[CERTIFICATE_V2].items()[0].items()[0].items()
        algorithm = SHA[first[0].items()[0].body.hex()]() if first[0].tag == 0x30 else hashes.SHA256()  # noqa: PLR2004
        return first[first[0].tag == 0x30].body == digest(algorithm, raw)  # noqa: PLR2004
    first = stated[CERTIFICATE_V1].items()[0].items()[0].items()
    return first[0].body == hashlib.sha1(raw, usedforsecurity=False).digest()


def proves(
    signer: x509.Certificate, signature: bytes, covered: bytes, method: Der, algorithm: hashes.HashAlgorithm
) -> bool:
    """Whether the signer's key made this signature."""
    key = signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, covered, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and method.items()[0].body.hex() == PSS:
            salted = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(signature, covered, salted, algorithm)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, covered, padding.PKCS1v15(), algorithm)
        else:
            as_kind(key, ed25519.Ed25519PublicKey, "A key of a kind that is known").verify(signature, covered)
    except InvalidSignature:
        return False
    return True


def anchor(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate:
    """The root that a certificate leads to; all of them have to be good at that time (UTC)."""
    current = leaf
    for _ in range(8):
        name = current.subject.rfc4514_string()
        valid = current.not_valid_before_utc <= at <= current.not_valid_after_utc
        demand(valid, f"The certificate of {name} was not valid at {at:%Y-%m-%d %H:%M} UTC.")
        if current in roots:
            return current
        found = [issuer for issuer in (*roots, *others) if issuer != current and issued(current, issuer)]
        demand(found, f"The certificate of {name} does not lead to a root that counts.")
        current = found[0]
    raise VerificationError(f"The certificate of {leaf.subject.rfc4514_string()} leads nowhere.")


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` may issue certificates, and has issued this one."""
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False


def read_certificates(raw: bytes, what: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(raw)
    except ValueError as error:
        raise VerificationError(f"{what} holds no certificates in PEM.") from error


def stamped(response: bytes, message: bytes, roots: Sequence[x509.Certificate], *, what: str) -> tuple[datetime, str]:
    """When a time-stamp (RFC 3161 TimeStampResp) says that the message existed, and who says so."""
    try:
        status, token = elements(response)[0].items()
        demand(status.items()[0].body in (b"\0", b"\1"), f"{what} was refused by the authority.")
    except (ValueError, IndexError) as error:
        raise VerificationError(f"{what} is not a time-stamp.") from error
    return token_time(token.raw, message, roots, what=what)


def token_time(token: bytes, message: bytes, roots: Sequence[x509.Certificate], *, what: str) -> tuple[datetime, str]:
    """The same of a bare token."""
    signed = signed_data(token, kind=TST_INFO, content=None, what=what)
    try:
        _, _, imprint, _, moment, *_ = elements(signed.content)[0].items()
        method, hashed = imprint.items()
        algorithm = SHA[method.items()[0].body.hex()]()
        at = datetime.strptime(f"{moment.body.decode()[:14]}+0000", "%Y%m%d%H%M%S%z")
    except (ValueError, IndexError, KeyError) as error:
        raise VerificationError(f"{what} states no time that can be read.") from error
    demand(hashed.body == digest(algorithm, message), f"{what} is not about these bytes.")
    try:
        use = signed.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise VerificationError(f"{what} was signed with a certificate that is not for time-stamps.") from error
    demand(list(use.value) == [STAMPING], f"{what} was signed with a certificate that is not for time-stamps alone.")
    anchor(signed.signer, signed.certificates, roots, at)
    return at, signed.signer.subject.rfc4514_string()


# --- The transparency log (RFC 9162, section 2.1; C2SP signed-note and tlog-proof) --------------------------------
def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root to which an inclusion proof leads; `path` (leaf's sibling first) is used up from its end: the top."""
    if size == 1:
        demand(not path, "The inclusion proof has more hashes than the tree has levels.")
        return leaf
    demand(path, "The inclusion proof has fewer hashes than the tree has levels.")
    left, sibling = 1 << ((size - 1).bit_length() - 1), path[-1]
    if index < left:
        return hash_node(root_by_inclusion(leaf, index, left, path[:-1]), sibling)
    return hash_node(sibling, root_by_inclusion(leaf, index - left, size - left, path[:-1]))


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def as_number(digits: str) -> int:
    demand(re.fullmatch(r"0|[1-9][0-9]{0,18}", digits), "A number of the log is not written as one.")
    return int(digits)


def check_inclusion(leaf: bytes, raw: bytes, keys: Sequence[str]) -> int:
    """Demands that the leaf is in the log of one of these keys; its index."""
    above, _, note = raw.decode(errors="replace").partition("\n\n")
    header, *lines = above.split("\n")
    demand(header == "c2sp.org/tlog-proof@v1" and lines, "A proof is not a C2SP tlog-proof.")
    demand(lines[0].startswith("index "), "A proof does not say at which index the leaf is.")
    index, path = as_number(lines[0].removeprefix("index ")), [as_bytes(line, "A hash") for line in lines[1:]]
    text, _, below = note.rpartition("\n\n")
    origin, size, root, *_ = [*text.split("\n"), "", ""]
    demand(any(log_signed(f"{text}\n", origin, below, key) for key in keys), f"{origin} has not signed that state.")
    demand(index < as_number(size), "A proof speaks of an index beyond the log's end.")
    found = root_by_inclusion(hashlib.sha256(b"\x00" + leaf).digest(), index, int(size), path)
    demand(found == as_bytes(root, "The log's root"), "A proof does not lead to the signed root.")
    return index


def log_signed(text: str, origin: str, below: str, key: str) -> bool:
    """Whether this verifier key (`name+identifier+base64(kind, public key)`) signed the log's state."""
    name, identifier, encoded = [*key.split("+", 2), "", ""][:3]
    raw = as_bytes(encoded, "A key of the log")
    demand(sha256(f"{name}\n".encode() + raw)[:8] == identifier, "A key of the log has not the identifier it names.")
    for line in below.split("\n"):
        found = re.fullmatch(r"— ([^+\s]+) (\S+)", line)
        signature = as_bytes(found[2], "A signature of the log") if found and found[1] == name == origin else b""
        if signature[:4].hex() == identifier:
            return log_proves(raw, text, name, signature[4:])
    return False


def log_proves(key: bytes, text: str, name: str, signature: bytes) -> bool:
    kind, public = key[0], key[1:]
    try:
        if kind == ED25519_KEY:
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
            return True
        demand(kind == ML_DSA_44_KEY, "A key of the log is of no known kind.")
        _, size, root, *_ = text.split("\n")
        who = bytes([len(name.encode())]) + name.encode()
        message = b"subtree/v1\n\0" + who + signature[:8] + who + struct.pack(">QQ", 0, int(size))
        verifier = mldsa.MLDSA44PublicKey.from_public_bytes(public)
        verifier.verify(signature[8:], message + as_bytes(root, "The log's root"))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_opening(entry: Mapping[str, Any], leaf: bytes) -> bool:
    """Demands that the leaf was committed to what the entry shows; whether a salt is left that proves it."""
    said, opening = as_json(leaf, "A leaf"), as_kind(entry.get("opening"), dict, "What opens an entry")
    payload = as_bytes(opening.get("payload"), "A payload")
    commitments, salts = said.get("commitments", []), opening.get("salts", [])
    demand(len(commitments) == len(salts) > 0, "An entry has not as many salts as its leaf has commitments.")
    known = 0
    for commitment, salt in zip(commitments, salts, strict=True):
        if salt.get("salt") is None:
            continue
        made = COMMITMENT_PREFIX + bytes.fromhex(str(salt["salt"])) + struct.pack(">Q", len(payload)) + payload
        demand(sha256(made) == commitment, "An entry shows something else than what its leaf was committed to.")
        known += 1
    shown = {name: entry.get(name) for name in ("actor", "data", "refs")}
    demand(as_json(payload, "A payload") == shown, "An entry shows an actor, data or references not committed to.")
    demand(all(entry.get(name) == said.get(name) for name in ("event", "id")), "An entry shows another event or id.")
    demand(as_time(entry.get("occurred_at")) == as_time(said.get("time")), "An entry shows another time than its leaf.")
    return known > 0


# --- The checks ---------------------------------------------------------------------------------------------------
class Trust(NamedTuple):
    """What the reader brought: signing keys, roots of certificates, keys of the log, roots of time authorities."""

    keys: tuple[bytes, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    log_keys: tuple[str, ...] = ()
    authorities: tuple[x509.Certificate, ...] = ()


class Case:
    """A bundle, and what the checks so far have established about it."""

    def __init__(self, files: Mapping[str, bytes], trust: Trust) -> None:
        self.files, self.trust = files, trust
        self.manifest: dict[str, Any] = {}
        self.statement: dict[str, Any] = {}
        self.said: dict[str, Any] = {}  # the statement's predicate
        self.original = ""  # SHA-256 of what was examined
        self.key = b""

    def file(self, name: str) -> bytes:
        demand(name in self.files, f"{name} is missing.")
        return self.files[name]

    def certificates(self, name: str) -> list[x509.Certificate]:
        return read_certificates(self.file(f"certificates/{name}.pem"), name)

    def keys(self) -> tuple[bytes, ...]:
        """The keys that count: those that the reader trusts, or else the one in the bundle."""
        if self.trust.keys:
            return self.trust.keys
        key = as_kind(self.certificates("statement")[0].public_key(), ed25519.Ed25519PublicKey, "The signing key")
        return (key.public_bytes_raw(),)

    def issued_at(self) -> datetime:
        return as_time(self.said["issued_at"])


def check_manifest(case: Case) -> str:
    keys = case.keys()
    body, case.key = opened(case.file(SIGNED_MANIFEST), kind=MANIFEST_TYPE, keys=keys, what="The manifest")
    demand(case.file(MANIFEST) == body, "manifest.json is not the list that was signed.")
    case.manifest = as_json(body, "The manifest")
    demand(case.manifest["format"] == FORMAT, f"The bundle is not of the format {FORMAT}.")
    return f"signed with the key {base64.urlsafe_b64encode(case.key).decode().rstrip('=')}"


def check_files(case: Case) -> str:
    listed = as_kind(case.manifest["files"], dict, "The list of files")
    present = set(case.files) - UNLISTED
    demand(
        not present - set(listed), f"There are files that nobody signed: {', '.join(sorted(present - set(listed)))}."
    )
    demand(not set(listed) - present, f"Files are missing: {', '.join(sorted(set(listed) - present))}.")
    wrong = [n for n in sorted(listed) if listed[n] != {"sha256": sha256(case.files[n]), "size": len(case.files[n])}]
    demand(not wrong, f"Changed: {', '.join(wrong)}.")
    return f"{len(listed)} files are as they were signed"


def check_statement(case: Case) -> str:
    body, key = opened(case.file(ENVELOPE), kind=STATEMENT_TYPE, keys=case.keys(), what="The statement")
    demand(key == case.key, "The statement and the manifest were signed with different keys.")
    case.statement = as_json(body, "The statement")
    demand(case.statement["_type"] == STATEMENT, "The statement is not an in-toto Statement v1.")
    demand(case.statement["predicateType"] == PREDICATE, f"The statement does not say what {PREDICATE} says.")
    said = as_kind(case.statement["predicate"], dict, "What is stated")
    (subject,) = case.statement["subject"]
    (original,) = (name for name in case.files if name.startswith("original/"))
    examination = said["examination"]
    case.original = sha256(case.files[original])
    demand(subject["digest"] == {"sha256": case.original}, "The statement is about another file than this original.")
    demand(examination["sha256"] == case.original, "What was received has another hash than the original here.")
    demand(examination["size"] == len(case.files[original]), "What was received was of another size.")
    demand(examination["id"] == case.manifest["examination"], "The statement is of another examination.")
    protocol = said["protocol"]
    demand(sha256(canonical(protocol["content"]).encode()) == protocol["sha256"], "The protocol has another hash.")
    demand(said["result"]["protocol_sha256"] == protocol["sha256"], "The result was not got under this protocol.")
    origin = canonical(said["result"]["provenance"]).encode()
    demand(case.file("provenance.json") == origin, "The findings on origin are others than those stated.")
    case.said = said
    return f"{said['result']['verdict']}: the original, {original}, has the SHA-256 {case.original}"


def check_certificates(case: Case) -> str:
    statement, report = case.certificates("statement"), case.certificates("report")
    roots = case.trust.roots or (statement[-1], report[-1])
    paths = (statement, report)
    found = dict.fromkeys(anchor(path[0], path[1:], roots, case.issued_at()) for path in paths)
    named = as_kind(statement[0].public_key(), ed25519.Ed25519PublicKey, "The statement's key").public_bytes_raw()
    demand(named == case.key, "The certificate is for another key than the one that signed.")
    return "they lead to " + " and ".join(f"{root.subject.rfc4514_string()} ({fingerprint(root)})" for root in found)


def fingerprint(certificate: x509.Certificate) -> str:
    return f"SHA-256 {certificate.fingerprint(hashes.SHA256()).hex()}"


def check_custody(case: Case) -> str:
    events = as_kind(case.said["custody"], list, "The chain of custody")
    demand(events, "There is no chain of custody.")
    before, known, at = case.original, {case.original}, as_time("1970-01-01T00:00:00Z")
    for place, event in enumerate(events, 1):
        stated = {name: value for name, value in event.items() if name != "sha256"}
        made = sha256(b"vivavoce/custody/v1\0" + canonical(stated).encode())
        demand(made == event["sha256"], f"Custody event {place} was changed.")
        follows = event["sequence"] == place and event["previous_sha256"] == before
        demand(follows, f"Custody event {place} does not follow from the one before it.")
        of_case = event["original_sha256"] == case.original and event["examination"] == case.said["examination"]["id"]
        demand(of_case, f"Custody event {place} is of another case.")
        demand(event["in_sha256"] in known, f"What custody event {place} was done to does not come from the original.")
        demand(as_time(event["at"]) >= at, f"Custody event {place} is older than the one before it.")
        before, known, at = event["sha256"], known | {event["out_sha256"]}, as_time(event["at"])
    return f"{len(events)} events, unbroken from the receipt of the original"


def check_records(case: Case) -> str:
    log = case.said["log"]
    records: dict[str, Any] = {}
    events: dict[str, tuple[int, set[str]]] = {}
    closed = 0
    for item in as_kind(log["entries"], list, "The records in the log"):
        entry = as_json(case.file(item["file"]), item["file"])
        leaf = as_bytes(as_kind(entry["log"], dict, "A place in the log")["leaf"], "A leaf")
        closed += not check_opening(entry, leaf)
        index = check_inclusion(leaf, case.file(item["proof"]), case.trust.log_keys or log["keys"])
        same = (entry["id"], entry["event"], index) == (item["entry"], item["event"], item["index"])
        demand(same, f"{item['file']} is another record than the statement names.")
        records[entry["id"]] = entry
        events.setdefault(entry["event"], (index, set(map(str, entry["data"].values()))))
    check_order(case, events)
    check_steps(case, records)
    gone = f"; {closed} of them can no longer be opened, since a person's key was destroyed" if closed else ""
    return f"{len(records)} records are in the log {log['origin']}{gone}"


def check_order(case: Case, events: Mapping[str, tuple[int, set[str]]]) -> None:
    """Demands that receipt, protocol and result are on record, in this order, and that custody leads to the end."""
    for event, known in (
        (RECEIVED, case.original),
        (FIXED, case.said["protocol"]["sha256"]),
        (COMPLETED, sha256(canonical(case.said["result"]).encode())),
    ):
        demand(event in events and known in events[event][1], f"No record in the log is {event} with the hash {known}.")
    in_order = events[RECEIVED][0] < events[FIXED][0] < events[COMPLETED][0]
    demand(in_order, "The protocol was not fixed after the receipt and before the examination ended.")
    links = {event["sha256"] for event in case.said["custody"]}
    demand(links & events[COMPLETED][1], "The record of the end names no event of this chain of custody.")


def check_steps(case: Case, records: Mapping[str, Any]) -> None:
    """Demands that the chain from the clip to the consent begins with a clip that was found, and is on record."""
    steps = as_kind(case.said["attribution"], list, "The chain from the clip to the consent")
    for step in steps:
        if step["entry"] is None:
            continue  # what nobody put on record is shown as just that: `unrecorded`
        entry = records.get(step["entry"], {"refs": {}, "event": ""})
        known = step["id"] in entry["refs"].values() and step["event"] == entry["event"]
        demand(known, f"There is no record of the {step['kind']} {step['id']} that says {step['event']}.")
    named = {candidate["clip_id"] for candidate in case.said["result"]["candidates"]}
    first = [(step["kind"], step["id"] in named) for step in steps[:1]]
    demand(first in ([], [("clip", True)]), "The chain does not begin with a clip that was found.")


def check_times(case: Case) -> str:
    names = sorted(name for name in case.files if name.startswith("timestamps/"))
    if not names:
        return ""
    roots = case.trust.authorities or case.certificates("timestamp-authorities")
    found = [stamped(case.files[name], case.file(ENVELOPE), roots, what=name) for name in names]
    return "the statement existed at " + ", ".join(f"{at:%Y-%m-%d %H:%M:%S} UTC says {who}" for at, who in found)


def check_report(case: Case) -> str:
    raw, envelope = case.file("report.pdf"), case.file(ENVELOPE)
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", raw)
    demand(len(ranges) in (1, 2), "The report carries neither one signature, nor one and an archive time-stamp.")
    spans = [[int(number) for number in span] for span in ranges]
    (cms, content, end), *archived = [enclosed(raw, span) for span in spans]
    last = archived[0][2] if archived else end
    demand(last == len(raw), "The report's signature does not cover all of it.")
    if archived:
        check_added(raw, end)
    signed = signed_data(cms, kind=DATA, content=content, what="The report's signature")
    demand(signed.signer == case.certificates("report")[0], "The report was signed with another certificate.")
    demand(envelope in content, "The statement is not attached to the report.")
    demand(sha256(envelope).encode() in content, "The report does not state the hash of the statement.")
    sure = re.search(rb"/DocMDP\b", content) and re.search(rb"/P 1\b", content)
    demand(sure, "The report is not certified against changes.")
    demand(bool(archived) <= (TOKEN in signed.unsigned), "The report was archived without a time-stamp when signed.")
    if TOKEN not in signed.unsigned:
        return "signed, and certified against changes; no time-stamp under its signature"
    roots = case.trust.authorities or case.certificates("timestamp-authorities")
    at, who = token_time(signed.unsigned[TOKEN].raw, signed.signature, roots, what="The report's time-stamp")
    said = f"signed, certified against changes, at {at:%Y-%m-%d %H:%M:%S} UTC says {who}"
    for token, whole, _ in archived:
        later, who = token_time(token, whole, roots, what="The report's archive time-stamp")
        demand(later >= at, "The archive time-stamp is older than the signature.")
        said += f"; archived, with what its check needs, at {later:%Y-%m-%d %H:%M:%S} UTC says {who}"
    return said


def enclosed(raw: bytes, span: Sequence[int]) -> tuple[bytes, bytes, int]:
    """A signature (CMS) inside a PDF, the bytes around it that it covers, from the first one on, and where they end."""
    start, first, second, rest = span
    around = start == 0 and second + rest <= len(raw) and raw[first : first + 1] + raw[second - 1 : second] == b"<>"
    demand(around and raw[: second + rest].rstrip().endswith(b"%%EOF"), "A signature does not cover what it is in.")
    held = bytes.fromhex(raw[first + 1 : second - 1].decode("ascii"))
    cms = elements(held[: 4 + int.from_bytes(held[2:4], "big")])[0].raw
    demand(not held[len(cms) :].strip(b"\0"), "Something is hidden behind a signature of the report.")
    return cms, raw[:first] + raw[second : second + rest], second + rest


def check_added(raw: bytes, end: int) -> None:
    """Demands that behind the signature, which ends at `end`, nothing follows but its certificates and one time-stamp.

    That is the one way in which our signer writes it: every object that is redefined says what it said, but for the
    references to these, and the table of objects (ISO 32000-2, 7.5.4) names exactly those that are there.
    """
    before, ending = raw[:end], rb"/Size \d+\n/Prev \d+\n>>\nstartxref\n(\d+)\n%%EOF\n$"
    found = list(re.finditer(rb"(\d+) 0 obj\n(.*?)\nendobj\n", raw[end : raw.rindex(b"xref\n0 1\n")], re.DOTALL))
    objects, starts = {int(one[1]): one[2] for one in found}, {int(one[1]): end + one.start() for one in found}
    known = {n: re.findall(rb"\n%d 0 obj\n(.*?)\nendobj\n" % n, before, re.DOTALL) for n in objects}
    fresh = {n: text for n, text in objects.items() if not known[n]}
    places = [n for n, text in fresh.items() if WIDGET.fullmatch(text)]
    plain = all(ADDED.fullmatch(text) for n, text in fresh.items() if n not in places)
    demand(len(places) == 1 and plain, "Something was added to the report after it was signed.")
    for n in objects.keys() - fresh.keys():
        old, new = (re.sub(rb"/(ModDate|Producer) .*\n", b"", text) for text in (known[n][-1], objects[n]))
        new = re.sub(rb"/DSS \d+ 0 R\n", b"", new.replace(b" %d 0 R ]" % places[0], b" ]"))
        same = old == new or (METADATA.match(old) and METADATA.match(new))
        demand(same, "Something in the report was changed after it was signed.")
    table = b"xref\n0 1\n0000000000 65535 f \n"
    for n in sorted(starts):
        if n - 1 not in starts:
            table += b"%d %d\n" % (n, next(k for k in range(len(starts) + 1) if n + k not in starts))
        table += b"%010d 00000 n \n" % starts[n]
    earlier = re.findall(rb"(/Info \d+ 0 R\n/Root \d+ 0 R\n)" + ending, before)
    demand(len(earlier) == 1, "The report does not end, where it was signed, as one of ours.")
    rest = raw[end + sum(len(one[0]) for one in found) :]
    tail = rb"trailer\n<<\n/ID \[ <[0-9a-f]+> <[0-9a-f]+> \]\n%b/Size \d+\n/Prev %b\n>>\nstartxref\n%d\n%%%%EOF\n"
    written = re.fullmatch(tail % (*earlier[0], len(raw) - len(rest)), rest.removeprefix(table))
    demand(written and rest.startswith(table), "What follows the signature is not written in the one way that it has.")


CHECKS: tuple[tuple[str, Callable[[Case], str], str], ...] = (
    ("manifest", check_manifest, "keys"),
    ("files", check_files, "keys"),
    ("statement", check_statement, "keys"),
    ("certificates", check_certificates, "roots"),
    ("custody", check_custody, "keys"),
    ("log", check_records, "log_keys"),
    ("time-stamps", check_times, "authorities"),
    ("report", check_report, "roots"),
)
NEEDED = ("manifest", "files", "statement")  # without which nothing else means anything


class Finding(NamedTuple):
    """What one check came to: `held`, `failed` or `not checked`; whether it stands on what the reader brought."""

    check: str
    outcome: str
    detail: str
    pinned: bool


def examine(files: Mapping[str, bytes], trust: Trust) -> list[Finding]:
    """Every check of a bundle's files, in order; after one that all others stand on has failed, no more."""
    case, findings = Case(files, trust), []
    for name, check, needs in CHECKS:
        pinned = bool(getattr(trust, needs))
        try:
            detail = check(case)
            outcome = "held" if detail else "not checked"
            findings.append(Finding(name, outcome, detail or "there is nothing of the kind in the bundle", pinned))
        except VerificationError as error:
            findings.append(Finding(name, "failed", str(error), pinned))
        except Exception as error:  # noqa: BLE001 -- whatever cannot be read does not hold
            broken = f"What it needs is missing or broken ({type(error).__name__})."
            findings.append(Finding(name, "failed", broken, pinned))
        if findings[-1].outcome == "failed" and name in NEEDED:
            break
    return findings


# --- The command line ---------------------------------------------------------------------------------------------
def say(line: str, to: TextIO | None = None) -> None:
    """Prints without what could take control of a terminal: names and texts are written by others."""
    (to or sys.stdout).write("".join(letter if letter.isprintable() else "?" for letter in line) + "\n")


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="the zip file, or the folder it was unpacked to")
    parser.add_argument("--key", action="append", default=[], help="a signing key that you trust (base64url)")
    parser.add_argument("--keys", type=Path, help="a JWK set of signing keys that you trust")
    parser.add_argument("--trust", type=Path, help="PEM: roots of certificates that you trust")
    parser.add_argument("--log-key", action="append", default=[], help="a verifier key of the log that you trust")
    parser.add_argument("--authorities", type=Path, help="PEM: roots of time-stamp authorities that you trust")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    return parser


def trusted(given: argparse.Namespace) -> Trust:
    """What the command line says is to be trusted."""
    texts = list(given.key)
    if given.keys:
        stated = as_json(given.keys.read_bytes(), "The set of keys")
        texts += [key["x"] for key in stated.get("keys", [stated]) if key.get("crv") == "Ed25519"]
    try:
        keys = tuple(base64.b64decode(f"{text}=", altchars=b"-_", validate=True) for text in texts)
    except ValueError as error:
        raise VerificationError("A key is not base64url.") from error
    demand(all(len(key) == 32 for key in keys), "A key is not 32 bytes long.")  # noqa: PLR2004
    demand(keys or not (given.key or given.keys), "There is no Ed25519 key among those to trust.")
    pems = [tuple(read_certificates(p.read_bytes(), str(p))) if p else () for p in (given.trust, given.authorities)]
    return Trust(keys, pems[0], tuple(given.log_key), pems[1])


def main(arguments: list[str] | None = None) -> int:
    """Checks one bundle; 0 if everything held, and 1 if not."""
    given = command_line().parse_args(arguments)
    try:
        trust = trusted(given)
        files = folded(given.bundle) if given.bundle.is_dir() else unzipped(given.bundle.read_bytes())
        findings = [Finding("container", "held", f"{len(files)} members", pinned=True), *examine(files, trust)]
    except (VerificationError, OSError, ValueError) as error:
        findings = [Finding("container", "failed", str(error), pinned=True)]
    held = all(finding.outcome != "failed" for finding in findings)
    if given.json:
        stated = {"held": held, "checks": [finding._asdict() for finding in findings]}
        sys.stdout.write(json.dumps(stated, indent=2) + "\n")
        return 0 if held else 1
    for finding in findings:
        own = "" if finding.pinned or finding.outcome == "failed" else " [by what lies in the bundle alone]"
        say(f"{finding.outcome.upper():<12}{finding.check:<14}{finding.detail}{own}")
    if held and not all(finding.pinned for finding in findings):
        say("NOTE: parts were checked with keys out of the bundle itself: that it fits together, not whose it is.")
        say("      Bring --key, --trust, --log-key and --authorities from somewhere else, to know that too.")
    say("OK" if held else "FAILED", to=sys.stdout if held else sys.stderr)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
