"""What every watermarker must do, and what every trained one must do on top."""

from uuid import UUID

import numpy as np
import pytest

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.payload import payload_for
from watermark.ports import Watermarker

CLIP = UUID("0198c0de-0000-7000-8000-000000000001")
RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]


class WatermarkerContract:
    @pytest.fixture
    def marker(self) -> Watermarker:
        raise NotImplementedError

    def embed(self, marker: Watermarker, waveform: Waveform) -> Waveform:
        return marker.embed(waveform, payload=payload_for(CLIP, bits=marker.capacity_bits))

    def test_it_says_which_weights_it_is(self, marker: Watermarker) -> None:
        assert marker.identity.name
        assert len(bytes.fromhex(marker.identity.sha256)) == 32

    @pytest.mark.parametrize(("rate", "extra"), [(16_000, 0), (22_050, 101), (24_000, 1), (48_000, 319)])
    def test_length_and_rate_stay_exactly_as_they_were(
        self, marker: Watermarker, speech: Waveform, rate: int, extra: int
    ) -> None:
        waveform = Waveform(speech.resampled(rate).samples[: rate + extra].copy(), rate)
        marked = self.embed(marker, waveform)
        assert (len(marked.samples), marked.rate) == (rate + extra, rate)

    def test_the_input_is_left_untouched_and_the_output_differs(self, marker: Watermarker, speech: Waveform) -> None:
        before = speech.samples.copy()
        marked = self.embed(marker, speech)
        assert np.array_equal(speech.samples, before)
        assert not np.array_equal(marked.samples, before)

    def test_a_payload_of_another_size_is_refused(self, marker: Watermarker, speech: Waveform) -> None:
        with pytest.raises(MarkError):
            marker.embed(speech, payload=bytes(marker.capacity_bits // 8 + 1))

    def test_silence_and_snippets_cannot_be_marked(self, marker: Watermarker, speech: Waveform) -> None:
        for waveform in (Waveform(np.zeros(64_000, np.float32), 16_000), speech.cut(0.0, 0.9)):
            with pytest.raises(MarkError, match="audible"):
                self.embed(marker, waveform)
            assert marker.detect(waveform).outcome == "inconclusive"

    def test_a_reading_names_its_marker_and_compares_its_score_with_its_threshold(
        self, marker: Watermarker, speech: Waveform
    ) -> None:
        reading = marker.detect(speech)
        assert reading.marker == marker.identity.name
        assert (reading.outcome == "marked") == (reading.score >= reading.threshold)
        if reading.outcome != "marked":
            assert reading.payload == b""


class TrainedWatermarkerContract(WatermarkerContract):
    def test_unmarked_speech_is_not_marked(self, marker: Watermarker, speech: Waveform) -> None:
        assert marker.detect(speech).outcome == "not_marked"
        through_mp3 = decode(encode_mp3(speech.resampled(24_000), kbit_per_s=64)).waveform
        assert marker.detect(through_mp3).outcome == "not_marked"

    @pytest.mark.parametrize("rate", RATES)
    def test_the_mark_is_read_back_with_its_payload(self, marker: Watermarker, speech: Waveform, rate: int) -> None:
        reading = marker.detect(self.embed(marker, speech.resampled(rate)))
        assert (reading.outcome, reading.payload) == ("marked", payload_for(CLIP, bits=marker.capacity_bits))

    @pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
    def test_the_mark_survives_mp3_and_a_crop(self, marker: Watermarker, speech: Waveform, rate: int) -> None:
        marked = self.embed(marker, speech.resampled(rate))
        through_mp3 = decode(encode_mp3(marked, kbit_per_s=64)).waveform
        assert marker.detect(through_mp3).outcome == "marked"
        assert marker.detect(through_mp3.cut(1.37, 4.37)).outcome == "marked"

    def test_the_mark_is_well_below_the_speech(self, marker: Watermarker, speech: Waveform) -> None:
        change = self.embed(marker, speech).samples - speech.samples
        assert 10 * np.log10(np.sum(speech.samples**2) / np.sum(change**2)) > 10
