"""The keys that sign manifests: made on first use, wrapped by key management, renewed in time, destroyed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from django.conf import settings

from tenancy.ids import new_id
from tenancy.registry import key_management
from tenancy.scope import platform_scope
from watermark.manifest_models import CredentialKind, CredentialStanding, ProvenanceCredential
from watermark.provenance import authority
from watermark.provenance.authority import Holder
from watermark.provenance.errors import ProvenanceError

COORDINATE_BYTES = 32


@dataclass(frozen=True)
class Known:
    """A leaf that signs or has signed for us: its certificate, and the root that it leads to, in PEM."""

    leaf: x509.Certificate
    anchor: str


class LocalSigner:
    """The `Signer` whose key lies wrapped in the database and is opened here for a signature."""

    def __init__(self) -> None:
        row = current()
        self.chain = row.chain
        self._key = _opened(row)

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(COORDINATE_BYTES) + s.to_bytes(COORDINATE_BYTES)


def holder() -> Holder:
    return Holder(country=settings.PROVENANCE_COUNTRY, organisation=settings.PROVENANCE_ORGANISATION)


def current() -> ProvenanceCredential:
    """The leaf that signs now; our own authority makes it on first use, and anew before its time to sign is over.

    Raises:
        ProvenanceError: a certificate that a public authority issued has expired; nobody but them can renew it.
    """
    with platform_scope():
        found = _active(CredentialKind.LEAF)
        if found is None or (found.issued_by_us and _is_over(found)):
            return renew(only_if_due=True)
        if _is_over(found):
            raise ProvenanceError("The certificate that signs manifests has expired: request and install a new one.")
        return found


def renew(*, only_if_due: bool = False) -> ProvenanceCredential:
    """A new leaf from our own authority in the place of the present one, whose key is destroyed."""
    with platform_scope():
        root = _root()  # its row is locked: of several callers at once one renews, and the others see what it made
        found = _active(CredentialKind.LEAF)
        if only_if_due and found is not None and not (found.issued_by_us and _is_over(found)):
            return found
        _retire(found)
        at, key = authority.now(), ec.generate_private_key(ec.SECP256R1())
        certificate = x509.load_pem_x509_certificate(root.anchor.encode())
        leaf = authority.new_leaf(key.public_key(), holder=holder(), root=certificate, root_key=_opened(root), at=at)
        return _kept(
            CredentialKind.LEAF,
            key,
            standing=CredentialStanding.ACTIVE,
            issued_by_us=True,
            chain=authority.as_pem(leaf),
            anchor=root.anchor,
            sign_until=at + timedelta(days=settings.PROVENANCE_KEY_DAYS),
        )


def request(*, record: str | None = None) -> str:
    """A certificate signing request in PEM for a fresh key, which waits for what `install` brings."""
    key = ec.generate_private_key(ec.SECP256R1())
    asked = authority.signing_request(key, holder=holder(), record=record)
    with platform_scope():
        _kept(CredentialKind.LEAF, key, standing=CredentialStanding.WAITING, issued_by_us=False)
    return asked.public_bytes(Encoding.PEM).decode()


def install(pem: bytes, *, anchors: bytes = b"") -> ProvenanceCredential:
    """Sign with an issued certificate from now on: `pem` has it first and what it leads through after it.

    Raises:
        ProvenanceError: it fits no waiting key, may not sign claims, or leads to no root here or in `anchors`.
    """
    chain, root = authority.ordered_chain(pem, anchors=anchors)
    with platform_scope():
        waiting = ProvenanceCredential.objects.select_for_update().filter(standing=CredentialStanding.WAITING)
        for row in waiting.order_by("-id"):
            public = _opened(row).public_key()
            if public == chain[0].public_key():
                authority.check_leaf(chain[0], public=public, at=authority.now())
                _retire(_active(CredentialKind.LEAF))
                row.standing, row.chain, row.anchor = "active", authority.as_pem(*chain), authority.as_pem(root)
                row.sign_until = chain[0].not_valid_after_utc
                row.save(update_fields=["standing", "chain", "anchor", "sign_until"])
                return row
    raise ProvenanceError("No key waits for this certificate: request one first, and install what was issued for it.")


def known() -> list[Known]:
    """Every leaf that signs or has signed for us, newest first."""
    with platform_scope():
        rows = ProvenanceCredential.objects.filter(kind=CredentialKind.LEAF).exclude(chain="").order_by("-id")
        return [Known(x509.load_pem_x509_certificate(row.chain.encode()), row.anchor) for row in rows]


class ProvenanceKeys:
    """The `KeyHolder` of these keys: each is wrapped by key management itself."""

    def behind(self, *, organisation_id: UUID | None) -> int:
        return len(_behind()) if organisation_id is None else 0

    def rewrap(self, *, organisation_id: UUID | None) -> int:
        rows = _behind(lock=True) if organisation_id is None else []
        for row in rows:
            row.wrapped = key_management().rewrap(bytes(row.wrapped or b""), context=_context(row))
        ProvenanceCredential.objects.bulk_update(rows, ["wrapped"])
        return len(rows)


def _root() -> ProvenanceCredential:
    """Our own root, made when it is first needed, and locked."""
    if _active(CredentialKind.ROOT) is None:
        key = ec.generate_private_key(ec.SECP384R1())
        pem = authority.as_pem(authority.new_root(key, holder=holder(), at=authority.now()))
        _kept(CredentialKind.ROOT, key, standing=CredentialStanding.ACTIVE, issued_by_us=True, chain=pem, anchor=pem)
    rows = ProvenanceCredential.objects.select_for_update()
    return rows.get(kind=CredentialKind.ROOT, standing=CredentialStanding.ACTIVE)


def _kept(
    kind: CredentialKind,
    key: ec.EllipticCurvePrivateKey,
    *,
    standing: CredentialStanding,
    issued_by_us: bool,
    chain: str = "",
    anchor: str = "",
    sign_until: datetime | None = None,
) -> ProvenanceCredential:
    """The row of a new key; where another became the active one of its kind first, that one stays."""
    row = ProvenanceCredential(
        id=new_id(),
        kind=kind,
        standing=standing,
        issued_by_us=issued_by_us,
        chain=chain,
        anchor=anchor,
        sign_until=sign_until,
    )
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    row.wrapped = key_management().wrap(plain, context=_context(row))
    ProvenanceCredential.objects.bulk_create([row], ignore_conflicts=standing == CredentialStanding.ACTIVE)
    return row


def _active(kind: CredentialKind) -> ProvenanceCredential | None:
    return ProvenanceCredential.objects.filter(kind=kind, standing=CredentialStanding.ACTIVE).first()


def _retire(row: ProvenanceCredential | None) -> None:
    if row is not None:
        row.standing, row.wrapped = CredentialStanding.RETIRED, None
        row.save(update_fields=["standing", "wrapped"])


def _is_over(row: ProvenanceCredential) -> bool:
    return row.sign_until is None or row.sign_until <= authority.now()


def _opened(row: ProvenanceCredential) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(key_management().unwrap(bytes(row.wrapped or b""), context=_context(row)), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ProvenanceError("The key that signs manifests is of another kind than it was made.")
    return key


def _context(row: ProvenanceCredential) -> bytes:
    return f"vivavoce|provenance|{row.kind}|{row.id}".encode()


def _behind(*, lock: bool = False) -> list[ProvenanceCredential]:
    management, rows = key_management(), ProvenanceCredential.objects.exclude(wrapped=None).order_by("id")
    locked = rows.select_for_update(no_key=True) if lock else rows
    return [row for row in locked if management.key_id_of(bytes(row.wrapped or b"")) != management.key_id]
