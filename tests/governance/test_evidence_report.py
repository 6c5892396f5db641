from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import override_settings
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from governance.evidence import certificates, report_words
from governance.evidence.composing import composed
from governance.evidence.dossier import Dossier
from governance.evidence.standalone import verify
from tests.governance.evidence_dossiers import CLIP, dossier_of, result_of, sha256


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("evidence") / "certificates"
    with override_settings(EVIDENCE_CERTIFICATES=made):
        yield made


def files_of(dossier: Dossier) -> dict[str, bytes]:
    return verify.unzipped(composed(dossier, issued_at=timezone.now()).content)


def text_of(files: dict[str, bytes]) -> str:
    pages = PdfReader(io.BytesIO(files["report.pdf"])).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, bytes]:
    return files_of(dossier_of())


def asn1(certificate: Any) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def test_another_reader_of_pdf_signatures_believes_the_report_and_that_nothing_was_changed(
    files: dict[str, bytes],
) -> None:
    (signature,) = PdfFileReader(io.BytesIO(files["report.pdf"])).embedded_signatures
    root = asn1(certificates.for_reports().chain[-1])
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root]))
    assert (status.intact, status.valid, status.trusted, status.bottom_line) == (True, True, True, True)
    assert (status.modification_level, status.docmdp_ok) == (ModificationLevel.NONE, True)
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert not validate_pdf_signature(signature, ValidationContext(trust_roots=[])).trusted


def test_the_statement_is_attached_and_its_hash_stands_in_the_text(files: dict[str, bytes]) -> None:
    document = PdfReader(io.BytesIO(files["report.pdf"]))
    assert document.attachments == {"statement.dsse.json": [files["statement.dsse.json"]]}
    assert sha256(files["statement.dsse.json"]) in text_of(files).replace(" ", "")
    assert document.trailer["/Root"]["/Lang"] == "en-GB"


def test_the_report_answers_what_a_court_asks(files: dict[str, bytes]) -> None:
    text = text_of(files)
    headings = [
        "1. What was asked",
        "2. What was received",
        "3. What was done",
        "4. What was found",
        "5. How sure this is",
        "6. What this does not show",
        "7. Other explanations that were considered",
        "8. Where the clip comes from",
        "9. Manifest of origin (C2PA)",
        "10. Chain of custody",
        "11. How to check this",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    said = [
        "A mark of synthetic speech was found in this sound.",
        f"It leads to the clip {CLIP}, which was made on this platform.",
        "very strong support",
        "less than 1 in 10 to the power of 41",
        "never larger than 10,000",
        "call from Zoë.wav",
        "Was this call made with a synthetic voice, and whose?",
        "Marked: 2.0 to 7.5 s.",
    ]
    assert [sentence for sentence in said if sentence not in text] == []


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("not_marked", "No mark was found in this sound. This does not mean that the sound is genuine."),
        ("inconclusive", "Whether there is a mark in this sound cannot be said."),
    ],
)
def test_without_a_mark_nothing_is_called_genuine(verdict: str, said: str) -> None:
    text = text_of(files_of(dossier_of(verdict)))
    assert said in text
    assert "There is no clip of this organisation to follow back." in text
    assert "likelihood ratio is given" in text


def test_a_mark_copied_onto_another_sound_is_said_at_the_top() -> None:
    answer = report_words.answer(dossier_of(result=result_of("marked", content="other")))
    assert answer[-1] == report_words.CONTENT["other"]


def test_a_clip_found_without_its_pilot_says_so_and_stands_on_fewer_trials() -> None:
    dossier = dossier_of(result=result_of("marked", log10_lr=2.0, by_pilot=False))
    said = report_words.certainty(dossier.result["candidates"][0], dossier)[0]
    assert "No pilot led to it" in said
    assert "never larger than 100, however clear" in said
    assert "in the 2,000 trials" in said


def test_a_foreign_clip_is_not_named() -> None:
    foreign = {**result_of("marked"), "elsewhere": [str(CLIP)]}
    answer = report_words.answer(dossier_of(result=foreign))
    assert (
        answer[1] == "It leads to a clip that another organisation had made on this platform, which alone may name it."
    )
    assert not any(str(CLIP) in sentence for sentence in answer)


def test_what_cannot_be_printed_is_shown_as_such_and_breaks_nothing() -> None:
    text = text_of(files_of(dossier_of(filename="\u202egpj.exe <b>通话</b>\x00.wav")))
    assert "gpj.exe <b>" in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("log10_lr", "words"),
    [
        (-2.0, "support for the opposite"),
        (0.0, "no support"),
        (0.30, "no support"),
        (0.31, "weak support"),
        (1.0, "moderate support"),
        (2.0, "moderately strong support"),
        (3.0, "strong support"),
        (4.0, "very strong support"),
        (5.99, "very strong support"),
        (6.0, "extremely strong support"),
    ],
)
def test_likelihood_ratios_have_the_words_of_the_scale(log10_lr: float, words: str) -> None:
    assert report_words.support(log10_lr) == words


@pytest.mark.parametrize(
    ("log10", "said"),
    [(0.0, "1.0"), (0.5, "3.1"), (1.0, "10"), (3.0, "1,000"), (4.0, "10,000"), (4.477, "29,000"), (-1.0, "1/10")],
)
def test_figures_are_round_and_never_say_more_than_was_found(log10: float, said: str) -> None:
    assert report_words.times(log10) == said


@pytest.mark.parametrize(
    ("log10_p", "said"),
    [
        (0.0, "more than 1 in 2"),
        (-0.1, "more than 1 in 2"),
        (-1.0, "about 1 in 10"),
        (-6.3, "about 1 in 1,900,000"),
        (-15.0, "about 1 in 1,000,000,000,000,000"),
        (-41.25, "less than 1 in 10 to the power of 41"),
    ],
)
def test_chances_are_said_as_one_in_so_many(log10_p: float, said: str) -> None:
    assert report_words.chance(log10_p) == said
