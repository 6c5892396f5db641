from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asn1crypto import tsp
from certomancer.services import TimeStamper
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import override_settings
from django.utils import timezone
from pyhanko.pdf_utils.generic import DictionaryObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from reportlab.pdfgen.canvas import Canvas

from audit.timestamps import sort_authorities, verify_stamp
from governance.evidence import certificates, stamps
from governance.evidence.composing import composed
from governance.evidence.errors import CertificateError, EvidenceNotReadyError
from governance.evidence.report_signing import ARCHIVE_FIELD, Stamping, _asn1, _Authority, signed
from governance.evidence.standalone import verify
from tests.governance.evidence_bundles import failures, signed_again, trust
from tests.governance.evidence_dossiers import dossier_of
from tests.time_authority import TimeAuthority, establish, grant, time_authority

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "rfc3161" / "test" / "fixtures"
MESSAGE = b"an envelope"
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the RFC 3161 vectors are not in shared/vectors")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeAuthority]:
    folder = tmp_path_factory.mktemp("evidence")
    with time_authority() as answering:
        (folder / "roots.pem").write_bytes(answering.pem())
        with override_settings(
            EVIDENCE_CERTIFICATES=folder / "certificates",
            TIMESTAMP_ROOTS=folder / "roots.pem",
            TIMESTAMP_AUTHORITIES=[answering.url],
        ):
            yield answering


@pytest.fixture(scope="module")
def files(authority: TimeAuthority) -> dict[str, bytes]:
    return verify.unzipped(composed(dossier_of(), issued_at=timezone.now()).content)


def findings(files: dict[str, bytes], trusted: verify.Trust) -> dict[str, verify.Finding]:
    return {finding.check: finding for finding in verify.examine(files, trusted)}


def test_statement_and_report_are_time_stamped(files: dict[str, bytes], authority: TimeAuthority) -> None:
    found = findings(files, trust()._replace(authorities=(authority.root,)))
    assert {finding.outcome for finding in found.values()} == {"held"}
    assert found["time-stamps"].pinned
    assert found["time-stamps"].detail.endswith("says CN=Test authority")
    assert found["report"].detail.count("says CN=Test authority") == 2
    assert "archived" in found["report"].detail


def test_a_report_with_time_stamps_is_made_to_last_and_another_reader_agrees(
    files: dict[str, bytes], authority: TimeAuthority
) -> None:
    """Its certificates are inside, and a second stamp covers the whole file; the signature still allows no change."""
    pdf = PdfFileReader(io.BytesIO(files["report.pdf"]))
    (signature,), (archive,) = pdf.embedded_regular_signatures, pdf.embedded_timestamp_signatures
    ours, theirs = certificates.for_reports().chain, authority.root
    known = ValidationContext(trust_roots=_asn1([ours[-1], theirs]), allow_fetching=False)
    status = validate_pdf_signature(signature, known)
    assert (status.bottom_line, status.docmdp_ok) == (True, True)
    assert status.modification_level == ModificationLevel.LTA_UPDATES
    stamp = validate_pdf_timestamp(archive, ValidationContext(trust_roots=_asn1([theirs]), allow_fetching=False))
    assert (stamp.valid, stamp.trusted, stamp.coverage) == (True, True, SignatureCoverageLevel.ENTIRE_FILE)
    held = {bytes(reference.get_object().data) for reference in DocumentSecurityStore.read_dss(pdf).certs.values()}
    assert held == {one.public_bytes(Encoding.DER) for one in (*ours, authority.certificate, theirs)}


def signed_part(report: bytes) -> bytes:
    """The report as it was before it was archived."""
    _, _, second, rest = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", report)[0]
    return report[: int(second) + int(rest)]


def turn(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = NumberObject(180)
    writer.update_container(page)


def note(writer: IncrementalPdfFileWriter) -> None:
    words = {"/Type": "/Annot", "/Subtype": "/FreeText"}
    shown = DictionaryObject({pdf_name(name): pdf_name(value) for name, value in words.items()})
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Annots"].append(writer.add_object(shown))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


@pytest.mark.parametrize("change", [turn, note, None])
def test_what_was_changed_after_the_signature_fails_though_it_was_archived_anew(
    files: dict[str, bytes], authority: TimeAuthority, change: Callable[[IncrementalPdfFileWriter], None] | None
) -> None:
    """Anybody can have a time-stamp put on what they changed; without any change the same way is accepted."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed_part(files["report.pdf"])))
    if change:
        change(writer)
    stamper = PdfTimeStamper(_Authority(authority.url), field_name=ARCHIVE_FIELD)
    again = stamper.timestamp_pdf(writer, "sha256").getvalue()
    found = failures(signed_again({**files, "report.pdf": bytes(again)}))
    assert list(found) == (["report"] if change else [])
    assert not change or "after it was signed" in found["report"]


def test_every_flipped_byte_behind_the_signature_is_found(files: dict[str, bytes], authority: TimeAuthority) -> None:
    report = files["report.pdf"]
    trusted = trust()._replace(authorities=(authority.root,))
    end, stamp = len(signed_part(report)), report.rindex(b"/ByteRange")
    start = report.rindex(b"<", 0, stamp)
    for place in [*range(end, start, 37), *range(stamp, len(report), 7)]:
        changed = bytearray(report)
        changed[place] ^= 0x01
        found = findings(signed_again({**files, "report.pdf": bytes(changed)}), trusted)
        assert found["report"].outcome == "failed", place


def test_a_report_that_was_not_archived_is_a_report(files: dict[str, bytes], authority: TimeAuthority) -> None:
    found = findings(signed_again({**files, "report.pdf": signed_part(files["report.pdf"])}), trust())
    assert found["report"].outcome == "held"
    assert "archived" not in found["report"].detail


def test_a_report_whose_certificates_lead_nowhere_is_not_signed_to_last(authority: TimeAuthority) -> None:
    blank, ours = io.BytesIO(), certificates.for_reports()
    canvas = Canvas(blank)
    canvas.drawString(72, 72, "A report")
    canvas.save()
    for credentials, roots in (
        (certificates.Credentials(ours.key, (ours.chain[0], establish("Stranger").root)), (authority.root,)),
        (ours, (establish("Stranger").root,)),
    ):
        stamping = Stamping(authority.url, roots)
        with pytest.raises(CertificateError, match="cannot be signed to last"):
            signed(blank.getvalue(), statement=b"{}", credentials=credentials, stamping=stamping)


def test_our_reader_of_time_stamps_agrees_with_the_other_one(files: dict[str, bytes], authority: TimeAuthority) -> None:
    token, envelope = files["timestamps/01.tsr"], files["statement.dsse.json"]
    proven = verify_stamp(token, message=envelope, trusted=sort_authorities([authority.root]))
    assert verify.stamped(token, envelope, [authority.root], what="It") == (proven.time, proven.authority)


def test_an_authority_that_the_reader_does_not_trust_proves_nothing(files: dict[str, bytes]) -> None:
    assert set(failures(files, verify.Trust(authorities=(establish("Stranger").root,)))) == {"time-stamps", "report"}


def test_a_time_stamp_over_something_else_fails(files: dict[str, bytes], authority: TimeAuthority) -> None:
    (token,) = stamps.over(b"another envelope")
    assert list(failures(signed_again({**files, "timestamps/01.tsr": token.response}))) == ["time-stamps"]


def test_no_flipped_byte_makes_a_time_stamp_say_something_else(
    files: dict[str, bytes], authority: TimeAuthority
) -> None:
    """CMS leaves some of its framing unsigned (RFC 5652): a change there says nothing, and the signed list finds it."""
    token, envelope = files["timestamps/01.tsr"], files["statement.dsse.json"]
    says = verify.stamped(token, envelope, [authority.root], what="It")
    detected = 0
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 0x01
        try:
            assert verify.stamped(bytes(changed), envelope, [authority.root], what="It") == says
        except verify.VerificationError:
            detected += 1
    assert detected > 0.9 * len(token)


def test_without_an_authority_there_is_no_stamp_and_the_verifier_says_so(
    authority: TimeAuthority, files: dict[str, bytes]
) -> None:
    with override_settings(TIMESTAMP_AUTHORITIES=[]):
        plain = verify.unzipped(composed(dossier_of(), issued_at=timezone.now()).content)
    assert findings(plain, trust())["time-stamps"].outcome == "not checked"
    assert not [name for name in plain if "timestamp" in name]


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/tsr"


def test_no_evidence_is_issued_where_no_authority_answers(authority: TimeAuthority) -> None:
    with (
        override_settings(TIMESTAMP_AUTHORITIES=[free_address()]),
        pytest.raises(EvidenceNotReadyError, match="No time-stamp authority answers"),
    ):
        composed(dossier_of(), issued_at=timezone.now())


def test_one_authority_that_answers_is_enough(authority: TimeAuthority) -> None:
    with override_settings(TIMESTAMP_AUTHORITIES=[free_address(), authority.url]):
        (token,) = stamps.over(MESSAGE)
    assert token.url == authority.url


def test_an_authority_whose_root_is_not_known_is_not_believed(authority: TimeAuthority, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_bytes(establish("Stranger").pem())
    for roots in (tmp_path / "roots.pem", tmp_path / "missing.pem"):
        with override_settings(TIMESTAMP_ROOTS=roots), pytest.raises(EvidenceNotReadyError):
            stamps.over(MESSAGE)


def test_an_authority_that_refuses_is_not_believed(authority: TimeAuthority) -> None:
    def refuse(stamper: TimeStamper, request: tsp.TimeStampReq) -> bytes:
        answer = stamper.request_tsa_response(request)
        answer["status"] = {"status": "rejection"}
        return bytes(answer.dump())

    authority.respond = refuse
    try:
        with pytest.raises(EvidenceNotReadyError):
            stamps.over(MESSAGE)
    finally:
        authority.respond = grant


@needs_vectors
@pytest.mark.parametrize(
    ("folder", "name", "wrong"),
    [
        ("test_tsa", "response.tsr", ""),
        ("sigstage", "response-sha256.tsr", ""),
        ("sigstage", "response-sha384.tsr", ""),
        ("sigstage", "response-sha512.tsr", ""),
        ("identrust", "issue-104.tsr", ""),
        ("sigstage", "response-no-embedded-cert.tsr", "does not carry its signer"),
    ],
)
def test_public_time_stamps_are_read_as_they_are(folder: str, name: str, wrong: str) -> None:
    raw = (VECTORS / folder / "ts_chain.pem").read_bytes()
    pem = b"BEGIN" in raw
    chain = x509.load_pem_x509_certificates(raw) if pem else [x509.load_der_x509_certificate(raw)]
    trusted = sort_authorities(chain)
    token = (VECTORS / folder / name).read_bytes()
    roots = [*trusted.roots, *trusted.intermediates]
    if wrong:
        with pytest.raises(verify.VerificationError, match=wrong):
            verify.stamped(token, b"hello", roots, what="It")
    else:
        proven = verify_stamp(token, message=b"hello", trusted=trusted)
        assert verify.stamped(token, b"hello", roots, what="It") == (proven.time, proven.authority)
        with pytest.raises(verify.VerificationError, match="not about these bytes"):
            verify.stamped(token, b"hellp", roots, what="It")


@needs_vectors
@pytest.mark.parametrize("path", sorted(VECTORS.rglob("*.tsr")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_public_time_stamp_is_believed_without_its_root(path: Path) -> None:
    with pytest.raises(verify.VerificationError):
        verify.stamped(path.read_bytes(), b"hello", [establish().root], what="It")
