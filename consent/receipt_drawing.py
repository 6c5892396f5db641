"""How a receipt looks on paper: black on white, one column, two codes of one size, and headings of one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import segno
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from consent.tagged_pdf import BOLD, REGULAR, TaggedPage

WIDTH, HEIGHT = A4
MARGIN = 51.0  # 18 mm, which every printer reaches
CODE = 96.0  # 34 mm
GAP = 18.0
LABEL = 150.0
INK, SOFT, LINE = HexColor("#191b1f"), HexColor("#4b4e55"), HexColor("#b9b8b0")
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.6, leading=13.6, textColor=INK, splitLongWords=1)
LABELS = ParagraphStyle("labels", parent=BODY, textColor=SOFT)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=11)
SMALL_LABELS = ParagraphStyle("small labels", parent=SMALL, textColor=SOFT)
CAPTION = ParagraphStyle("caption", parent=SMALL, alignment=1, leading=9.6)
LEAD = ParagraphStyle("lead", parent=BODY, fontSize=12, leading=17)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=22, leading=27)
HEADING = ParagraphStyle("heading", parent=BODY, fontName=BOLD, fontSize=12, leading=16)


class Sheet:
    """Draws from the top of the page down; `fits` says whether all of it is still on the page.

    `scale` shrinks everything but the page and its codes' contents; 0.8 leaves print of 7.7 points.
    """

    def __init__(self, page: TaggedPage, *, scale: float) -> None:
        self.page = page
        page.canvas.scale(scale, scale)
        self.y = HEIGHT / scale - MARGIN
        self.right = WIDTH / scale - MARGIN
        self.column = self.right - MARGIN

    def fits(self) -> bool:
        return self.y >= MARGIN * 0.75

    def opening(self, *, title: str, lead: str, code: str, code_means: str, caption: str) -> None:
        """The name of the house, what this is, and the code at the top right."""
        top = self.y
        width = self.column - CODE - GAP
        self._brand()
        self.y -= 38
        self._text("H1", title, TITLE, width=width)
        self.y -= 6
        self._text("P", lead, LEAD, width=width)
        after = self.y
        left = self.right - CODE
        self._code(code, left=left, top=top, means=code_means)
        self.y = top - CODE - 4
        self._text("Caption", caption, CAPTION, left=left, width=CODE)
        self.y = min(self.y, after) - 2

    def heading(self, text: str) -> None:
        self.y -= 11
        with self.page.decoration() as canvas:
            canvas.setStrokeColor(LINE)
            canvas.setLineWidth(0.6)
            canvas.line(MARGIN, self.y, self.right, self.y)
        self.y -= 6
        self._text("H2", text, HEADING)
        self.y -= 2

    def paragraph(self, text: str) -> None:
        self._text("P", text, BODY)

    def items(self, texts: Sequence[str]) -> None:
        """A list; its points are drawn as decoration, since a list says itself that it is one."""
        self.y -= 2
        with self.page.group("L"):
            for text in texts:
                with self.page.decoration() as canvas:
                    canvas.setFillColor(INK)
                    canvas.circle(MARGIN + 5, self.y - BODY.leading / 2 - 0.6, 1.5, stroke=0, fill=1)
                self._text("LI", text, BODY, left=MARGIN + 15, width=self.column - 15)
        self.y -= 3

    def rows(self, rows: Sequence[tuple[str, str]], *, small: bool = False) -> None:
        """What a thing is called on the left, and what it is on the right."""
        label_style, style = (SMALL_LABELS, SMALL) if small else (LABELS, BODY)
        for label, value in rows:
            top = self.y
            split = LABEL + 36 if small else LABEL
            self._text("P", label, label_style, width=split - 6)
            lowest, self.y = self.y, top
            self._text("P", value, style, left=MARGIN + split, width=self.column - split)
            self.y = min(self.y, lowest) - (0 if small else 1.5)

    def framed(self, heading: str, texts: Sequence[str], *, link: str | None, code_means: str) -> None:
        """What nobody may overlook: in a frame, with a code as large as the one at the top where there is a link."""
        self.y -= 13
        top, inset = self.y, 12.0
        width = self.column - 2 * inset - (CODE + GAP if link else 0)
        self.y -= 7
        self._text("H2", heading, HEADING, left=MARGIN + inset, width=width)
        for text in texts:
            self.y -= 2
            self._text("P", text, BODY, left=MARGIN + inset, width=width)
        if link is not None:
            self.y -= 2
            self._link(link, left=MARGIN + inset, width=width)
            self._code(link, left=self.right - inset - CODE, top=top - 10, means=code_means)
            self.y = min(self.y, top - CODE - 12)
        self.y -= 9
        with self.page.decoration() as canvas:
            canvas.setStrokeColor(INK)
            canvas.setLineWidth(1.4)
            canvas.roundRect(MARGIN, self.y, self.column, top - self.y, 5, stroke=1, fill=0)

    def _link(self, link: str, *, left: float, width: float) -> None:
        top = self.y
        self._text("Link", link, SMALL, left=left, width=width)
        self.page.canvas.linkURL(link, (left, self.y, left + width, top), relative=1)

    def _text(self, role: str, text: str, style: Any, *, left: float = MARGIN, width: float | None = None) -> None:
        block = Paragraph(escape(text), style)
        _, height = block.wrap(self.column if width is None else width, HEIGHT)
        self.y -= height
        with self.page.tagged(role) as canvas:
            block.drawOn(canvas, left, self.y)

    def _brand(self) -> None:
        """The mark and the name: two strokes of a V, and the sound that leaves it."""
        with self.page.decoration() as canvas:
            canvas.setStrokeColor(INK)
            canvas.setLineWidth(1.9)
            canvas.setLineCap(1)
            canvas.setLineJoin(1)
            x, y = MARGIN, self.y - 13
            mark = canvas.beginPath()
            mark.moveTo(x + 1, y + 11)
            mark.lineTo(x + 6, y + 1)
            mark.lineTo(x + 11, y + 11)
            canvas.drawPath(mark)
            canvas.line(x + 14, y + 3.5, x + 14, y + 8.5)
            canvas.line(x + 17, y + 2.3, x + 17, y + 9.7)
            canvas.setLineCap(0)
        brand = ParagraphStyle("brand", parent=BODY, fontName=BOLD, fontSize=10.5, leading=13)
        block = Paragraph("Vivavoce", brand)
        block.wrap(120, 40)
        with self.page.tagged("P") as canvas:
            block.drawOn(canvas, MARGIN + 23, self.y - 13)

    def _code(self, content: str, *, left: float, top: float, means: str) -> None:
        """A QR code (ISO/IEC 18004) that still reads with a seventh of it gone."""
        rows = [list(row) for row in segno.make(content, error="m", micro=False).matrix]
        module = CODE / len(rows)
        with self.page.tagged("Figure", alt=means) as canvas:
            canvas.setFillColor(INK)
            path = canvas.beginPath()
            for down, row in enumerate(rows):
                for across, dark in enumerate(row):
                    if dark:
                        path.rect(left + across * module, top - (down + 1) * module, module, module)
            canvas.drawPath(path, stroke=0, fill=1)
