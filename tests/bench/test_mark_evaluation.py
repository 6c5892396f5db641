from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.mark import alarms, attackers, attacks, claims, material, report, system, trials
from bench.mark.system import KeyedSystem
from synth_adapter.waveform import Waveform
from watermark.keyed.grid import CHIPS

RATE = 16_000


def voice(seconds: float = 4.0, *, seed: int = 0) -> Waveform:
    """Something that speaks: a moving pitch in syllables, formants that wander, a little noise."""
    draw = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    turns = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * times + seed)) / RATE
    swell = np.abs(np.sin(2 * np.pi * 2.1 * times + seed))
    parts = sum(np.sin(k * turns + draw.uniform(0, 6)) * draw.uniform(0.3, 1) / k for k in range(1, 40))
    return Waveform((0.1 * parts * swell + 0.003 * draw.standard_normal(len(times))).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def keyed() -> KeyedSystem:
    return KeyedSystem()


def test_the_table_finds_the_marked_clip_and_neither_the_unmarked_nor_one_marked_by_a_stranger(
    keyed: KeyedSystem,
) -> None:
    clip = voice()
    found = keyed.examine(keyed.mark(clip, "clip"), "clip")
    assert found["large"]
    assert found["log10_p"] < -6
    assert found["likeness"] > 0.8
    for sound in (clip, KeyedSystem(secrets=system.OTHER_SECRETS).mark(clip, "clip")):
        missed = keyed.examine(sound, "clip")
        assert missed["log10_p"] > -3
        assert not missed["large"]


def test_signs_copied_onto_other_speech_carry_the_code_but_not_the_content(keyed: KeyedSystem) -> None:
    clip, other = voice(seed=1), voice(seed=2)
    signs = attackers.pattern_of(attackers.cells_of(keyed.mark(clip, "victim")))
    copied = attackers.written(other, signs, strength=1.5)
    found = keyed.evidence(keyed.hear(copied), "victim")
    assert found is not None
    assert found.log10_p < -3
    assert keyed.likeness(copied, found, "victim") < 0.75


def test_an_attacker_reads_most_signs_of_a_clip_whose_beginning_is_known(keyed: KeyedSystem) -> None:
    clip = voice(seed=3)
    marked = keyed.mark(clip, "read")
    read = attackers.pattern_of(attackers.cells_of(marked))
    real = keyed.keys.pattern(b"read", content=keyed.register(clip, "read"))
    loud = slice(2, 200)
    assert np.mean(read[loud] == real[loud]) > 0.6


def test_clips_of_one_pilot_in_step_betray_it_when_folded(keyed: KeyedSystem) -> None:
    pilot = keyed.pilots.layouts[0].pilot
    rows = np.tile(pilot, (3, 1)).astype(np.float32)
    cells = [np.roll(rows, -start, axis=0)[1:] for start in (0, 5, 40)]
    folded = attackers.folded(cells, [0, 5, 40])
    assert (np.sign(folded)[pilot != 0] == pilot[pilot != 0]).all()
    assert (attackers.tiled(pilot, start=7)[0] == pilot[7]).all()
    assert len(pilot) == CHIPS


def test_claimed_chances_of_random_clips_are_as_rare_as_claimed(keyed: KeyedSystem) -> None:
    heard = keyed.hear(voice(seed=4))
    chances = np.concatenate([alarms.claimed_chances(heard, keyed, seed, keys=200) for seed in range(10)])
    observed = np.mean(chances <= np.log10(0.05))
    assert 0.02 < observed < 0.09


def test_no_recording_that_strengths_were_chosen_on_is_held_out() -> None:
    if not (material.CORPUS / "manifest.csv").is_file():
        pytest.skip("the speech corpus is not here")
    tuned = {name for name, _ in material.clips(material.TUNED, seconds=material.TUNED_SECONDS)}
    held_out = material.held_out(100, seconds=3.0)
    assert not {place.name.rpartition("#")[0] for place in held_out} & tuned
    assert len({place.name for place in held_out}) == len(held_out)
    assert held_out[0].read().seconds == pytest.approx(3.0, abs=1e-3)


class Counting:
    """A mark that finds everything and counts how often it is asked."""

    name, revision = "counting", "1"

    def __init__(self) -> None:
        self.asked = 0

    def mark(self, clip: Waveform, name: str) -> Waveform:
        return clip

    def examine(self, sound: Waveform, name: str) -> dict[str, object]:
        self.asked += 1
        return {"found": True}


def test_trials_go_on_where_they_were_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile  # noqa: PLC0415 -- only here

    monkeypatch.setattr(trials, "FOLDER", tmp_path / "trials")
    soundfile.write(tmp_path / "clip.wav", voice(2.0).samples, RATE)
    places = [material.Place(tmp_path / "clip.wav", f"c#{n}", 0.2, 1.0, RATE, by_engine=False) for n in range(4)]
    marker = Counting()
    trials.run(marker, places, ["none"], part="0/2")
    assert marker.asked == 2
    trials.run(marker, places, ["none", "gain 0.3"], part="0/1")
    assert marker.asked == 2 + 6
    with next((tmp_path / "trials" / "counting-1").glob("*0-of-1*")).open("a") as file:
        file.write('{"clip": "c#9", "broken')
    assert len(list(trials.lines(tmp_path / "trials" / "counting-1"))) == 8


def line(attack: str, *, log10_p: float, large: bool) -> dict[str, object]:
    common = {"clip": "c", "clip_seconds": 3.0, "seconds": 3.0, "spent": 0.1, "pilot": 9.0, "likeness": 0.9}
    scores = {"code": 9.0, "small": True, "short_id": False}
    return {**common, **scores, "attack": attack, "log10_p": log10_p, "large": large}


def test_a_row_counts_what_is_both_found_and_named_and_carries_its_goal() -> None:
    lines = [line("noise 10 dB", log10_p=-p, large=large) for p, large in ((9, True), (4, True), (8, False), (7, True))]
    rows = report._rows(lines, "keyed")
    row = rows[3.0]["noise 10 dB"]
    assert (row["n"], row["1e-3"], row["1e-6"], row["10^6"], row["both"]) == (4, 4, 3, 3, 2)
    figure = report.figures(rows)[0]
    assert (figure.value, figure.goal, figure.met) == (0.5, 0.95, False)
    assert "**2/4**" in report._of_three_seconds({"keyed": rows})


def test_tables_are_put_between_their_marks_and_nothing_else_is_touched() -> None:
    text = "a\n<!-- table: one -->\nold\n<!-- end -->\nb\n<!-- table: two -->\n<!-- end -->\n"
    filled = report.filled(text, {"one": "| new |", "two": "| \\1 |"})
    assert filled == ("a\n<!-- table: one -->\n| new |\n<!-- end -->\nb\n<!-- table: two -->\n| \\1 |\n<!-- end -->\n")


def test_what_left_the_cache_stays_where_more_trials_were_counted() -> None:
    many = report._rows([line("none", log10_p=-9, large=True)] * 3 + [line("gsm", log10_p=-1, large=False)], "keyed")
    few = report._rows([line("none", log10_p=-1, large=False), *[line("gsm", log10_p=-9, large=True)] * 2], "keyed")
    written = report._with_intervals({"keyed": many, "perth": {3.0: {"none": {"n": 1, "found": 1, "score": 2.0}}}})
    merged = report.with_earlier({"keyed": few}, written)
    assert list(merged["keyed"][3.0]) == ["none", "gsm"]
    assert merged["keyed"][3.0]["none"] == many[3.0]["none"]
    assert merged["keyed"][3.0]["gsm"] == few[3.0]["gsm"]
    assert merged["perth"][3.0]["none"]["found"] == 1
    assert report.with_earlier({}, {}) == {}


def test_claims_are_counted_beside_how_many_were_tried() -> None:
    table = report._of_claims({"attacks": {"gsm": {"n": 4, "claimed": 3, "newest": 2}}})
    assert table.endswith("| gsm | 3/4 | 2/4 |")
    assert set(claims.HARD) <= {*attacks.SINGLE, *trials.OF_KEYS}
