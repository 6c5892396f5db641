from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from synth_adapter.waveform import Waveform
from tests.watermark.watermarker_contract import MARK, OTHER, TrainedWatermarkerContract
from watermark import register
from watermark.backends import keyed
from watermark.backends.keyed import Keyed
from watermark.errors import MarkError
from watermark.keyed import grid
from watermark.keyed.embedding import Embedder
from watermark.keyed.library import Library
from watermark.ports import Watermarker


class TestKeyed(TrainedWatermarkerContract):
    @pytest.fixture
    def marker(self, monkeypatch: pytest.MonkeyPatch) -> Watermarker:
        """With an empty register: what a full one does is tried in `test_register`."""
        monkeypatch.setattr(keyed, "library", lambda: Library(pilots={}, shelves=(), fingerprint=lambda _, __: None))
        return Keyed()

    def test_its_identity_changes_with_its_definition(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = Keyed().identity
        monkeypatch.setattr(grid, "CODE_CELLS", grid.CODE_CELLS + 1)
        assert (Keyed().identity.name, before.name) == ("keyed-mark", "keyed-mark")
        assert Keyed().identity.sha256 != before.sha256

    @pytest.mark.parametrize(
        "other",
        [
            OTHER,
            replace(MARK, content=b"g" * 32),
            replace(MARK, clip_secret=b"d" * 32),
            replace(MARK, pilot_secret=b"q" * 32),
        ],
        ids=["clip", "content", "organisation", "epoch"],
    )
    def test_no_other_mark_counts_as_a_clips_own(self, marker: Watermarker, speech: Waveform, other: object) -> None:
        marked = marker.embed(speech, mark=MARK)
        reading = marker.verify(marked, mark=other)  # type: ignore[arg-type]
        assert (reading.outcome, reading.payload) == ("not_marked", b"")
        assert marker.verify(marked, mark=MARK).payload == MARK.clip_id.bytes

    def test_a_reading_says_how_unlikely_an_accident_is(self, marker: Watermarker, speech: Waveform) -> None:
        marked = marker.embed(speech, mark=MARK)
        reading = marker.verify(marked, mark=MARK)
        assert (reading.threshold, reading.score > 20) == (6.0, True)
        assert 6 < marker.verify(marked.cut(0.0, 2.0), mark=MARK).score < reading.score

    def test_two_seconds_are_enough(self, marker: Watermarker, speech: Waveform) -> None:
        for start in (0.0, 1.5, 2.5):
            short = marker.embed(speech.cut(start, start + 2.0), mark=MARK)
            assert marker.verify(short, mark=MARK).outcome == "marked"

    def test_sound_marked_in_a_stream_reads_the_same(self, marker: Watermarker, speech: Waveform) -> None:
        pattern = keyed._keys(MARK).pattern(MARK.clip_id.bytes, content=MARK.content)
        embedder = Embedder(pattern, rate=speech.rate)
        pieces = [embedder.push(piece) for piece in np.array_split(speech.samples, 7)]
        streamed = Waveform(np.concatenate([*pieces, embedder.finish()]), speech.rate)
        assert np.array_equal(streamed.samples, marker.embed(speech, mark=MARK).samples)

    def test_rates_that_carry_no_mark_are_refused(self, marker: Watermarker, speech: Waveform) -> None:
        for rate in (7_999, 48_001):
            with pytest.raises(MarkError, match="8 to 48 kHz"):
                marker.embed(Waveform(speech.samples, rate), mark=MARK)


@pytest.mark.slow
def test_wrong_clips_are_never_read_from_speech(speech: Waveform) -> None:
    marker = Keyed()
    scores = [marker.verify(speech.cut(0.0, 3.0), mark=replace(MARK, clip_id=UUID(int=n))).score for n in range(5)]
    assert max(scores) < 3


def test_the_library_of_the_settings_is_the_register() -> None:
    assert keyed.library is register.library
