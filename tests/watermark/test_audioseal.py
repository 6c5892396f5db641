from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from audioseal.libs.moshi.utils.compile import no_compile
from pytest_django import Settings

from synth_adapter.errors import WeightsError
from synth_adapter.waveform import Waveform
from synth_adapter.weights import entry
from tests.watermark.audioseal_files import package_detector, package_generator, pinned
from tests.watermark.watermarker_contract import MARK, OTHER, WatermarkerContract
from watermark.audioseal.listening import Course
from watermark.backends.audioseal import AudioSeal
from watermark.errors import MarkError
from watermark.payload import payload_for, to_bits
from watermark.ports import ClipMark, Reading, Watermarker

BITS = to_bits(payload_for(MARK.clip_id, bits=16))
ROUNDING = 1e-6
"""In streams against wholes; 1.5e-7 was measured over 65 s, of a change whose root mean square is 0.025."""


def noise(seconds: float, *, rate: int) -> Waveform:
    samples = np.random.default_rng(3).standard_normal(round(seconds * rate) + 7)
    return Waveform((0.1 * samples).astype(np.float32), rate)


def course(*shares: float, bits: list[list[int]] | None = None) -> Course:
    """Seconds of which so much is marked, each with its bits."""
    marked = np.array([round(share * 16_000) for share in shares])
    logits = np.array(bits or [[1] * 16] * len(shares)) * 2.0 - 1.0
    return Course(np.full(len(shares), 16_000), marked, logits)


@pytest.mark.slow
class TestAudioSealOnSyntheticWeights(WatermarkerContract):
    """Plumbing only: nothing is claimed about detection until the real weights are here."""

    @pytest.fixture
    def marker(self, synthetic_audioseal: AudioSeal) -> Watermarker:
        return synthetic_audioseal

    def test_every_clip_is_marked_differently(self, synthetic_audioseal: AudioSeal, speech: Waveform) -> None:
        marked = [synthetic_audioseal.embed(speech, mark=mark) for mark in (MARK, OTHER)]
        assert abs(marked[0].samples - marked[1].samples).max() > 0

    @pytest.mark.parametrize(("read", "outcome"), [(MARK, "marked"), (OTHER, "not_marked")])
    def test_a_mark_counts_as_a_clips_own_only_with_its_payload(
        self, synthetic_audioseal: AudioSeal, speech: Waveform, read: ClipMark, outcome: str, monkeypatch: Any
    ) -> None:
        payload = payload_for(read.clip_id, bits=16)
        monkeypatch.setattr(
            synthetic_audioseal, "detect", lambda _sound: Reading("audioseal", "marked", 0.9, 0.5, payload)
        )
        reading = synthetic_audioseal.verify(speech, mark=MARK)
        assert (reading.outcome, reading.payload) == (outcome, payload)

    @pytest.mark.parametrize("seconds", [1.0, 9.0])
    def test_it_adds_what_the_package_adds(
        self, synthetic_audioseal: AudioSeal, synthetic_weights: Path, seconds: float
    ) -> None:
        sound = noise(seconds, rate=16_000)
        with torch.inference_mode(), no_compile():
            change = package_generator(synthetic_weights).get_watermark(
                torch.from_numpy(sound.samples)[None, None], message=torch.tensor([BITS])
            )
        marked = synthetic_audioseal.embed(sound, mark=MARK)
        assert abs(marked.samples - (sound.samples + change[0, 0].numpy())).max() < ROUNDING

    @pytest.mark.parametrize("rate", [16_000, 44_100])
    def test_pieces_of_any_size_are_together_the_whole(self, synthetic_audioseal: AudioSeal, rate: int) -> None:
        sound = noise(9.0, rate=rate)
        for size in (rate // 7, 7 * rate):
            embedder = synthetic_audioseal.embedder(MARK, rate=rate)
            given = [embedder.push(sound.samples[start : start + size]) for start in range(0, len(sound.samples), size)]
            streamed = np.concatenate((*given, embedder.finish()))
            assert len(streamed) == len(sound.samples)
            assert abs(streamed - synthetic_audioseal.embed(sound, mark=MARK).samples).max() < ROUNDING

    def test_a_long_sound_is_not_held(self, synthetic_audioseal: AudioSeal) -> None:
        """Whatever is still owed after each second pushed is a piece of four seconds, and delays well below one."""
        embedder, owed = synthetic_audioseal.embedder(MARK, rate=24_000), []
        sound = noise(1.0, rate=24_000).samples[:24_000]
        for pushed in range(1, 15):
            given = len(embedder.push(sound))
            owed.append(24_000 + (owed[-1] if owed else 0) - given)
            assert owed[-1] < 5 * 24_000, f"after {pushed} s"
        assert len(embedder.finish()) == owed[-1]

    @pytest.mark.parametrize("seconds", [1.0, 9.0])
    def test_it_hears_what_the_package_hears(
        self, synthetic_audioseal: AudioSeal, synthetic_weights: Path, seconds: float
    ) -> None:
        sound = noise(seconds, rate=16_000)
        with torch.inference_mode():
            presence, probabilities = package_detector(synthetic_weights)(torch.from_numpy(sound.samples)[None, None])
        heard = synthetic_audioseal.listen(sound)
        means = heard.logits.sum(axis=0) / heard.samples.sum()
        assert heard.samples.sum() == len(sound.samples)
        assert abs(means - torch.logit(probabilities)[0].double().numpy()).max() < ROUNDING
        marked = (presence[0, 1] > 0.5).numpy()
        assert heard.share == pytest.approx(marked.mean(), abs=1e-4)
        assert heard.bits == [int(probability > 0.5) for probability in probabilities[0]]
        for second, share in enumerate(heard.shares):
            assert share == pytest.approx(marked[second * 16_000 : (second + 1) * 16_000].mean(), abs=1e-3)

    def test_a_reading_is_that_of_the_part_that_is_most_marked(
        self, synthetic_audioseal: AudioSeal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Six marked seconds within a minute are found, with their own bits; two are not enough to say so."""
        mine, others = [1, 0] * 8, [0, 1] * 8
        for length, outcome, payload in ((6, "marked", b"\xaa\xaa"), (2, "inconclusive", b""), (1, "not_marked", b"")):
            shares = [0.0] * 20 + [1.0] * length + [0.0] * (40 - length)
            bits = [others] * 15 + [mine] * 15 + [others] * 30
            found = course(*shares, bits=bits)
            monkeypatch.setattr(synthetic_audioseal, "listen", lambda _sound, found=found: found)
            reading = synthetic_audioseal.detect(noise(60.0, rate=8_000))
            assert (reading.outcome, reading.payload) == (outcome, payload)
            assert reading.score == pytest.approx(length / 10)

    def test_it_is_identified_by_the_published_detector(
        self, synthetic_audioseal: AudioSeal, synthetic_weights: Path, tmp_path: Path
    ) -> None:
        with pinned(synthetic_weights, tmp_path):
            assert synthetic_audioseal.identity.sha256 == entry("audioseal-detector").files[0].sha256

    def test_it_does_not_start_without_weights(self, settings: Settings, tmp_path: Path) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        with pytest.raises(WeightsError, match="fetch_weights"):
            AudioSeal()

    def test_it_does_not_start_on_a_device_that_is_not_there(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.AUDIOSEAL_DEVICE = "cuda"
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(MarkError, match="no CUDA device"):
            AudioSeal()
