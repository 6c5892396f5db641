"""Measure every English stock voice of Kokoro once, for `synth_adapter.adaptation.selection`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

from synth_adapter.adaptation import analysis, selection
from synth_adapter.backends.kokoro import Kokoro, dialect
from synth_adapter.weights import locate


def main() -> None:
    """Write `stock_profiles.json` anew; about two minutes."""
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=1,
    )
    kept = {}
    for name in kokoro.stock_voices:
        language = dialect(name)
        if language is None:
            continue
        spoken = kokoro.speak(selection.PROBE, stock_voice=name, language=language)
        measured = selection.profile([analysis.analyse(spoken)])
        kept[name] = {"pitch": round(measured.pitch, 4), "shape": [round(float(value), 4) for value in measured.shape]}
        print(f"{name} measured.")
    selection.PROFILES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
