"""The report's signature: PAdES (ETSI EN 319 142-1), certified against any change, with the statement attached.

With a time-stamp authority it is made to last: the certificates that its check needs are put into the file (DSS), and
a second time-stamp covers all of it, which may be renewed by another before its own certificate runs out.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.embed import EmbeddedFileObject, FileSpec, embed_file
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    SigDSSPlacementPreference,
    TimestampDSSContentSettings,
)
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, PathValidationError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.errors import OutboundError
from audit.outbound import post
from governance.evidence.certificates import Credentials
from governance.evidence.errors import CertificateError, EvidenceNotReadyError
from governance.evidence.report import ATTACHMENT

FIELD, ARCHIVE_FIELD = "Report", "Archive"
ROOM, ROOM_WITH_STAMP = 8_192, 24_576  # bytes for the signature, which is filled in when all else is written
DESCRIPTION = "The signed statement (DSSE, in-toto) on which this report stands"

# The library warns at every signature that it may fetch nothing, which is meant.
logging.getLogger("pyhanko.sign.signers.pdf_signer").setLevel(logging.ERROR)


class _Authority(TimeStamper):
    """Asks one authority, by the house's own way out."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        try:
            answer = post(self.url, req.dump(), content_type="application/timestamp-query", plain=True)
        except OutboundError as error:
            raise EvidenceNotReadyError(f"The report could not be time-stamped: {error}") from error
        return tsp.TimeStampResp.load(answer.body)


@dataclass(frozen=True)
class Stamping:
    """Who time-stamps a report: the authority's address, and the certificates by which it is believed."""

    url: str
    certificates: tuple[x509.Certificate, ...]


def signed(report: bytes, *, statement: bytes, credentials: Credentials, stamping: Stamping | None) -> bytes:
    """The report with the statement attached and a certifying signature that allows no change at all.

    Args:
        report: the PDF as it was drawn.
        statement: the signed statement.
        credentials: what signs.
        stamping: who time-stamps signature and file, None for a signature without stamps.

    Raises:
        EvidenceNotReadyError: the authority does not answer.
        CertificateError: there is no valid path from a certificate, ours or the authority's, to its root.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(report))
    held = EmbeddedFileObject.from_file_data(writer, data=statement, compress=False, mime_type="application/json")
    stated = FileSpec(
        file_spec_string=ATTACHMENT,
        embedded_data=held,
        description=DESCRIPTION,
        af_relationship=pdf_name("/Source"),
    )
    embed_file(writer, stated)
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason="Evidence of a forensic examination",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        **(_lasting(credentials, stamping) if stamping else {}),
    )
    signer = PdfSigner(metadata, _signer(credentials), timestamper=_Authority(stamping.url) if stamping else None)
    room = ROOM_WITH_STAMP if stamping else ROOM
    try:
        return bytes(signer.sign_pdf(writer, bytes_reserved=2 * room).getvalue())
    except (SigningError, PathError, PathValidationError) as error:
        raise CertificateError(f"The report cannot be signed to last: {error}") from error


def _lasting(credentials: Credentials, stamping: Stamping) -> dict[str, Any]:
    """What makes the signature last: its certificates in the file, and a time-stamp over all of that.

    Nothing is fetched: what an authority says about revocation is not there.
    """
    roots = [credentials.chain[-1], *(one for one in stamping.certificates if one.issuer == one.subject)]
    others = [*credentials.chain[:-1], *(one for one in stamping.certificates if one not in roots)]
    return {
        "embed_validation_info": True,
        "use_pades_lta": True,
        "signer_key_usage": set(),
        "timestamp_field_name": ARCHIVE_FIELD,
        "dss_settings": DSSContentSettings(
            include_vri=False,
            placement=SigDSSPlacementPreference.TOGETHER_WITH_NEXT_TS,
            next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
        ),
        "validation_context": ValidationContext(
            trust_roots=_asn1(roots), other_certs=_asn1(others), allow_fetching=False, revocation_mode="soft-fail"
        ),
    }


def _asn1(certificates: Sequence[x509.Certificate]) -> list[asn1_x509.Certificate]:
    return [asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)) for certificate in certificates]


def _signer(credentials: Credentials) -> SimpleSigner:
    key = credentials.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = _asn1(credentials.chain)
    return SimpleSigner(
        signing_cert=chain[0],
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore.from_certs(chain[1:]),  # type: ignore[no-untyped-call]
    )
