"""What every speaker encoder must do, and what every trained one must do on top."""

import itertools

import numpy as np
import pytest

from safety.errors import SpeechError
from safety.ports import SpeakerEncoder
from synth_adapter.waveform import Waveform


class EncoderContract:
    @pytest.fixture
    def encoder(self) -> SpeakerEncoder:
        raise NotImplementedError

    def test_it_says_which_weights_it_is(self, encoder: SpeakerEncoder) -> None:
        assert encoder.model.name
        assert len(bytes.fromhex(encoder.model.sha256)) == 32

    def test_an_embedding_is_a_unit_vector_of_the_stated_dimension(
        self, encoder: SpeakerEncoder, president: Waveform
    ) -> None:
        embedding = encoder.embed(president)
        assert (embedding.shape, embedding.dtype) == ((encoder.dimension,), np.float32)
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)

    def test_the_same_sound_gives_the_same_embedding(self, encoder: SpeakerEncoder, president: Waveform) -> None:
        assert encoder.embed(president) == pytest.approx(encoder.embed(president), abs=1e-6)

    def test_the_sample_rate_does_not_matter(self, encoder: SpeakerEncoder, president: Waveform) -> None:
        at_16k = president.resampled(16_000)
        assert encoder.embed(at_16k.resampled(48_000)) @ encoder.embed(at_16k) > 0.97

    def test_half_a_second_is_enough_and_less_is_refused(self, encoder: SpeakerEncoder, president: Waveform) -> None:
        encoder.embed(president.cut(1.0, 1.5))
        with pytest.raises(SpeechError) as refused:
            encoder.embed(president.cut(1.0, 1.4))
        assert refused.value.code == "speech-too-short"

    def test_digital_silence_is_refused(self, encoder: SpeakerEncoder) -> None:
        with pytest.raises(SpeechError) as refused:
            encoder.embed(Waveform(np.zeros(32_000, np.float32), 16_000))
        assert refused.value.code == "speech-silent"


class TrainedEncoderContract(EncoderContract):
    def test_a_speaker_is_more_like_themselves_than_like_any_other(
        self, encoder: SpeakerEncoder, speakers: dict[str, list[Waveform]]
    ) -> None:
        voices = {name: [encoder.embed(waveform) for waveform in said[:2]] for name, said in speakers.items()}
        assert len(voices) == 6
        same = [float(first @ second) for first, second in voices.values()]
        different = [float(a[0] @ b[0]) for a, b in itertools.combinations(voices.values(), 2)]
        assert min(same) > max(different)
