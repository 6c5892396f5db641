"""The speech corpus of the workshop, where it is present; nothing of it is copied into the project."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def speech_of(speaker: str) -> list[bytes]:
    """Every recording of one speaker of the corpus, as files."""
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip(f"the speech corpus is not here: {CORPUS}")
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == speaker and row["label"] == "bonafide"]
    return [(CORPUS / row["path"]).read_bytes() for row in sorted(rows, key=lambda row: row["path"])]
