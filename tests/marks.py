"""Sound as it leaves: marked as a clip of some organisation, and on the register."""

from __future__ import annotations

from synth_adapter.waveform import Waveform
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from watermark import marking, register
from watermark.ports import ClipMark
from watermark.secrets import mark_secrets

FOUND_IN_NOTHING = {"not_marked", "inconclusive"}
"""What is said of sound that nobody marked: under secrets drawn at random, about one sound in fifty is inconclusive.

Chances up to `Protocol.inconclusive_rate` are, and both a code and a short id may fit that well by accident. Under
fixed secrets `tests/watermark/test_testifying.py` asks for not_marked.
"""


def leave_as_clip(sound: Waveform, *, of: Organisation) -> tuple[Waveform, ClipMark]:
    """The marked sound and its mark, registered for a speaker of that organisation whom nobody knows."""
    with organisation_scope(of.id, actor="system"):
        mark, fingerprint = marking.prepare(new_id(), sound, mark_secrets())
        register.enter(mark, seconds=sound.seconds, fingerprint=fingerprint, subject_id=new_id())
    return marking.embed(sound, mark=mark), mark
