"""Speaker embeddings by CAM++, served through ONNX Runtime: the default encoder."""

from __future__ import annotations

import kaldi_native_fbank
import numpy as np
import onnxruntime
from django.conf import settings
from numpy.typing import NDArray

from safety.ports import ModelIdentity
from safety.speech import require_sound
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

RATE = 16_000
MEL_BINS = 80
LEAST_SECONDS = 0.5
EMBEDDING_DIMENSION = 192


class CamPlusPlus:
    """192 numbers per voice, from Kaldi filter banks whose mean over time is taken away.

    The identity is that of the published weights, not of the ONNX file made from them: exporting again with another
    version of torch may change bytes, but not what was learnt.
    """

    dimension = EMBEDDING_DIMENSION

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.MODEL_THREADS
        options.inter_op_num_threads = 1
        path = str(locate("campplus-onnx").path)
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.model = ModelIdentity(name="campplus", sha256=locate("campplus").sha256)

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """An L2-normalised vector of shape (192,); raises `SpeechError` below half a second or for digital silence."""
        frames = filter_bank(waveform)
        (embeddings,) = self.session.run(["embedding"], {"frames": frames[np.newaxis]})
        embedding = np.asarray(embeddings[0], dtype=np.float32)
        return np.asarray(embedding / np.linalg.norm(embedding), dtype=np.float32)


def filter_bank(waveform: Waveform) -> NDArray[np.float32]:
    """Log mel energies of shape (frames, 80): 25 ms every 10 ms, no dither, mean over time subtracted."""
    require_sound(waveform, least_seconds=LEAST_SECONDS)
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = MEL_BINS
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(RATE, waveform.resampled(RATE).samples)
    bank.input_finished()
    frames = np.stack([bank.get_frame(index) for index in range(bank.num_frames_ready)])
    return np.asarray(frames - frames.mean(axis=0), dtype=np.float32)
