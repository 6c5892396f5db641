from dataclasses import dataclass, replace

import numpy as np
import pytest
from pytest_django import Settings

from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3
from synth_adapter.waveform import Waveform
from tests.watermark.watermarker_contract import MARK, OTHER
from watermark import registry
from watermark.backends.keyed import Keyed
from watermark.backends.perth import Perth
from watermark.errors import MarkError
from watermark.marking import detect, mark, prepare, verify
from watermark.payload import payload_for
from watermark.ports import ClipMark, MarkerIdentity, Reading
from watermark.secrets import MarkSecrets

LABEL = MarkerIdentity("label", "00" * 32)
SOUND = Waveform(np.linspace(-0.5, 0.5, 32_000, dtype=np.float32), 16_000)


@dataclass
class UnsafeLabel:
    """Writes two bytes of the clip into the first samples: a mark that any codec would remove."""

    capacity_bits: int = 16
    lost: int = 0
    remembers: bool = True
    identity: MarkerIdentity = LABEL

    def embed(self, waveform: Waveform, *, mark: ClipMark) -> Waveform:
        samples = waveform.samples.copy()
        if self.remembers:
            samples[:2] = np.frombuffer(payload_for(mark.clip_id, bits=16), np.uint8) / 256
        return Waveform(samples[self.lost :], waveform.rate)

    def verify(self, waveform: Waveform, *, mark: ClipMark) -> Reading:
        reading = self.detect(waveform)
        own = reading.payload == payload_for(mark.clip_id, bits=16)
        return reading if own else replace(reading, outcome="not_marked")

    def detect(self, waveform: Waveform) -> Reading:
        written = bytes((waveform.samples[:2] * 256).astype(int).clip(0).tolist())
        found = bool((waveform.samples[:2] >= 0).all())
        return Reading("label", "marked" if found else "not_marked", float(found), 0.5, written if found else b"")


def test_marked_sound_carries_the_payload_of_its_clip() -> None:
    marked = mark(SOUND, mark=MARK, markers=[UnsafeLabel()])
    assert [reading.payload for reading in marked.readings] == [payload_for(MARK.clip_id, bits=16)]
    assert verify(marked.waveform, mark=MARK, markers=[UnsafeLabel()]) == marked.readings


def test_the_mark_of_another_clip_is_refused() -> None:
    marked = mark(SOUND, mark=MARK, markers=[UnsafeLabel()])
    with pytest.raises(MarkError, match="another payload"):
        verify(marked.waveform, mark=OTHER, markers=[UnsafeLabel()])


def test_a_marker_that_leaves_no_mark_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="cannot be read back"):
        mark(SOUND, mark=MARK, markers=[UnsafeLabel(remembers=False)])


def test_a_marker_that_shortens_the_sound_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="changed the length"):
        mark(SOUND, mark=MARK, markers=[UnsafeLabel(lost=102)])


def test_one_unreadable_mark_among_several_stops_the_clip() -> None:
    with pytest.raises(MarkError, match="cannot be read back"):
        verify(SOUND, mark=MARK, markers=[UnsafeLabel(), UnsafeLabel()])


def test_without_a_marker_nothing_is_marked_verified_or_detected(settings: Settings) -> None:
    settings.WATERMARKERS = []
    registry.watermarkers.cache_clear()
    for act in (
        lambda: mark(SOUND, mark=MARK),
        lambda: mark(SOUND, mark=MARK, markers=[]),
        lambda: verify(SOUND, mark=MARK),
        lambda: verify(SOUND, mark=MARK, markers=[]),
        lambda: detect(SOUND, markers=[]),
    ):
        with pytest.raises(MarkError, match="at least one"):
            act()


def test_what_is_said_enters_the_mark_and_what_it_is_made_of_does_not_show(speech: Waveform) -> None:
    secrets = MarkSecrets(epoch=3, pilot_secret=b"p" * 32, clip_secret=b"secret-of-the-organisation-in-3!")
    one, heard = prepare(MARK.clip_id, speech.cut(0.0, 2.0), secrets)
    other, _ = prepare(MARK.clip_id, speech.cut(2.0, 4.0), secrets)
    assert (one.clip_id, one.epoch, len(one.content), bool(heard)) == (MARK.clip_id, 3, 32, True)
    assert one.content != other.content
    assert "organisation" not in repr(one) + repr(secrets)


def test_a_clip_is_marked_by_the_markers_of_the_settings_and_verified_after_encoding(speech: Waveform) -> None:
    marked = mark(speech.resampled(24_000), mark=MARK)
    assert [(reading.marker, reading.outcome) for reading in marked.readings] == [("keyed-mark", "marked")]
    encoded = decode(encode_mp3(marked.waveform, kbit_per_s=64)).waveform
    assert [reading.outcome for reading in verify(encoded, mark=MARK)] == ["marked"]
    for sound, of in ((speech, MARK), (encoded, OTHER), (encoded, replace(MARK, content=b"g" * 32))):
        with pytest.raises(MarkError, match="cannot be read back"):
            verify(sound, mark=of)


@pytest.mark.slow
def test_markers_are_made_once_known_by_what_they_are_and_others_only_listened_for(settings: Settings) -> None:
    (marker,) = registry.watermarkers()
    (other,) = registry.other_markers()
    assert isinstance(marker, Keyed)
    assert isinstance(other, Perth)
    assert registry.watermarkers() == (marker,)
    assert registry.identities() == {"keyed-mark": marker.identity.sha256}
    settings.WATERMARKERS = [*settings.WATERMARKERS, *settings.OTHER_MARKERS]
    registry.other_markers.cache_clear()
    assert registry.other_markers() == ()
    registry.other_markers.cache_clear()
