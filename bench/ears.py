"""What listening costs: an encoder against its bare session, and the whole gate against making the speech.

The gate is all that stands between a request with a fresh recording and its permit: hearing three seconds with every
encoder, searching the protected voices (10^5 references), calibrating, the policy, and the decision on record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from bench.figures import Figure
from bench.search import crowd, ours
from deploy.demo.cast import AMARA, PASSAGES, say
from safety.backends.campplus import CamPlusPlus, filter_bank
from safety.comparison import compare
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoder, speaker_encoders
from safety.search.passes import fastest_pass
from synth_adapter.decoding import decode

PROBE_SECONDS, LISTED, SYNTHESIS_SECONDS = 3.0, 100_000, 10.0
REPEATS, WARM_UP = 31, 3


def figures(*, decision_seconds: float, synthesis_per_second: float) -> list[Figure]:
    """Given what policy, decision and audit entry took in the same run, and synthesis per second of sound."""
    probe = decode(say(AMARA, PASSAGES[0])).waveform.cut(0.5, 0.5 + PROBE_SECONDS)
    encoder = speaker_encoder()
    assert isinstance(encoder, CamPlusPlus)  # noqa: S101 -- the figure is this encoder's
    frames = filter_bank(probe)[np.newaxis]
    bare, embedding = _medians(
        lambda: encoder.session.run(["embedding"], {"frames": frames}), lambda: encoder.embed(probe)
    )
    vectors = crowd(LISTED)
    search, voice = ours(vectors, fastest_pass()), embed_voice(probe, encoders=speaker_encoders())
    asked = vectors[17].copy()
    hearing, searching, calibrating = _medians(
        lambda: embed_voice(probe, encoders=speaker_encoders()),
        lambda: search(asked),
        lambda: compare(voice, voice, calibration=calibration()),
    )
    gate = hearing + searching + calibrating + decision_seconds
    whole = f"gate (hear 3 s, search {LISTED:,}, calibrate, decide, record)"
    return [
        _figure("CAM++ embedding of 3 s / its bare ONNX session", embedding / bare, goal=1.1),
        _figure("CAM++ embedding: seconds per second of sound", embedding / PROBE_SECONDS, goal=None),
        _figure("hearing 3 s with every encoder: seconds per second of sound", hearing / PROBE_SECONDS, goal=None),
        _figure(f"{whole} / synthesis of 10 s", gate / (SYNTHESIS_SECONDS * synthesis_per_second), goal=0.02),
    ]


def _medians(*ways: Callable[[], object]) -> list[float]:
    """The median seconds of each, turn and turn about."""
    taken: list[list[float]] = [[] for _ in ways]
    for turn in range(REPEATS + WARM_UP):
        for way, values in zip(ways, taken, strict=True):
            started = time.perf_counter()
            way()
            if turn >= WARM_UP:
                values.append(time.perf_counter() - started)
    return [median(values) for values in taken]


def _figure(name: str, value: float, *, goal: float | None) -> Figure:
    return Figure(name, value, "ratio", goal, "at most", REPEATS, (value, value))
