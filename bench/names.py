"""How names sound through: each name said in the statement by stock voices, and what the ears make of it.

`python -m bench.names` prints the likeness of each name to what was heard in its place, and that of all other names to
the same: the limit must lie between the two.
"""

from __future__ import annotations

from itertools import cycle

import django
import numpy as np

django.setup()

from django.conf import settings  # noqa: E402 -- Django first

from consent.names_heard import in_place_of, name_likeness  # noqa: E402
from consent.verdict import LEAST_NAME_SOUND  # noqa: E402
from safety.registry import transcriber  # noqa: E402
from safety.transcripts import normalise_words  # noqa: E402
from synth_adapter.backends.kokoro import Kokoro  # noqa: E402
from synth_adapter.weights import locate  # noqa: E402

NAMES = (
    "Amara Okafor", "Siobhan Gallagher", "Nguyen Van Minh", "Joaquin Herrera", "Wojciech Kowalski", "Priya Raghavan",
    "Aoife Murphy", "Bartholomew Finch", "Chiamaka Eze", "Jürgen Müller", "Xiuying Zhang", "Omar Haddad",
    "Ruth Cohen", "Ivo Lind", "Fatima al-Zahra", "Lee Park",
)  # fmt: skip
VOICES = ("af_heart", "bm_george", "am_michael", "bf_emma")
STATEMENT = "I am {name}. I agree that Northwind Audio may make and use a synthetic version of my voice for narration."


def main() -> None:
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=settings.MODEL_THREADS,
    )
    own, others = [], []
    for name, voice in zip(NAMES, cycle(VOICES), strict=False):
        sound = kokoro.speak(STATEMENT.format(name=name), stock_voice=voice, language="en")
        heard = transcriber().transcribe(sound, language="en").text
        expected, said = normalise_words(STATEMENT.format(name=name), "en"), normalise_words(heard, "en")
        words = normalise_words(name, "en")
        place = in_place_of(range(2, 2 + len(words)), expected=expected, said=said)
        own.append(name_likeness(words, place, language="en"))
        rest = [name_likeness(normalise_words(other, "en"), place, language="en") for other in NAMES if other != name]
        others += rest
        print(f"{name:20} heard {' '.join(place)!r:42} own {own[-1]:.2f}, best other {max(rest):.2f}", flush=True)
    held = sum(likeness < LEAST_NAME_SOUND for likeness in own)
    passed = sum(likeness >= LEAST_NAME_SOUND for likeness in others)
    print(f"own name held: {held} of {len(own)}; another's name passed: {passed} of {len(others)}")
    print(f"own least {min(own):.2f}; others 95 % {np.percentile(others, 95):.2f}, most {max(others):.2f}")
    kokoro._phonemizer.close()  # noqa: SLF001 -- its child process outlives it otherwise


if __name__ == "__main__":
    main()
