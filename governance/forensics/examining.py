"""Looking at a file that was handed in: opened, decoded, examined after its protocol, and every step in its chain."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit.events import Event
from audit.leaves import canonical
from audit.log import append
from governance.forensic_models import CustodyAction, Examination, ExaminationStatus
from governance.forensics import custody, examinations, pictures, webhooks, whose
from governance.forensics.errors import CustodyError, OriginalGoneError
from synth_adapter.decoding import Decoded, decode
from synth_adapter.errors import AudioError
from tenancy.errors import KeyringError
from tenancy.scope import organisation_scope
from watermark import register, registry, testifying
from watermark.errors import MarkError
from watermark.provenance import reading
from watermark.testimony import Testimony

MOST_ATTEMPTS = 3
PROGRESS_EVERY = 1.0
FORMS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "mp4": "m4a"}
"""In which containers manifests are, by the decoder's name and by that of provenance; in others the bytes decide."""
LOST = "Whoever examined it was lost, three times; hand the file in again."
OTHER_PROTOCOL = "The protocol has changed since the file was handed in, so it was not examined; hand it in again."


@dataclass(frozen=True)
class _Found:
    """What is kept of a look: the testimony, without what is somebody else's, and what else the file is and says."""

    testimony: Testimony
    elsewhere: list[str]
    decoded_sha256: str
    sound: dict[str, Any]
    provenance: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            **self.testimony.as_json(),
            "elsewhere": self.elsewhere,
            "sound": self.sound,
            "provenance": self.provenance,
        }


def lost() -> QuerySet[Examination]:
    """Those of the organisation in scope that nobody has touched for longer than a worker lives."""
    long_ago = timezone.now() - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    unended = [ExaminationStatus.RECEIVED, ExaminationStatus.RUNNING]
    return Examination.objects.filter(status__in=unended, touched_at__lt=long_ago)


def examine(examination_id: UUID, *, organisation_id: UUID) -> None:
    """Bring an examination from `received` to `completed` or `failed`; running it twice does no harm."""
    with organisation_scope(organisation_id, actor="system"):
        examination = _take(examination_id)
    if examination is None:
        return
    try:
        found = _look(examination)
    except (AudioError, MarkError, KeyringError, CustodyError, OriginalGoneError) as error:
        with organisation_scope(organisation_id, actor="system"):
            _fail(examination, str(error))
        return
    with organisation_scope(organisation_id, actor="system"):
        _complete(examination, found)


def _take(examination_id: UUID) -> Examination | None:
    """Compare-and-set, so that of two workers one gets it; one that was lost may be taken over."""
    mine = Examination.objects.filter(id=examination_id).filter(
        Q(status=ExaminationStatus.RECEIVED) | Q(id__in=lost().values("id"))
    )
    if not mine.update(
        status=ExaminationStatus.RUNNING, attempts=F("attempts") + 1, touched_at=timezone.now(), progress=0.0
    ):
        return None
    examination = Examination.objects.get(id=examination_id)
    if examination.attempts > MOST_ATTEMPTS:
        _fail(examination, LOST)
    elif examination.protocol_sha256 != testifying.PROTOCOL.sha256:
        _fail(examination, OTHER_PROTOCOL)
    else:
        return examination
    return None


def _look(examination: Examination) -> _Found:
    scope = (examination.organisation_id, "system")
    with organisation_scope(scope[0], actor=scope[1]):
        audio = examinations.open_original(examination, purpose="examination")
    decoded = decode(audio)
    decoded_sha256 = hashlib.sha256(decoded.waveform.samples.astype("<f4").tobytes()).hexdigest()
    with organisation_scope(scope[0], actor=scope[1]):
        custody.note(
            examination,
            action=CustodyAction.DECODED,
            in_sha256=examination.sha256,
            out_sha256=decoded_sha256,
            tool=f"synth_adapter.decoding, PyAV {version('av')}",
            parameters={"codec": decoded.codec, "rate": decoded.waveform.rate, "samples": "mono float32 little-endian"},
        )
    testimony = testifying.examine(
        decoded.waveform,
        library=register.library(),
        markers=registry.listening(),
        claimed=[UUID(clip) for clip in examination.claimed_clips],
        protocol=testifying.PROTOCOL,
        progress=_progress_of(examination),
    )
    with organisation_scope(scope[0], actor=scope[1]):
        shown, elsewhere = whose.without_others(testimony, examination_id=examination.id)
    return _Found(shown, elsewhere, decoded_sha256, _sound(decoded), _read(audio, decoded))


def _progress_of(examination: Examination) -> Callable[[float], None]:
    """Writes how far it is, once a second at most, and only while this attempt is the one that counts."""
    said = 0.0

    def tell(share: float) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < PROGRESS_EVERY:
            return
        said = now
        with organisation_scope(examination.organisation_id, actor="system"):
            _mine(examination).update(progress=min(max(share, 0.0), 1.0), touched_at=timezone.now())

    return tell


def _complete(examination: Examination, found: _Found) -> None:
    result = found.as_json()
    if not _end(examination, ExaminationStatus.COMPLETED, result=result, progress=1.0):
        return
    testimony = found.testimony
    result_sha256 = hashlib.sha256(canonical(result).encode()).hexdigest()
    custody.note(
        examination,
        action=CustodyAction.EXAMINED,
        in_sha256=found.decoded_sha256,
        out_sha256=result_sha256,
        tool="watermark.testifying",
        parameters={
            "protocol_sha256": testimony.protocol_sha256,
            "clips_compared": testimony.clips_compared,
            **{f"marker {layer.marker}": layer.sha256 for layer in testimony.layers},
        },
    )
    _close(examination, result_sha256=result_sha256, verdict=testimony.verdict)


def _fail(examination: Examination, explanation: str) -> None:
    if _end(examination, ExaminationStatus.FAILED, explanation=explanation):
        _close(examination, result_sha256="", verdict="")


def _close(examination: Examination, *, result_sha256: str, verdict: str) -> None:
    """The last link of the chain as far as the examination goes; its hash, which stands for all, goes on record."""
    examination.refresh_from_db()
    status = examination.status
    last = custody.note(
        examination,
        action=CustodyAction.COMPLETED,
        in_sha256=examination.sha256,
        out_sha256=result_sha256,
        parameters={"status": status, "verdict": verdict},
    )
    data = {
        "status": status,
        "verdict": verdict,
        "custody_sha256": last.sha256,
        "result_sha256": result_sha256,
        "protocol_sha256": examination.protocol_sha256,
    }
    append(Event.EXAMINATION_COMPLETED, refs={"examination": examination.id, **whose.own_clip(examination)}, data=data)
    webhooks.arrange(examination)


def _end(examination: Examination, status: ExaminationStatus, **values: Any) -> bool:
    now = timezone.now()
    return bool(_mine(examination).update(status=status, completed_at=now, touched_at=now, **values))


def _mine(examination: Examination) -> QuerySet[Examination]:
    """The row, if it still is this attempt's."""
    return Examination.objects.filter(
        id=examination.id, status=ExaminationStatus.RUNNING, attempts=examination.attempts
    )


def _sound(decoded: Decoded) -> dict[str, Any]:
    return {
        "seconds": round(decoded.waveform.seconds, 3),
        "sample_rate": decoded.waveform.rate,
        "channels": decoded.channels,
        "container": decoded.container,
        "codec": decoded.codec,
        "truncated": decoded.truncated,
        "peaks": pictures.peaks(decoded.waveform),
    }


def _read(audio: bytes, decoded: Decoded) -> dict[str, Any]:
    """What a manifest in the file says; where there is none, or none can be looked for, that is said."""
    return asdict(reading.read(audio, form=FORMS.get(decoded.container)))
