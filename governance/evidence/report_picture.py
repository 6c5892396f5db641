"""The sound at a glance: its waveform, and under it which parts carry a mark."""

from __future__ import annotations

from typing import Any

from reportlab.graphics import shapes
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor

from consent.tagged_pdf import BOLD, REGULAR
from governance.evidence.dossier import Plain
from governance.evidence.report_layout import COLUMN, INK, LINE, SOFT

HEIGHT, WAVE, BAND = 104.0, 62.0, 16.0
FILLS = {"marked": HexColor("#1f4e8c"), "not_marked": HexColor("#ffffff"), "inconclusive": HexColor("#c9c7bd")}
LETTERS = {"marked": "M", "not_marked": "", "inconclusive": "?"}
LEAST_FOR_LETTER = 9.0
_SHAPES: Any = shapes  # which take more than their types say
CAPTION = (
    "The sound from its beginning (left) to its end, in seconds. In the band below, M on dark: a mark is there; "
    "? on grey: cannot be said; white: no mark found there."
)


def time_map(result: Plain) -> Drawing:
    """Waveform above, time map below, seconds at the bottom; readable without colour."""
    drawing = Drawing(COLUMN, HEIGHT)
    seconds = max(float(result["seconds"]), 1e-9)
    _wave(drawing, result["sound"].get("peaks", []))
    drawing.add(
        _SHAPES.Rect(0, HEIGHT - WAVE - BAND - 6, COLUMN, BAND, strokeColor=LINE, fillColor=FILLS["not_marked"])
    )
    for part in result["stretches"]:
        _stretch(drawing, part, scale=COLUMN / seconds)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
        text = f"{share * seconds:.1f} s"
        drawing.add(
            _SHAPES.String(share * COLUMN, 6, text, fontName=REGULAR, fontSize=7, fillColor=SOFT, textAnchor=anchor)
        )
    return drawing


def _wave(drawing: Drawing, peaks: Any) -> None:
    middle, half = HEIGHT - WAVE / 2, WAVE / 2
    drawing.add(_SHAPES.Line(0, middle, COLUMN, middle, strokeColor=LINE, strokeWidth=0.5))
    for place, (low, high) in enumerate(peaks):
        x = COLUMN * (place + 0.5) / len(peaks)
        lowest, highest = (middle + half * min(max(float(value), -1.0), 1.0) for value in (low, high))
        drawing.add(_SHAPES.Line(x, lowest, x, highest, strokeColor=INK, strokeWidth=0.6))


def _stretch(drawing: Drawing, part: Plain, *, scale: float) -> None:
    left, width = part["start"] * scale, (part["end"] - part["start"]) * scale
    bottom = HEIGHT - WAVE - BAND - 6
    fill = FILLS[part["outcome"]]
    drawing.add(_SHAPES.Rect(left, bottom, width, BAND, strokeColor=LINE, strokeWidth=0.4, fillColor=fill))
    letter = LETTERS[part["outcome"]]
    if letter and width >= LEAST_FOR_LETTER:
        ink = FILLS["not_marked"] if part["outcome"] == "marked" else INK
        centre = left + width / 2
        text = _SHAPES.String(centre, bottom + 5, letter, fontName=BOLD, fontSize=8, fillColor=ink, textAnchor="middle")
        drawing.add(text)
