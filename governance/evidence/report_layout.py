"""How a report looks: black on white A4, one column, the same head and foot on each page, tables that break well."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, cast
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import KeepTogether, ListFlowable, Paragraph, SimpleDocTemplate, Spacer, Table

from consent.tagged_pdf import BOLD, REGULAR, load_fonts, printable

MARGIN = 51.0  # 18 mm, which every printer reaches
PADDING = 6.0  # which the library puts around what stands on a page
COLUMN = A4[0] - 2 * MARGIN
INK, SOFT, LINE, SHADE = HexColor("#191b1f"), HexColor("#4b4e55"), HexColor("#b9b8b0"), HexColor("#f3f2ec")
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.6, leading=13.8, textColor=INK, spaceAfter=4)
LEAD = ParagraphStyle("lead", parent=BODY, fontName=BOLD, fontSize=11.5, leading=16.5, spaceAfter=3)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=20, leading=25, spaceAfter=6)
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontName=BOLD, fontSize=12, leading=16, spaceBefore=12, spaceAfter=4, keepWithNext=1
)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=8, leading=10.8, spaceAfter=0, splitLongWords=1)
HEAD = ParagraphStyle("head", parent=CELL, fontName=BOLD)
LABEL = ParagraphStyle("label", parent=CELL, textColor=SOFT)
UNPRINTABLE = "\ufffd"


def shown(value: Any) -> str:
    """A text of somebody else's as it can be printed: in one line; what the print has no sign for is shown as such."""
    text = " ".join(str(value).split())
    return "".join(letter if printable(letter) else UNPRINTABLE for letter in text)


class Pages:
    """Collects what stands on the pages, in order, and draws them."""

    def __init__(self) -> None:
        load_fonts()
        self._parts: list[Any] = []

    def title(self, text: str) -> None:
        self._parts.append(Paragraph(escape(text), TITLE))

    def heading(self, text: str) -> None:
        self._parts.append(Paragraph(escape(text), HEADING))

    def paragraph(self, text: str) -> None:
        self._parts.append(Paragraph(escape(shown(text)), BODY))

    def framed(self, texts: Sequence[str]) -> None:
        """What nobody may overlook."""
        rows = [[Paragraph(escape(shown(text)), LEAD)] for text in texts]
        frame = [("BOX", (0, 0), (-1, -1), 1.2, INK), ("BACKGROUND", (0, 0), (-1, -1), SHADE)]
        style = cast("Any", [*frame, *_padding(9, 4)])
        self._parts += [Table(rows, colWidths=[COLUMN], style=style), Spacer(1, 4)]

    def items(self, texts: Sequence[str], *, numbered: bool = False) -> None:
        points = [Paragraph(escape(shown(text)), BODY) for text in texts]
        kind = {"bulletType": "1", "bulletFormat": "%s."} if numbered else {"bulletType": "bullet", "start": "•"}
        flow = cast("Any", ListFlowable)  # takes more than its types say
        self._parts.append(flow(points, bulletFontName=REGULAR, bulletFontSize=9.6, leftIndent=16, **kind))

    def facts(self, rows: Sequence[tuple[str, Any]]) -> None:
        """What a thing is called on the left, and what it is on the right."""
        cells = [[Paragraph(escape(label), LABEL), Paragraph(escape(shown(value)), CELL)] for label, value in rows]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0, 1.6)]
        self._parts += [Table(cells, colWidths=[132, COLUMN - 132], style=style), Spacer(1, 4)]

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Any]], *, widths: Sequence[float]) -> None:
        """A table whose head is repeated on each page; `widths` are shares of the column."""
        cells = [[Paragraph(escape(text), HEAD) for text in head]]
        cells += [[Paragraph(escape(shown(value)), CELL) for value in row] for row in rows]
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            *_padding(3, 2.5),
        ]
        shares = [COLUMN * width / sum(widths) for width in widths]
        self._parts += [Table(cells, colWidths=shares, style=style, repeatRows=1), Spacer(1, 6)]

    def picture(self, drawing: Any, caption: str) -> None:
        self._parts.append(KeepTogether([drawing, Paragraph(escape(caption), LABEL), Spacer(1, 6)]))

    def finish(self, *, title: str, author: str, subject: str, foot: str) -> bytes:
        """The PDF; `subject` is among its properties and `foot` at the bottom of every page."""
        buffer = io.BytesIO()
        document = SimpleDocTemplate(
            buffer,
            pagesize=A4,
            leftMargin=MARGIN - PADDING,
            rightMargin=MARGIN - PADDING,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
            title=title,
            author=author,
            subject=subject,
            creator="Vivavoce",
            lang="en-GB",
        )

        def draw_foot(canvas: Any, page: Any) -> None:
            canvas.setFont(REGULAR, 7)
            canvas.setFillColor(SOFT)
            canvas.drawString(MARGIN, MARGIN * 0.55, foot)
            canvas.drawRightString(A4[0] - MARGIN, MARGIN * 0.55, f"page {page.page}")

        document.build(self._parts, onFirstPage=draw_foot, onLaterPages=draw_foot)
        return buffer.getvalue()


def _padding(across: float, down: float) -> list[tuple[Any, ...]]:
    sides = {"LEFTPADDING": across, "RIGHTPADDING": across, "TOPPADDING": down, "BOTTOMPADDING": down}
    return [(side, (0, 0), (-1, -1), amount) for side, amount in sides.items()]
