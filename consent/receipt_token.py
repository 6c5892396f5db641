"""The receipt as an SD-JWT (RFC 9901), of which its holder shows as much as they like, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from consent import sd_jwt
from consent.errors import ConsentError, ReceiptError
from consent.scope import Purpose
from tenancy import jws
from tenancy.errors import SignatureError

KIND = "consent-receipt+sd-jwt"
LONGEST = 96 * 1024  # characters; a receipt with everything in it has about 6,000
MOST_PARTS = 200
# What everybody sees. Whatever else a receipt says, now or later, is hidden until its holder shows it: also the
# notice's hash and the statement, from which a name could be guessed and the guess confirmed.
SHOWN = frozenset(
    {"schema_version", "receipt_id", "issued_at", "language", "pii_controller", "pii_types", "lawful_basis"}
    | {"retention", "withdrawal"}
)
SHOWN_WITHIN: dict[str, frozenset[str]] = {
    "pii_principal": frozenset(),
    "notice": frozenset({"version"}),
    "consent": frozenset({"type", "given_at", "valid_until"}),
}
LEFT_OUT = {"notice": frozenset({"text"})}  # 3,000 letters that its hash stands for


@dataclass(frozen=True)
class Presented:
    """What a genuine presentation says: only what was disclosed is in `claims`; `hidden` counts decoys as well."""

    receipt_id: UUID
    claims: dict[str, Any]
    hidden: int
    jwt: str


def issue(body: Mapping[str, Any]) -> str:
    """The SD-JWT of a receipt's body, with everything disclosed; it is the holder's, who presents parts of it."""
    claims: dict[str, Any] = {name: body[name] for name in SHOWN if name in body}
    disclosures: list[sd_jwt.Disclosure] = []
    for name, shown in SHOWN_WITHIN.items():
        part = {key: value for key, value in body[name].items() if key not in LEFT_OUT.get(name, ())}
        digests, opened = sd_jwt.hide_members({key: value for key, value in part.items() if key not in shown})
        claims[name] = {**{key: value for key, value in part.items() if key in shown}, sd_jwt.DIGESTS: digests}
        disclosures += opened
    claims["purposes"], opened = sd_jwt.hide_elements(body["purposes"], among=len(Purpose))
    disclosures += opened
    rest = {key: value for key, value in body.items() if key not in {*SHOWN, *SHOWN_WITHIN, "purposes"}}
    claims[sd_jwt.DIGESTS], opened = sd_jwt.hide_members(rest)
    disclosures += opened
    return _joined(jws.write({**claims, **_registered(body)}, kind=KIND), [one.encoded for one in disclosures])


def present(token: str, *, disclose: Collection[str]) -> str:
    """A presentation of our own receipt that shows no more than these of its hidden claims.

    Args:
        token: the receipt, or a presentation of it.
        disclose: paths such as `intended_use`, `pii_principal.name` or `purposes.narration`.

    Raises:
        ReceiptError: the token is not genuine.
        ConsentError: receipt-claim-unknown, for a claim that the token does not hold.
    """
    jwt, found = _read(token)
    named = {_path(path, part): part.encoded for path, part in found.paths}
    unknown = sorted(set(disclose) - set(named))
    if unknown:
        message = f"This receipt cannot show {', '.join(unknown)}; it can show {', '.join(sorted(named))}."
        raise ConsentError("receipt-claim-unknown", message)
    return _joined(jwt, [part for path, part in named.items() if path in disclose])


def disclosable(token: str) -> list[str]:
    """The paths that `present` takes for this token."""
    _, found = _read(token)
    return sorted(_path(path, part) for path, part in found.paths)


def verify_presentation(presentation: str) -> Presented:
    """What a receipt, or a presentation of one, says; raises `ReceiptError` unless we signed it and nothing is changed.

    That it is genuine does not say that it still stands: `receipt_standing` does, at this moment.
    """
    jwt, found = _read(presentation)
    try:
        receipt_id = UUID(found.claims["receipt_id"])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise ReceiptError("The token is signed, but it is not a receipt.") from error
    return Presented(receipt_id, found.claims, found.hidden, jwt)


def split(token: str) -> tuple[str, list[str]]:
    """The signed token and the disclosures behind it; raises `ReceiptError`.

    A receipt is bound to no key of its holder, so a key-binding token at the end has nothing to prove and is refused.
    """
    if len(token) > LONGEST or token.count("~") > MOST_PARTS or not token.isascii():
        raise _incomplete("This is too long for a receipt, or has letters in it that no receipt has.")
    jwt, *parts = token.split("~")
    if not parts or parts.pop() != "":
        raise _incomplete("A receipt ends with the sign ~. Check that all of it was copied.")
    if jwt.count(".") != 2:  # noqa: PLR2004 -- between header, payload and signature
        raise _incomplete("A receipt begins with three parts and a dot between them. Check that all of it was copied.")
    return jwt, parts


def _read(token: str) -> tuple[str, sd_jwt.Revealed]:
    """The signed token, and what it says with its disclosures; raises `ReceiptError`."""
    jwt, parts = split(token)
    for part in jwt.split("."):
        sd_jwt.from_base64url(part)
    try:
        payload = jws.read(jwt, kind=KIND)
    except SignatureError as error:
        raise ReceiptError("We did not sign this as a receipt, or it was changed after we signed it.") from error
    return jwt, sd_jwt.reveal(payload, parts)


def _incomplete(message: str) -> ReceiptError:
    return ReceiptError(message, code="receipt-incomplete")


def _joined(jwt: str, parts: list[str]) -> str:
    return "~".join([jwt, *parts, ""])


def _path(path: str, part: sd_jwt.Disclosure) -> str:
    return f"purposes.{part.value['purpose']}" if path == "purposes[]" else path


def _registered(body: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that every reader of tokens knows (RFC 7519), where to ask whether it still stands, and the hash."""
    status = f"{settings.PUBLIC_URL}/v1/receipts/status/{body['receipt_id']}"
    return {
        "iss": settings.PUBLIC_URL,
        "jti": body["receipt_id"],
        "iat": _seconds(body["issued_at"]),
        "exp": _seconds(body["consent"]["valid_until"]),
        "status": {"uri": status},
        sd_jwt.HASH: sd_jwt.SHA_256,
    }


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
