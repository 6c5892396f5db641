"""What every watermarker must do, and what every one must do on top whose marks can be read."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from watermark.errors import MarkError
from watermark.ports import ClipMark, Watermarker

MARK = ClipMark(
    clip_id=UUID("0198c0de-0000-7000-8000-000000000001"),
    epoch=1,
    pilot_secret=b"p" * 32,
    clip_secret=b"c" * 32,
    content=b"f" * 32,
)
OTHER = replace(MARK, clip_id=UUID("0198c0de-0000-7000-8000-000000000002"))
RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]


class WatermarkerContract:
    @pytest.fixture
    def marker(self) -> Watermarker:
        raise NotImplementedError

    def test_it_says_which_weights_it_is(self, marker: Watermarker) -> None:
        assert marker.identity.name
        assert len(bytes.fromhex(marker.identity.sha256)) == 32

    @pytest.mark.parametrize(("rate", "extra"), [(16_000, 0), (22_050, 101), (24_000, 1), (48_000, 319)])
    def test_length_and_rate_stay_exactly_as_they_were(
        self, marker: Watermarker, speech: Waveform, rate: int, extra: int
    ) -> None:
        waveform = Waveform(speech.resampled(rate).samples[: rate + extra].copy(), rate)
        marked = marker.embed(waveform, mark=MARK)
        assert (len(marked.samples), marked.rate) == (rate + extra, rate)

    def test_the_input_is_left_untouched_and_the_output_differs(self, marker: Watermarker, speech: Waveform) -> None:
        before = speech.samples.copy()
        marked = marker.embed(speech, mark=MARK)
        assert np.array_equal(speech.samples, before)
        assert not np.array_equal(marked.samples, before)

    def test_silence_and_snippets_cannot_be_marked(self, marker: Watermarker, speech: Waveform) -> None:
        for waveform in (Waveform(np.zeros(64_000, np.float32), 16_000), speech.cut(0.0, 0.9)):
            with pytest.raises(MarkError, match="audible"):
                marker.embed(waveform, mark=MARK)
            assert marker.detect(waveform).outcome == "inconclusive"
            assert marker.verify(waveform, mark=MARK).outcome == "inconclusive"

    def test_a_reading_names_its_marker_and_compares_its_score_with_its_threshold(
        self, marker: Watermarker, speech: Waveform
    ) -> None:
        for reading in (marker.detect(speech), marker.verify(speech, mark=MARK)):
            assert reading.marker == marker.identity.name
            if reading.outcome == "marked":
                assert reading.score >= reading.threshold
            else:
                assert reading.payload == b"" or reading.score >= reading.threshold


class TrainedWatermarkerContract(WatermarkerContract):
    def test_unmarked_speech_is_not_marked(self, marker: Watermarker, speech: Waveform) -> None:
        through_mp3 = decode(encode_mp3(speech.resampled(24_000), kbit_per_s=64)).waveform
        for sound in (speech, through_mp3):
            assert marker.detect(sound).outcome == "not_marked"
            assert marker.verify(sound, mark=MARK).outcome == "not_marked"

    @pytest.mark.parametrize("rate", RATES)
    def test_the_mark_is_read_back(self, marker: Watermarker, speech: Waveform, rate: int) -> None:
        marked = marker.embed(speech.resampled(rate), mark=MARK)
        assert marker.verify(marked, mark=MARK).outcome == "marked"

    @pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
    def test_the_mark_survives_mp3_and_a_crop(self, marker: Watermarker, speech: Waveform, rate: int) -> None:
        marked = marker.embed(speech.resampled(rate), mark=MARK)
        through_mp3 = decode(encode_mp3(marked, kbit_per_s=64)).waveform
        for sound in (through_mp3, through_mp3.cut(1.37, 4.37)):
            assert marker.verify(sound, mark=MARK).outcome == "marked"

    def test_the_mark_is_well_below_the_speech(self, marker: Watermarker, speech: Waveform) -> None:
        change = marker.embed(speech, mark=MARK).samples - speech.samples
        assert 10 * np.log10(np.sum(speech.samples**2) / np.sum(change**2)) > 10
