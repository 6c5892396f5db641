"""The public detector: marked, not marked or inconclusive, and nothing more; nothing of the sound is kept.

Whoever would remove a mark could try their attempts on it, so one address may ask rarely, and learns neither a score
nor where in the sound.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from governance.forensic_models import DetectorCall
from governance.forensics.errors import TooManyCallsError
from synth_adapter.decoding import decode, refuse_silence
from synth_adapter.errors import AudioError
from watermark import register, registry, testifying
from watermark.testimony import Outcome

MOST_CALLS, WITHIN = 10, timedelta(hours=1)
LONGEST_SECONDS = 120.0
AT_ONCE, PATIENCE_SECONDS = 1, 10.0
_busy = threading.BoundedSemaphore(AT_ONCE)


def screen(audio: bytes, *, address: str) -> Outcome:
    """What the marks of `audio` say, for somebody at `address`; each call counts, in whichever process.

    Raises:
        TooManyCallsError: too many from that address within an hour, or this process is busy with another.
        AudioError: as decoding does; audio-too-long for more than two minutes; audio-silent.
    """
    _count(address)
    if not _busy.acquire(timeout=PATIENCE_SECONDS):
        raise TooManyCallsError("The detector is busy.", wait=PATIENCE_SECONDS)
    try:
        waveform = decode(audio).waveform
        if waveform.seconds > LONGEST_SECONDS:
            raise AudioError("audio-too-long", f"The public detector takes at most {LONGEST_SECONDS:.0f} seconds.")
        refuse_silence(waveform)
        markers = registry.listening()
        return testifying.screen(waveform, library=register.library(), markers=markers, without_pilots=True)
    finally:
        _busy.release()


def _count(address: str) -> None:
    """Note the call first and count afterwards, so that calls at the same moment count each other."""
    now, hashed = timezone.now(), salted_hmac(__name__, address, algorithm="sha256").hexdigest()
    DetectorCall.objects.filter(at__lt=now - WITHIN).delete()
    call = DetectorCall.objects.create(address_hash=hashed)
    calls = DetectorCall.objects.filter(address_hash=hashed).order_by("at").values_list("at", flat=True)
    first, count = calls[0], len(calls)
    if count > MOST_CALLS:
        call.delete()
        wait = max((first + WITHIN - now).total_seconds(), 1.0)
        raise TooManyCallsError("This address has used the detector often enough for now.", wait=wait)
