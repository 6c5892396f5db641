import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from synth_adapter.adaptation import analysis, mapping, selection, training
from synth_adapter.adaptation.alignment import align
from synth_adapter.adaptation.analysis import ORDER, Speech
from synth_adapter.adaptation.artefact import AdaptedVoice, dump, load
from synth_adapter.adaptation.pitch import PitchRange, move, pitch_range
from synth_adapter.adaptation.selection import Profile
from synth_adapter.errors import EngineError
from synth_adapter.waveform import Waveform

ENGINE = "an-engine 1"


@pytest.fixture(scope="module")
def spoken(recordings: Callable[[str], Waveform]) -> Speech:
    """Three seconds of a man's speech."""
    return analysis.analyse(recordings("whisper_jfk/jfk.flac").cut(0.0, 3.0))


@pytest.fixture(scope="module")
def higher(spoken: Speech) -> Speech:
    """The same words with a lighter spectrum, an octave higher, as if another person said them."""
    tilt = np.zeros(ORDER)
    tilt[1] = 2.0
    return replace(spoken, pitch=spoken.pitch * 2, cepstra=spoken.cepstra * 0.8 - tilt)


@pytest.fixture(scope="module")
def adapted(spoken: Speech, higher: Speech) -> AdaptedVoice:
    fitted = training.fit([spoken], [higher])
    return AdaptedVoice(ENGINE, "af_heart", 1.1, PitchRange(5.0, 0.2), PitchRange(5.5, 0.1), fitted)


class TestAlignment:
    def test_a_slower_rendition_is_followed(self) -> None:
        quick = np.arange(20.0)[:, None]
        rows, columns = align(quick, np.repeat(quick, 3, axis=0))
        assert np.array_equal(rows, columns // 3)

    def test_the_path_runs_from_corner_to_corner_without_going_back(self) -> None:
        chance = np.random.default_rng(1)
        rows, columns = align(chance.normal(size=(40, 5)), chance.normal(size=(25, 5)))
        assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, 39, 24)
        steps = np.column_stack([np.diff(rows), np.diff(columns)])
        assert {tuple(step) for step in steps.tolist()} <= {(0, 1), (1, 0), (1, 1)}

    def test_one_frame_against_many_is_still_a_path(self) -> None:
        rows, columns = align(np.zeros((1, 2)), np.zeros((4, 2)))
        assert (rows.tolist(), columns.tolist()) == ([0, 0, 0, 0], [0, 1, 2, 3])


class TestAnalysis:
    def test_taken_apart_and_put_together_speech_keeps_its_melody_and_length(self, spoken: Speech) -> None:
        again = analysis.resynthesise(spoken)
        assert again.seconds == pytest.approx(3.0, abs=0.02)
        before, after = pitch_range([spoken]), pitch_range([analysis.analyse(again)])
        assert before is not None
        assert after is not None
        assert after.centre == pytest.approx(before.centre, abs=0.03)

    def test_silence_around_speech_is_not_audible(self, spoken: Speech) -> None:
        quiet = Speech(np.zeros(100), np.tile(spoken.cepstra.min(axis=0) - 20.0, (100, 1)), np.ones((100, 513)))
        padded = Speech(
            *(np.concatenate(pair) for pair in zip(vars(quiet).values(), vars(spoken).values(), strict=True))
        )
        assert not padded.audible[:100].any()
        assert padded.audible[100:].any()


class TestPitch:
    def test_the_middle_moves_to_the_middle_and_the_spread_widens(self) -> None:
        moved = move(
            np.array([0.0, 100.0, np.exp(np.log(100.0) + 0.1)]),
            source=PitchRange(np.log(100.0), 0.1),
            target=PitchRange(np.log(200.0), 0.15),
        )
        assert moved == pytest.approx([0.0, 200.0, 200.0 * np.exp(0.15)])

    def test_speech_without_voice_has_no_range(self, spoken: Speech) -> None:
        assert pitch_range([replace(spoken, pitch=np.zeros_like(spoken.pitch))]) is None


class TestSpectralMap:
    def test_it_brings_the_stock_voice_nearer_to_the_speaker(self, spoken: Speech, higher: Speech) -> None:
        fitted = training.fit([spoken], [higher])
        changed = mapping.apply(fitted, spoken)
        heard = spoken.audible

        def away(cepstra: np.ndarray) -> float:
            return float(np.abs(cepstra[heard, :20] - higher.cepstra[heard, :20]).mean())

        assert away(changed) < 0.5 * away(spoken.cepstra)

    def test_training_twice_gives_the_same_bytes(self, adapted: AdaptedVoice, spoken: Speech, higher: Speech) -> None:
        assert dump(replace(adapted, spectral_map=training.fit([spoken], [higher]))) == dump(adapted)

    def test_sharpening_restores_variance_and_leaves_the_level(self, adapted: AdaptedVoice, spoken: Speech) -> None:
        flat = mapping.apply(adapted.spectral_map, spoken) * 0.9
        sharp = mapping.sharpen(flat, spoken.audible, spectral_map=adapted.spectral_map)
        assert np.array_equal(sharp[:, 0], flat[:, 0])
        assert (sharp[spoken.audible].std(axis=0)[1:] > flat[spoken.audible].std(axis=0)[1:]).all()


class TestSelection:
    PROFILES = {
        "am_low": Profile(np.log(100.0), np.zeros(19)),
        "af_high": Profile(np.log(200.0), np.zeros(19)),
        "am_dark": Profile(np.log(100.0), np.ones(19)),
    }

    @pytest.mark.parametrize(
        ("hertz", "shape", "name"), [(110, 0.0, "am_low"), (190, 0.1, "af_high"), (105, 0.9, "am_dark")]
    )
    def test_pitch_and_spectrum_decide(self, hertz: float, shape: float, name: str) -> None:
        speaker = Profile(float(np.log(hertz)), np.full(19, shape))
        assert selection.nearest(speaker, profiles=self.PROFILES, excluded=()) == name

    def test_an_excluded_voice_is_never_taken(self) -> None:
        taken = selection.nearest(self.PROFILES["am_low"], profiles=self.PROFILES, excluded={"am_low"})
        assert taken == "af_high"

    def test_excluding_all_is_an_error(self) -> None:
        with pytest.raises(EngineError, match="Every stock voice is excluded"):
            selection.nearest(self.PROFILES["am_low"], profiles=self.PROFILES, excluded=self.PROFILES)

    def test_every_english_voice_was_measured(self) -> None:
        measured = selection.stock_profiles()
        assert len(measured) == 28
        assert all(name[0] in "ab" and len(kept.shape) == 19 for name, kept in measured.items())

    def test_men_were_measured_lower_than_women(self) -> None:
        pitches = {name: kept.pitch for name, kept in selection.stock_profiles().items()}
        assert np.median([p for n, p in pitches.items() if n[1] == "m"]) < np.median(
            [p for n, p in pitches.items() if n[1] == "f"]
        )

    def test_silence_has_no_profile(self, spoken: Speech) -> None:
        with pytest.raises(EngineError, match="no voiced speech"):
            selection.profile([replace(spoken, pitch=np.zeros_like(spoken.pitch))])


class TestArtefact:
    def test_what_was_dumped_is_loaded(self, adapted: AdaptedVoice) -> None:
        again = load(dump(adapted), engine=ENGINE)
        assert dump(again) == dump(adapted)
        assert (again.stock_voice, again.pace, again.speaker_pitch) == ("af_heart", 1.1, PitchRange(5.5, 0.1))

    def test_another_engines_voice_is_refused_for_good(self, adapted: AdaptedVoice) -> None:
        with pytest.raises(EngineError, match="another engine") as refused:
            load(dump(adapted), engine="an-engine 2")
        assert refused.value.permanent

    @pytest.mark.parametrize("garbage", [b"", b"RIFF", b"PK\x03\x04garbage", b"\x93NUMPY"])
    def test_what_is_no_voice_is_refused_for_good(self, garbage: bytes) -> None:
        with pytest.raises(EngineError, match="corrupt") as refused:
            load(garbage, engine=ENGINE)
        assert refused.value.permanent

    @pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
    def test_a_changed_or_shortened_voice_is_refused(self, adapted: AdaptedVoice, place: float) -> None:
        artefact = dump(adapted)
        cut = int(len(artefact) * place)
        changed = artefact[:cut] + bytes([artefact[cut] ^ 1]) + artefact[cut + 1 :]
        for broken in (changed, artefact[:cut]):
            with pytest.raises(EngineError, match="corrupt"):
                load(broken, engine=ENGINE)

    def test_pickles_are_never_opened(self) -> None:
        stream = io.BytesIO()
        np.savez(stream, header=np.array([{"format": "x"}], dtype=object))
        with pytest.raises(EngineError, match="corrupt"):
            load(stream.getvalue(), engine=ENGINE)
