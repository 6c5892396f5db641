"""Recordings heard before, by anybody: a replay is known again, re-encoded, resampled, trimmed or louder.

Fingerprints after Haitsma and Kalker (ISMIR 2002): 32 bits every 11.6 ms (`safety.spoofing.takes`). Each is kept only
as an HMAC under a key of the platform's own, in the order of time, so that without that key nobody can say anything of
the sound, and with it only whether a recording at hand is the same. An HMAC of what is nearly the same is not alike, so
whoever looks flips the three bits of a frame that turn most easily. A recording is known when enough frames are found
at one and the same distance in time. It must not be slowed, quickened or played in another room: what is left of that
is the spoofing detector's.

What stays, and for how long. The row names no organisation, no person and no recording: it bears an HMAC of the
recording's identifier, so that whoever holds the identifier can have it deleted and nobody can go the other way. It is
kept after a refusal, when the sound itself is gone, because a refused recording is the first that somebody sends
again. It goes with the speaker's recordings when their voice is erased: what the fingerprint would still protect them
from then is held off by the one-time phrase as well, and that is no reason to keep what was taken from a voice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from consent.models import HeardBefore
from safety.platform_key import platform_key
from safety.spoofing.takes import changes
from synth_adapter.waveform import Waveform
from tenancy.destroyed import Destroyed
from tenancy.scope import platform_scope

KIND = "recording-fingerprint"
WEAK_BITS = 3
LEAST_ALIGNED = 24
HASH_BYTES = 8
UNHEARD = 0
_LOCK = "vivavoce/heard-before"
_WEIGHTS = (1 << np.arange(32, dtype=np.uint64)).astype(np.uint64)


@dataclass(frozen=True, eq=False)
class Print:
    """Fingerprint of one recording, in memory alone: for each frame its value and its readings with weak bits flipped.

    `values` has shape (frames,), `variants` (frames, 2 ** WEAK_BITS); frames without sound have `heard` false.
    """

    values: NDArray[np.uint64]
    variants: NDArray[np.uint64]
    heard: NDArray[np.bool_]


def listen(sound: Waveform) -> Print:
    """The fingerprint of a whole recording."""
    change, heard = changes(sound)
    values = ((change > 0) * _WEIGHTS).sum(axis=1, dtype=np.uint64)
    weakest = np.argsort(np.abs(change), axis=1)[:, :WEAK_BITS]
    flips = [
        sum((_WEIGHTS[weakest[:, bit]] for bit in chosen), start=np.zeros(len(values), np.uint64))
        for count in range(WEAK_BITS + 1)
        for chosen in combinations(range(WEAK_BITS), count)
    ]
    return Print(values, np.stack([values ^ flip for flip in flips], axis=1), heard)


def seen(found: Print) -> bool:
    """Whether a recording that holds a stretch of this one was kept, by whichever organisation.

    Whoever asks keeps others from asking and keeping until the end of the transaction, so that of two replays at once
    the second finds the first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
    secret = platform_key(KIND).secret
    places = _places(found, secret=secret)
    if not places:
        return False
    with platform_scope():
        candidates = HeardBefore.objects.filter(hashes__overlap=list(places)).values_list("hashes", flat=True)
        return any(aligned(places, kept) >= LEAST_ALIGNED for kept in candidates.iterator(chunk_size=100))


def keep(found: Print, *, recording_id: UUID) -> None:
    """Keep the fingerprint of a recording; one that was kept before makes way."""
    secret = platform_key(KIND).secret
    hashes = [
        _hash(int(value), secret=secret) if heard else UNHEARD
        for value, heard in zip(found.values, found.heard, strict=True)
    ]
    with platform_scope():
        HeardBefore.objects.update_or_create(
            reference=_reference(recording_id, secret=secret), defaults={"hashes": hashes}
        )


def forget(recording_id: UUID) -> list[Destroyed]:
    """Delete the fingerprint of a recording; what was destroyed, for the certificate."""
    with platform_scope():
        rows = HeardBefore.objects.filter(reference=_reference(recording_id, secret=platform_key(KIND).secret))
        deleted, _ = rows.delete()
    return [Destroyed(KIND, recording_id)] if deleted else []


def aligned(places: dict[int, list[int]], kept: Sequence[int]) -> int:
    """How many frames of a recording are found in `kept` at the best distance in time, give or take one frame."""
    distances: Counter[int] = Counter()
    for place, value in enumerate(kept):
        distances.update({place - frame for frame in places.get(value, ())})
    return max((distances[best] + distances[best + 1] for best in distances), default=0)


def _places(found: Print, *, secret: bytes) -> dict[int, list[int]]:
    """Under which hashes which frames are looked for."""
    places: dict[int, list[int]] = {}
    for frame in np.flatnonzero(found.heard):
        for value in found.variants[frame]:
            places.setdefault(_hash(int(value), secret=secret), []).append(int(frame))
    return places


def _hash(value: int, *, secret: bytes) -> int:
    digest = hmac.digest(secret, b"frame" + value.to_bytes(4, "little"), hashlib.sha256)
    return int.from_bytes(digest[:HASH_BYTES], "little", signed=True)


def _reference(recording_id: UUID, *, secret: bytes) -> str:
    return hmac.new(secret, b"recording" + recording_id.bytes, hashlib.sha256).hexdigest()
