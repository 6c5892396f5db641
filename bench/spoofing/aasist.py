"""AASIST's view of a window of speech, as features for the experiment in `bench.spoofing.experiment`.

The published weights (trained on ASVspoof 2019 LA) are pinned like all others; only tensors are unpickled.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from bench.spoofing.aasist_network import RATE, SAMPLES, Aasist
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

LEVEL = 0.05
"""Root mean square, -26 dB below full scale: the network is not deaf to loudness, and loudness says nothing."""
OPSET = 17


def aasist_features(sound: Waveform) -> NDArray[np.float32]:
    """The last hidden layer, 160 numbers, and behind it the score, person less machine."""
    hidden, scores = _session().run(None, {"samples": prepared(sound)[np.newaxis]})
    return np.append(hidden[0], scores[0, 1] - scores[0, 0]).astype(np.float32)


def prepared(sound: Waveform) -> NDArray[np.float32]:
    """64,600 samples at 16 kHz and one level; a shorter sound is tiled."""
    samples = sound.resampled(RATE).samples
    level = max(1e-9, float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))
    return np.resize(samples * np.float32(LEVEL / level), SAMPLES)


def network() -> Aasist:
    """The torch network with the published weights."""
    found = Aasist()
    found.load_state_dict(torch.load(locate("aasist").path, map_location="cpu", weights_only=True))
    return found.eval()


@functools.cache
def _session() -> onnxruntime.InferenceSession:
    """The same network through ONNX Runtime, on one thread: three times as fast, and equal to torch within 1e-4."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aasist.onnx"
        names = {"input_names": ["samples"], "output_names": ["hidden", "scores"]}
        torch.onnx.export(network(), (torch.zeros(1, SAMPLES),), str(path), **names, opset_version=OPSET, dynamo=False)
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
