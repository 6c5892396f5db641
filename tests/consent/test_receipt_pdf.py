from __future__ import annotations

import copy
import dataclasses
import io
import re
from typing import Any

import numpy as np
import pytest
import segno
from pypdf import PdfReader

from consent.errors import ConsentError
from consent.receipt_pdf import ATTACHMENT, PROOF_ATTACHMENT, Printing, render
from consent.receipt_wording import receipt_locales, receipt_wording
from tests.consent.bodies import BODY

LINK = "https://voices.example/v1/receipts/vvr_Q7mVbTtJ3w0vJ2l6n1oT4Xk9LhYcSd8eRfAzUgPqWi0"
PRINTING = Printing(
    sd_jwt="eyJhbGciOiJFZDI1NTE5In0.eyJhIjoxfQ.c2lnbmF0dXJl~WyJzIiwgMV0~",
    key_id="ed25519:019aa4f0-2222-7222-8333-444455556666",
    check_url=f"https://voices.example/verify?receipt={BODY['receipt_id']}",
    own_link=LINK,
    logged=48213,
    proof=b'{"entry": {}}',
)
TO_SHOW = dataclasses.replace(PRINTING, own_link=None)


def body(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BODY), **changes}


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content), strict=True)


def text_of(content: bytes) -> str:
    (page,) = read(content).pages
    return " ".join(page.extract_text().split())


def test_it_is_one_page_that_says_what_was_agreed_until_when_and_with_whom() -> None:
    said = text_of(render(body(), PRINTING))
    for text in (
        "Amara Okafor said yes to Northwind on 21 November 2026.",
        "giving a voice to characters in games",
        "reading books, articles and other texts aloud",
        "Audiobooks for children",
        "German and English",
        "500 euros, once",
        "Soundwell Ltd",
        "From 21 November 2026 until 21 November 2027.",
        BODY["receipt_id"],
        BODY["notice"]["sha256"],
        BODY["consent"]["recording_sha256"],
        PRINTING.key_id,
        "entry number 48213",
        "https://voices.example/verify",
    ):
        assert text in said


def test_in_german_every_word_is_german() -> None:
    said = text_of(render(body(language="de", recipients=[], territory=["worldwide"]), PRINTING))
    for text in (
        "Quittung für Ihr Ja",
        "21. November 2026",
        "Deutsch und Englisch",
        "niemand",
        "auf der ganzen Welt",
        "Zurücknehmen",
    ):
        assert text in said
    english = receipt_wording("en").receipt
    assert [name for name in ("title", "agreed", "term", "back", "proof", "check") if english[name] in said] == []


def test_taking_it_back_is_as_large_as_everything_else() -> None:
    sizes: dict[str, float] = {}

    def note(text: str, _cm: Any, _tm: Any, _font: Any, size: float) -> None:
        sizes[text.strip()] = size

    (page,) = read(render(body(), PRINTING)).pages
    page.extract_text(visitor_text=note)
    words = receipt_wording("en").receipt
    headings = {sizes[words[name]] for name in ("agreed", "term", "back", "proof", "check")}
    assert len(headings) == 1


def test_the_speakers_own_copy_has_their_link_and_the_copy_to_show_has_not() -> None:
    assert LINK in text_of(render(body(), PRINTING))
    shown = render(body(), TO_SHOW)
    assert "vvr_" not in text_of(shown)
    assert b"vvr_" not in shown
    assert "/Annots" not in read(shown).pages[0]
    (link,) = read(render(body(), PRINTING)).pages[0]["/Annots"]  # type: ignore[union-attr]
    assert link.get_object()["/A"]["/URI"] == LINK


def test_the_signed_original_and_the_logs_proof_are_attached() -> None:
    reader = read(render(body(), PRINTING))
    files = {name: contents[0] for name, contents in reader.attachments.items()}
    assert files == {ATTACHMENT: f"{PRINTING.sd_jwt}\n".encode(), PROOF_ATTACHMENT: PRINTING.proof}
    without = read(render(body(), dataclasses.replace(PRINTING, logged=None, proof=None)))
    assert list(without.attachments) == [ATTACHMENT]
    assert "not yet when this page was made" in " ".join(without.pages[0].extract_text().split())


def test_it_has_a_title_a_language_and_tags_that_say_what_is_what() -> None:
    reader = read(render(body(language="de"), PRINTING))
    catalog: Any = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Quittung für Ihr Ja · Northwind"
    assert catalog["/Lang"] == "de"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "Quittung für Ihr Ja" in catalog["/Metadata"].get_object().get_data().decode()
    document = catalog["/StructTreeRoot"]["/K"]
    roles = [kid.get_object()["/S"] for kid in document["/K"]]
    assert roles.count("/H1") == 1
    assert roles.count("/H2") == 5
    figures = [kid.get_object() for kid in document["/K"] if kid.get_object()["/S"] == "/Figure"]
    assert [bool(figure["/Alt"]) for figure in figures] == [True, True]


def test_every_tag_belongs_to_something_that_is_drawn() -> None:
    reader = read(render(body(), PRINTING))
    (page,) = reader.pages
    root: Any = reader.trailer["/Root"]
    marked = root["/StructTreeRoot"]["/ParentTree"]["/Nums"][1].get_object()
    drawn = page.get_contents().get_data().decode("latin-1")  # type: ignore[union-attr]
    assert page["/StructParents"] == 0
    assert [f"<</MCID {number}>>" in drawn for number in range(len(marked))] == [True] * len(marked)
    assert drawn.count("BDC") + drawn.count("BMC") == drawn.count("EMC")
    assert [entry.get_object()["/K"] for entry in marked] == list(range(len(marked)))


def modules(content: bytes, *, figure: int) -> np.ndarray[Any, Any]:
    """The modules of a code, read back from the rectangles that are drawn for it."""
    drawn = read(content).pages[0].get_contents().get_data().decode("latin-1")  # type: ignore[union-attr]
    block = drawn.split("/Figure <</MCID")[figure].split("EMC")[0]
    found = re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", block)
    cells = np.array(found, dtype=float)
    side = cells[0, 2]
    across = np.rint((cells[:, 0] - cells[:, 0].min()) / side).astype(int)
    down = np.rint((cells[:, 1].max() - cells[:, 1]) / side).astype(int)
    grid = np.zeros((down.max() + 1, across.max() + 1), dtype=bool)
    grid[down, across] = True
    return grid


@pytest.mark.parametrize(("figure", "content"), [(1, PRINTING.check_url), (2, LINK)])
def test_the_codes_lead_to_the_page_that_checks_and_to_the_speakers_own(figure: int, content: str) -> None:
    expected = np.array(segno.make(content, error="m", micro=False).matrix, dtype=bool)
    assert np.array_equal(modules(render(body(), PRINTING), figure=figure), expected)


@pytest.mark.parametrize("language", receipt_locales())
def test_the_longest_terms_still_fit_on_one_page_and_say_that_they_are_cut(language: str) -> None:
    purposes = [{"purpose": str(n), "description": "replacing the voice in films and videos"} for n in range(8)]
    longest = body(
        language=language,
        purposes=purposes,
        intended_use="audiobooks " * 5000,
        compensation="x" * 10_000,
        recipients=["Soundwell Ltd"] * 400,
        pii_principal={"id": "1", "name": "W" * 200},
        pii_controller={"id": "2", "name": "W" * 200},
    )
    said = text_of(render(longest, PRINTING))
    assert receipt_wording(language).receipt["elsewhere"] in said
    assert said.count(receipt_wording(language).receipt["cut"]) >= 3


@pytest.mark.parametrize("name", ["Zoë Świętokrzyska-Ðorđević", "Ελένη", "Игорь", "Nguyễn Thị Hạnh", "Ş\u0327ebnem"])
def test_names_of_many_scripts_are_printed(name: str) -> None:
    said = text_of(render(body(pii_principal={"id": "1", "name": name}), PRINTING))
    assert name in said


@pytest.mark.parametrize("name", ["王芳", "Ana 🎤", "شيماء", "A\u202ebc"])
def test_a_name_that_cannot_be_printed_is_never_shown_as_boxes(name: str) -> None:
    said = text_of(render(body(pii_principal={"id": "1", "name": name}), PRINTING))
    words = receipt_wording("en").receipt
    assert (name in said, words["unprintable"] in said, words["elsewhere"] in said) == (False, True, True)


def test_markup_in_what_was_agreed_is_mere_text() -> None:
    said = text_of(render(body(intended_use="<b>books</b> & <script>"), PRINTING))
    assert "<b>books</b> & <script>" in said


def test_there_is_no_receipt_in_a_language_without_words() -> None:
    with pytest.raises(ConsentError):
        render(body(language="xx"), PRINTING)


def test_every_language_has_every_word() -> None:
    def names(value: Any) -> Any:
        return {key: names(item) for key, item in value.items()} if isinstance(value, dict) else None

    english, *others = (receipt_wording(locale) for locale in ("en", *receipt_locales()))
    for other in others:
        assert names(other.receipt) == names(english.receipt)
        assert names(other.check) == names(english.check)
        assert (set(other.languages), len(other.months)) == (set(english.languages), 12)
