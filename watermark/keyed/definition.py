"""The constants that the keyed mark is made of and found by, for the hashes that say which mark and which procedure."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from watermark.keyed import (
    codes,
    detection,
    features,
    fingerprint,
    grid,
    placing,
    scanning,
    search,
    seeking,
    shaping,
    short_id,
    strength,
    timeline,
)


def of_marks() -> dict[str, Any]:
    """Everything that a mark in a sound depends on, besides the secrets, as plain JSON values."""
    return {
        "purpose": codes.PURPOSE.decode(),
        "chip_seconds": grid.CHIP_SECONDS,
        "chips": grid.CHIPS,
        "frames": grid.FRAMES,
        "hops": grid.HOPS,
        "edges": grid.EDGES.tolist(),
        "strength": grid.STRENGTH.tolist(),
        "most_of_a_cell": shaping.MOST,
        "strengths": [strength.LEAST, strength.MOST],
        "outlasts": [
            {"noise_decibels": strength.NOISE_DECIBELS, "scores": [strength.CODE_SCORE, strength.PILOT_SCORE]},
            {
                "codec": strength.CODEC,
                "bits": strength.CODEC_BITS,
                "scores": [strength.CODEC_CODE_SCORE, strength.CODEC_PILOT_SCORE],
            },
        ],
        "time_shares": list(features.TIME_SHARES),
        "band_shares": list(features.BAND_SHARES),
        "code_cells": grid.CODE_CELLS,
        "short_id_bits": short_id.ID_BITS,
        "fingerprint_bands": fingerprint.BANDS,
    }


def of_finding() -> dict[str, Any]:
    """Everything that a search depends on besides, likewise."""
    return {
        "scales": [search.SLOWEST, search.FASTEST],
        "highest_pitch": search.HIGHEST,
        "least_seconds": detection.LEAST_SECONDS,
        "searched_seconds": detection.WINDOW_SECONDS,
        "alignments": detection.KEPT,
        "rounds": scanning.ROUNDS,
        "pilot_share": scanning.PILOT_SHARE,
        "claimed_clips": seeking.MOST_CLAIMED,
        "sought_windows": seeking.WINDOWS,
        "goes_on": placing.GOES_ON,
        "step_seconds": timeline.STEP_SECONDS,
        "change_cost": timeline.CHANGE_COST,
        "telling": timeline.TELLING,
    }


def sha256() -> str:
    """Hex, of the canonical JSON (RFC 8785) of `of_marks`."""
    return hashlib.sha256(rfc8785.dumps(of_marks())).hexdigest()
