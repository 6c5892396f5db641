from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pytest
from pytest_django import Settings

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from watermark import registry
from watermark.backends.perth import Perth
from watermark.errors import MarkError
from watermark.marking import detect, mark, verify
from watermark.payload import payload_for
from watermark.ports import MarkerIdentity, Reading

CLIP = UUID("0198c0de-0000-7000-8000-000000000001")
OTHER_CLIP = UUID("0198c0de-0000-7000-8000-000000000002")
LABEL = MarkerIdentity("label", "00" * 32)
SOUND = Waveform(np.linspace(-0.5, 0.5, 32_000, dtype=np.float32), 16_000)


@dataclass
class UnsafeLabel:
    """Writes its payload into the first samples: a mark that any codec would remove."""

    capacity_bits: int = 16
    lost: int = 0
    remembers: bool = True
    identity: MarkerIdentity = LABEL

    def embed(self, waveform: Waveform, *, payload: bytes) -> Waveform:
        samples = waveform.samples.copy()
        if self.remembers:
            samples[:2] = np.frombuffer(payload, np.uint8) / 256
        return Waveform(samples[self.lost :], waveform.rate)

    def detect(self, waveform: Waveform) -> Reading:
        written = bytes((waveform.samples[:2] * 256).astype(int).clip(0).tolist())
        found = bool((waveform.samples[:2] >= 0).all())
        return Reading("label", "marked" if found else "not_marked", float(found), 0.5, written if found else b"")


def test_marked_sound_carries_the_payload_of_its_clip() -> None:
    marked = mark(SOUND, clip_id=CLIP, markers=[UnsafeLabel()])
    assert [reading.payload for reading in marked.readings] == [payload_for(CLIP, bits=16)]
    assert verify(marked.waveform, clip_id=CLIP, markers=[UnsafeLabel()]) == marked.readings


def test_the_mark_of_another_clip_is_refused() -> None:
    marked = mark(SOUND, clip_id=CLIP, markers=[UnsafeLabel()])
    with pytest.raises(MarkError, match="another payload"):
        verify(marked.waveform, clip_id=OTHER_CLIP, markers=[UnsafeLabel()])


def test_a_marker_that_leaves_no_mark_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="cannot be read back"):
        mark(SOUND, clip_id=CLIP, markers=[UnsafeLabel(remembers=False)])


def test_a_marker_that_shortens_the_sound_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="changed the length"):
        mark(SOUND, clip_id=CLIP, markers=[UnsafeLabel(lost=102)])


def test_one_unreadable_mark_among_several_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="cannot be read back"):
        verify(SOUND, clip_id=CLIP, markers=[UnsafeLabel(), UnsafeLabel()])


def test_without_a_marker_nothing_is_marked_verified_or_detected(settings: Settings) -> None:
    settings.WATERMARKERS = []
    registry.watermarkers.cache_clear()
    for act in (
        lambda: mark(SOUND, clip_id=CLIP),
        lambda: mark(SOUND, clip_id=CLIP, markers=[]),
        lambda: verify(SOUND, clip_id=CLIP),
        lambda: verify(SOUND, clip_id=CLIP, markers=[]),
        lambda: detect(SOUND, markers=[]),
    ):
        with pytest.raises(MarkError, match="at least one"):
            act()


@pytest.mark.slow
def test_a_clip_is_marked_by_the_markers_of_the_settings_and_verified_after_encoding(speech: Waveform) -> None:
    marked = mark(speech.resampled(24_000), clip_id=CLIP)
    assert [(reading.marker, reading.outcome) for reading in marked.readings] == [("perth", "marked")]
    encoded = decode(encode_mp3(marked.waveform, kbit_per_s=64)).waveform
    assert [reading.outcome for reading in verify(encoded, clip_id=CLIP)] == ["marked"]
    with pytest.raises(MarkError, match="cannot be read back"):
        verify(speech, clip_id=CLIP)


@pytest.mark.slow
def test_markers_are_made_once_and_known_by_their_weights() -> None:
    (marker,) = registry.watermarkers()
    assert isinstance(marker, Perth)
    assert registry.watermarkers() == (marker,)
    assert registry.identities() == {"perth": marker.identity.sha256}
