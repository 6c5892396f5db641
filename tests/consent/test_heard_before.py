from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consent import heard_before
from consent.models import HeardBefore
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope

RATE = 16_000


def babble(seed: int, *, seconds: float = 8.0) -> Waveform:
    """Sound that changes as speech does: tones between 300 and 2000 Hz whose levels come and go five times a second."""
    draw = np.random.default_rng(seed)
    ticks = np.arange(int(seconds * RATE)) / RATE
    steps = int(seconds * 5) + 2
    tones: NDArray[np.float64] = np.zeros(len(ticks))
    for hertz in np.geomspace(310, 1_950, 40):
        level = np.interp(ticks * 5, np.arange(steps), draw.random(steps) ** 3)
        tones += level * np.sin(2 * np.pi * hertz * ticks + draw.random() * 6.3)
    return Waveform((0.5 * tones / np.abs(tones).max()).astype(np.float32), RATE)


def replays(sound: Waveform) -> dict[str, Waveform]:
    return {
        "as it is": sound,
        "trimmed": sound.cut(1.237, sound.seconds - 0.5),
        "louder and clipped": Waveform(np.clip(sound.samples * 4, -1, 1).astype(np.float32), RATE),
        "resampled": sound.resampled(8_000),
        "re-encoded": decode(encode_mp3(sound, kbit_per_s=64)).waveform,
        "after a minute of silence": Waveform(np.concatenate([np.zeros(60 * RATE, np.float32), sound.samples]), RATE),
    }


@pytest.fixture
def kept(in_northwind: Organisation) -> Waveform:
    sound = babble(1)
    assert not heard_before.seen(heard_before.listen(sound))
    heard_before.keep(heard_before.listen(sound), recording_id=new_id())
    return sound


@pytest.mark.parametrize("way", replays(babble(1, seconds=2.0)))
def test_a_replay_is_known_in_another_organisation_however_it_was_changed(
    kept: Waveform, rival: Organisation, way: str
) -> None:
    with organisation_scope(rival.id, actor="system"):
        assert heard_before.seen(heard_before.listen(replays(kept)[way]))


def test_another_recording_is_not_known(kept: Waveform) -> None:
    assert kept.seconds == 8.0
    assert not any(heard_before.seen(heard_before.listen(babble(seed))) for seed in range(2, 8))


def test_silence_and_what_is_too_short_match_nothing_not_even_themselves(in_northwind: Organisation) -> None:
    for sound in (Waveform(np.zeros(1_000, np.float32), RATE), Waveform(np.zeros(0, np.float32), RATE)):
        found = heard_before.listen(sound)
        heard_before.keep(found, recording_id=new_id())
        assert not heard_before.seen(found)


def test_a_fingerprint_that_is_forgotten_is_gone_and_only_that_one(in_northwind: Organisation) -> None:
    mine, other = new_id(), new_id()
    heard_before.keep(heard_before.listen(babble(1)), recording_id=mine)
    heard_before.keep(heard_before.listen(babble(2)), recording_id=other)
    (destroyed,) = heard_before.forget(mine)
    assert (destroyed.kind, destroyed.object_id) == ("recording-fingerprint", mine)
    assert heard_before.forget(mine) == []
    assert not heard_before.seen(heard_before.listen(babble(1)))
    assert heard_before.seen(heard_before.listen(babble(2)))


def test_a_row_names_nobody_and_no_organisation_sees_it(kept: Waveform, in_northwind: Organisation) -> None:
    assert not HeardBefore.objects.exists()
    with platform_scope():
        row = HeardBefore.objects.latest("id")
    assert {field.name for field in HeardBefore._meta.get_fields()} == {"id", "reference", "hashes"}
    assert set(row.hashes).isdisjoint(int(value) for value in heard_before.listen(kept).values)
