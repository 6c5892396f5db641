"""Speak the four sentences of the console's listening test in stock voices, as FLAC."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

import numpy as np
import soundfile

from governance.listening import SENTENCES, sound_file
from synth_adapter.backends.kokoro import Kokoro, dialect
from synth_adapter.weights import locate

VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
PEAK = 0.7
"""Of full scale, so that no sentence is louder than another for want of room."""


def main() -> None:
    """Write every sentence anew; a few seconds."""
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=1,
    )
    for (name, text), voice in zip(SENTENCES.items(), VOICES, strict=True):
        spoken = kokoro.speak(text, stock_voice=voice, language=str(dialect(voice)))
        level = spoken.samples * (PEAK / np.abs(spoken.samples).max())
        buffer = io.BytesIO()
        soundfile.write(buffer, level, spoken.rate, format="FLAC", subtype="PCM_16")
        sound_file(name).parent.mkdir(parents=True, exist_ok=True)
        sound_file(name).write_bytes(buffer.getvalue())
        print(f"{name}: {voice}, {len(level) / spoken.rate:.1f} s, {len(buffer.getvalue()) // 1024} KiB.")
    kokoro.close()


if __name__ == "__main__":
    main()
