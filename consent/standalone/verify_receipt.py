"""Checks, offline and without trusting whoever shows it, that a receipt of a consent to a voice's use is genuine.

WHAT IT NEEDS
    Python 3.11 or newer and the package `cryptography`: this one file imports nothing else and opens no network
    connection. It can be read in half an hour.

WHAT YOU MUST BRING YOURSELF
    The key that you trust, from a contract, a printed page or a regulator, not from the one who shows the receipt:
        --keys FILE         a JWK set, as GET /v1/keys answers, or a single JWK (Ed25519)
    and, to know that it was put on public record, and when,
        --log-entry FILE    the file `log-entry.json` in the receipt's PDF, or the answer of GET /v1/receipts/…/proof
        --log-key KEY       the log's Ed25519 verifier key, such as `example.com/log+1a2b3c4d+AeHT…`
    Witnesses and ML-DSA-44 signatures on the log are what `verify_log.py` checks, with the same file's parts.

WHAT IT CHECKS
        verify_receipt.py --keys keys.json [--log-entry log-entry.json --log-key KEY] receipt.sd-jwt.txt
    The receipt is an SD-JWT (RFC 9901): the signature, and that every claim shown is one that was signed. Claims that
    its holder did not show stay unknown. The log: that the entry is in it, says `consent:receipt:issued`, and holds
    the SHA-256 of this very token.

    It cannot know whether the consent still stands. The receipt says where to ask (`status`): one word comes back.
    Exit status 0: everything held. 1: something did not, and the first thing wrong is named. 2: wrong command line.

SOURCES
    RFC 9901 (SD-JWT), RFC 7515 (JWS), RFC 7517 and RFC 8037 (JWK), RFC 9864 and RFC 8032 (Ed25519); RFC 9162, section
    2.1 (Merkle trees); https://c2sp.org: signed-note, tlog-checkpoint, tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from pathlib import Path
from typing import Any, TextIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KIND = "consent-receipt+sd-jwt"
EVENT = "consent:receipt:issued"
RESERVED = {"_sd", "...", "_sd_alg"}
COMMITMENT_PREFIX = b"vivavoce/commit/v1\0"
DEEPEST = 16


class VerificationError(Exception):
    """The first thing that is wrong."""


def demand(condition: object, wrong: str) -> None:
    """Ends the verification unless the condition holds."""
    if not condition:
        raise VerificationError(wrong)


# --- Reading what others wrote ------------------------------------------------------------------------------------
def as_json(raw: bytes, what: str) -> Any:
    """JSON in which nothing is said twice."""
    try:
        return json.loads(raw.decode(), object_pairs_hook=said_once)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"{what} is not JSON.") from error


def said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    demand(len(found := dict(pairs)) == len(pairs), "A JSON object says one thing twice.")
    return found


def as_kind(value: object, kind: type, what: str) -> Any:
    demand(isinstance(value, kind), f"{what} is missing or of the wrong kind.")
    return value


def as_bytes(encoded: object, what: str, *, url: bool = False) -> bytes:
    """Base64, or base64url without padding, in the one form that the bytes have."""
    text, variant = str(encoded), b"-_" if url else b"+/"
    padded = text + "=" * (-len(text) % 4) if url else text
    try:
        raw = base64.b64decode(padded.encode("ascii"), altchars=variant, validate=True)
    except ValueError as error:
        raise VerificationError(f"{what} is not base64.") from error
    written = base64.b64encode(raw, altchars=variant).decode()
    demand((written.rstrip("=") if url else written) == text, f"{what} is not canonical base64.")
    return raw


def as_number(digits: str, what: str) -> int:
    demand(re.fullmatch(r"0|[1-9][0-9]{0,17}", digits), f"{what} is not a number.")
    return int(digits)


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- The receipt (RFC 9901) ---------------------------------------------------------------------------------------
def trusted_keys(raw: bytes) -> dict[str, bytes]:
    """The Ed25519 keys of a JWK set, or of one JWK, by their names."""
    found, keys = as_kind(as_json(raw, "The key file"), dict, "The key"), {}
    for key in as_kind(found.get("keys", [found]), list, "The list of keys"):
        if as_kind(key, dict, "A key").get("crv") == "Ed25519":
            keys[as_kind(key.get("kid"), str, "A key's name")] = as_bytes(key.get("x"), "A key", url=True)
    demand(keys, "There is no Ed25519 key in the key file.")
    return keys


def check_signature(jwt: str, keys: dict[str, bytes]) -> dict[str, Any]:
    """The signed claims, with digests in place of what may be hidden."""
    parts = jwt.split(".")
    demand(len(parts) == 3, "The receipt is not three parts with dots between them, and then its claims.")  # noqa: PLR2004
    header, payload, signature = (as_bytes(part, "A part of the receipt", url=True) for part in parts)
    said = as_kind(as_json(header, "The header"), dict, "The header")
    demand(said.get("alg") == "Ed25519" and said.get("typ") == KIND, "This is signed as something else than a receipt.")
    demand(set(said) == {"alg", "kid", "typ"}, "The header asks for something that this program does not know.")
    demand(
        said["kid"] in keys, f"The receipt is signed with the key {str(said['kid'])[:80]!r}, which you did not give."
    )
    message = jwt.rpartition(".")[0].encode()
    demand(holds(keys[said["kid"]], message, signature), "The signature does not verify: changed, or a forgery.")
    say(f"Signed with {said['kid']}.")
    return dict(as_kind(as_json(payload, "The payload"), dict, "The payload"))


class Disclosures:
    """What the holder shows; each must be met exactly once on the way through the signed claims."""

    def __init__(self, encoded: list[str]) -> None:
        self.by_digest: dict[str, list[Any]] = {}
        self.seen: set[str] = set()
        self.hidden = 0
        for one in encoded:
            parts = as_json(as_bytes(one, "A claim", url=True), "A claim")
            demand(isinstance(parts, list) and len(parts) in {2, 3}, "A claim is of no known kind.")
            demand(all(isinstance(part, str) for part in parts[:-1]), "A claim's salt or name is no text.")
            demand(len(parts) == 2 or parts[1] not in RESERVED, "A claim has a name that nothing may have.")  # noqa: PLR2004
            digest = base64.urlsafe_b64encode(hashlib.sha256(one.encode()).digest()).rstrip(b"=").decode()
            demand(digest not in self.by_digest, "A claim comes twice.")
            self.by_digest[digest] = parts

    def reveal(self, value: Any, depth: int = 0) -> Any:
        """The value with what is shown in its places, and without what is not."""
        demand(depth <= DEEPEST, "The receipt is nested too deep.")
        if isinstance(value, list):
            return [item for each in value for item in self.element(each, depth)]
        if not isinstance(value, dict):
            return value
        demand(not {"...", "_sd_alg"} & set(value), "The receipt has a name in it that nothing may have.")
        shown = {name: self.reveal(one, depth + 1) for name, one in value.items() if name != "_sd"}
        for digest in as_kind(value.get("_sd", []), list, "A list of hidden claims"):
            if (parts := self.meet(digest)) is not None:
                demand(len(parts) == 3 and parts[1] not in shown, "A claim stands where it does not belong.")  # noqa: PLR2004
                shown[parts[1]] = self.reveal(parts[2], depth + 1)
        return shown

    def element(self, value: Any, depth: int) -> list[Any]:
        if not isinstance(value, dict) or "..." not in value:
            return [self.reveal(value, depth + 1)]
        parts = self.meet(value["..."])
        demand(len(value) == 1 and (parts is None or len(parts) == 2), "A claim stands where it does not belong.")  # noqa: PLR2004
        return [] if parts is None else [self.reveal(parts[1], depth + 1)]

    def meet(self, digest: object) -> list[Any] | None:
        found = as_kind(digest, str, "A hidden claim's digest")
        demand(found not in self.seen, "A hidden claim stands twice.")
        self.seen.add(found)
        self.hidden += found not in self.by_digest
        return self.by_digest.get(found)


def check_receipt(token: str, keys: dict[str, bytes]) -> str:
    """That the receipt, or the part of it that is shown, is genuine; the signed token itself."""
    jwt, *claims = token.split("~")
    demand(claims and claims.pop() == "", "A receipt ends with the sign ~: not all of it was copied.")
    payload = check_signature(jwt, keys)
    demand(payload.pop("_sd_alg", "sha-256") == "sha-256", "The receipt is made with another hash than SHA-256.")
    disclosures = Disclosures(claims)
    said = disclosures.reveal(payload)
    demand(set(disclosures.by_digest) <= disclosures.seen, "A claim is shown that was never signed.")
    say(json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True))
    say(f"{len(claims)} claims are shown; {disclosures.hidden} digests stay closed (some of them stand for nothing).")
    return jwt


# --- The log (C2SP tlog-proof, RFC 9162) --------------------------------------------------------------------------
def check_log(jwt: str, evidence: dict[str, Any], log_key: str) -> None:
    """That the log has an entry about this very token."""
    entry = as_kind(evidence.get("entry"), dict, "The entry")
    leaf = as_bytes(as_kind(entry.get("log"), dict, "The entry's place in the log").get("leaf"), "The leaf")
    index, size = check_proof(leaf, as_kind(evidence.get("tlog_proof"), str, "The proof"), log_key)
    said = as_kind(as_json(leaf, "The leaf"), dict, "The leaf")
    demand(said.get("event") == EVENT, "The entry is about something else than a receipt.")
    payload = as_json(opened(said, as_kind(entry.get("opening"), dict, "The entry's opening")), "The payload")
    data = as_kind(as_kind(payload, dict, "The payload").get("data"), dict, "The payload's data")
    mine = hashlib.sha256(jwt.encode()).hexdigest()
    demand(data.get("sd_jwt_sha256") == mine, "The entry is about another receipt.")
    say(f"In the log at index {index} of {size}, recorded {said.get('time')}.")


def opened(leaf: dict[str, Any], opening: dict[str, Any]) -> bytes:
    """The payload that one of the leaf's commitments was made to."""
    payload = as_bytes(opening.get("payload"), "The payload")
    for salt in as_kind(opening.get("salts"), list, "The salts"):
        found = as_kind(salt, dict, "A salt").get("salt")
        if isinstance(found, str) and re.fullmatch(r"[0-9a-f]{64}", found):
            made = COMMITMENT_PREFIX + bytes.fromhex(found) + struct.pack(">Q", len(payload)) + payload
            if hashlib.sha256(made).hexdigest() in as_kind(leaf.get("commitments"), list, "The commitments"):
                return payload
    raise VerificationError("Nothing opens this entry: it was not made to this payload, or its salt was destroyed.")


def check_proof(leaf: bytes, proof: str, log_key: str) -> tuple[int, int]:
    """The leaf's index and the log's size, once the proof leads from the one to the signed root of the other."""
    above, blank, checkpoint = proof.partition("\n\n")
    lines = [line for line in above.split("\n") if not line.startswith("extra ")]
    demand(blank and lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) > 1, "The proof is not a tlog-proof.")
    index = as_number(lines[1].removeprefix("index "), "The index")
    size, root = signed_state(checkpoint, log_key)
    demand(index < size, f"The log has {size} entries, and none with the index {index}.")
    path = [as_bytes(line, "A hash of the proof") for line in lines[2:]]
    found = climb(hashlib.sha256(b"\0" + leaf).digest(), index, size, path)
    demand(found == root, f"The proof does not lead to the signed root: this entry is not at index {index}.")
    return index, size


def climb(node: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root to which a path leads (RFC 9162, section 2.1.3.2)."""
    last = size - 1
    for sibling in path:
        demand(last, "The proof has more hashes than the tree has levels.")
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index and not index % 2:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    demand(not last, "The proof has fewer hashes than the tree has levels.")
    return node


def signed_state(checkpoint: str, log_key: str) -> tuple[int, bytes]:
    """Size and root of the log, under the signature of the key that you gave."""
    name, identifier, encoded = [*log_key.split("+", 2), "", ""][:3]
    key = as_bytes(encoded, "The log's key")
    demand(key[:1] == b"\x01" and len(key) == 33, "The log's key is no Ed25519 verifier key.")  # noqa: PLR2004
    made = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    demand(made.hex() == identifier, "The log's key does not have the identifier that it names.")
    text, blank, signatures = checkpoint.rpartition("\n\n")
    lines = (text := f"{text}\n").split("\n")
    demand(blank and len(lines) > 3 and lines[0] == name, f"The checkpoint is not one of {name}.")  # noqa: PLR2004
    for line in signatures.split("\n"):
        signed = re.fullmatch(r"— ([^+\s]+) (\S+)", line)
        raw = as_bytes(signed[2], "A signature") if signed and signed[1] == name else b""
        if raw[:4] == made and holds(key[1:], text.encode(), raw[4:]):
            return as_number(lines[1], "The size"), as_bytes(lines[2], "The root")
    raise VerificationError("The checkpoint is not signed with the log's key that you gave.")


# --- The command line ---------------------------------------------------------------------------------------------
def say(text: str, to: TextIO | None = None) -> None:
    """Prints without letting what others wrote command the terminal."""
    print("".join(c if c.isprintable() or c == "\n" else "�" for c in text), file=to or sys.stdout)


def main(arguments: list[str] | None = None) -> int:
    """Checks one receipt; 0 if everything held, and 1 if not."""
    parser = argparse.ArgumentParser(description="Checks that a receipt of a consent is genuine, offline.")
    parser.add_argument("--keys", type=Path, required=True, help="a JWK set with the keys that you trust")
    parser.add_argument("--log-entry", type=Path, help="the receipt's entry in the log, with its proof")
    parser.add_argument("--log-key", help="the log's Ed25519 verifier key that you trust")
    parser.add_argument("receipt", type=Path, help="the receipt, or a presentation of it")
    given = parser.parse_args(arguments)
    if (given.log_entry is None) != (given.log_key is None):
        parser.error("--log-entry and --log-key go together")
    try:
        token = "".join(given.receipt.read_bytes().decode("ascii", errors="replace").split())
        jwt = check_receipt(token, trusted_keys(given.keys.read_bytes()))
        if given.log_entry is not None:
            evidence = as_kind(as_json(given.log_entry.read_bytes(), "The log entry"), dict, "The log entry")
            check_log(jwt, evidence, given.log_key)
    except (VerificationError, OSError) as error:
        say(f"FAILED: {error}", to=sys.stderr)
        return 1
    say("OK. Whether the consent still stands is not in this file: ask the address under `status`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
