"""Speaker embeddings by SpeechBrain's ECAPA-TDNN, for those who bring the weights from a model hub."""

from __future__ import annotations

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

from safety.ports import ModelIdentity
from safety.speech import require_sound
from synth_adapter.waveform import Waveform
from synth_adapter.weights import LocatedWeights, locate

RATE = 16_000
MEL_BINS = 80
LEAST_SECONDS = 0.5
EMBEDDING_DIMENSION = 192


def build_network() -> torch.nn.Module:
    """The network that `speechbrain/spkrec-ecapa-voxceleb` was trained as, without its weights."""
    network: torch.nn.Module = ECAPA_TDNN(
        MEL_BINS,
        channels=[1024, 1024, 1024, 1024, 3072],
        kernel_sizes=[5, 3, 3, 3, 1],
        dilations=[1, 2, 3, 4, 1],
        attention_channels=128,
        lin_neurons=EMBEDDING_DIMENSION,
    )
    return network


class SpeechBrainEcapa:
    """192 numbers per voice, from log mel frames whose mean over the utterance is taken away."""

    dimension = EMBEDDING_DIMENSION

    def __init__(self) -> None:
        torch.set_num_threads(settings.MODEL_THREADS)
        weights = self.locate_weights()
        self.network = build_network()
        self.network.load_state_dict(torch.load(weights.path, map_location="cpu", weights_only=True), strict=True)
        self.network.eval()
        self.features = Fbank(n_mels=MEL_BINS)
        self.model = ModelIdentity(name="speechbrain-ecapa", sha256=weights.sha256)

    def locate_weights(self) -> LocatedWeights:
        return locate("speechbrain-ecapa")

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """An L2-normalised vector of shape (192,); raises `SpeechError` below half a second or for digital silence."""
        require_sound(waveform, least_seconds=LEAST_SECONDS)
        sound = torch.from_numpy(waveform.resampled(RATE).samples)[None]
        with torch.inference_mode():
            frames = self.features(sound)
            embedding = self.network(frames - frames.mean(dim=1, keepdim=True))[0, 0]
        return np.asarray((embedding / embedding.norm()).numpy(), dtype=np.float32)
