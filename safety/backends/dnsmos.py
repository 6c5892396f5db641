"""Speech quality as listeners would rate it, without a reference: DNSMOS P.835 through ONNX Runtime.

C. Reddy, V. Gopal, R. Cutler, "DNSMOS P.835" (ICASSP 2022, arXiv 2110.01763); the polynomials that turn the network's
outputs into ratings are those published with its weights (github.com/microsoft/DNS-Challenge, DNSMOS, not
personalised). The network hears 9.01 s at a time; shorter speech is repeated, as its authors do.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from django.conf import settings

from safety.ports import ModelIdentity, SpeechRating
from safety.speech import require_sound
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

RATE = 16_000
HEARD_SAMPLES = 144_160
LEAST_SECONDS = 0.2
SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
OVERALL = (-0.06766283, 1.11546468, 0.04602535)


class Dnsmos:
    """Ratings from 1 (bad) to 5 (excellent), the mean over stretches of nine seconds side by side."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.MODEL_THREADS
        options.inter_op_num_threads = 1
        weights = locate("dnsmos")
        path = str(weights.path / "sig_bak_ovr.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.model = ModelIdentity(name="dnsmos", sha256=weights.sha256)

    def rate(self, waveform: Waveform) -> SpeechRating:
        """How the speech would be rated; raises `SpeechError` for less than 0.2 s or digital silence."""
        require_sound(waveform, least_seconds=LEAST_SECONDS)
        samples = waveform.resampled(RATE).samples
        if len(samples) < HEARD_SAMPLES:
            samples = np.tile(samples, -(-HEARD_SAMPLES // len(samples)))[:HEARD_SAMPLES]
        count = -(-len(samples) // HEARD_SAMPLES)
        starts = np.linspace(0, len(samples) - HEARD_SAMPLES, count).astype(int)
        name = self.session.get_inputs()[0].name
        heard = [self.session.run(None, {name: samples[np.newaxis, s : s + HEARD_SAMPLES]})[0][0] for s in starts]
        signal, background, overall = np.mean(heard, axis=0)
        return SpeechRating(
            signal=float(np.polyval(SIGNAL, signal)),
            background=float(np.polyval(BACKGROUND, background)),
            overall=float(np.polyval(OVERALL, overall)),
        )
