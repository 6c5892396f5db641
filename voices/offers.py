"""Samples that a speaker records one by one: each is checked while they are still there, then all are enrolled.

A sentence may be recorded again until it is good; what was good stays, across reloads and days, as long as the
consent stands. Nothing is compared here: whether it is the voice that said yes is weighed at enrolment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consent.models import ConsentRecord
from consent.queries import scope_of
from consent.reasons import Reason
from consent.scope import is_active
from safety.registry import speaker_encoder, transcriber
from safety.speech import net_speech_seconds, one_speaker
from safety.transcripts import word_error_rate
from synth_adapter.decoding import decode, decode_whole
from synth_adapter.errors import AudioError
from synth_adapter.measures import measure
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.destroyed import Destroyed
from tenancy.ids import new_id
from tenancy.scope import organisation_scope
from voices import enrolment
from voices.errors import VoiceError
from voices.models import OfferedSample, OfferStatus, Voice
from voices.quality import judge_sample
from voices.sentences import Sentences, sentences

KIND, TASK = "offered-sample", "voices.check_offer"
LOST_AFTER = timedelta(minutes=2)
LONGEST_SECONDS = 60.0
LEAST_NET_SPEECH_SECONDS = 1.5
MOST_WORDS_WRONG = 0.4
ALONE = "Be alone, and record again."
AGAIN = "Read the whole sentence as it stands, and record it again."


def offer(consent: ConsentRecord, *, number: int, audio: bytes) -> OfferedSample:
    """Take one recorded sentence and have it checked; an earlier one of the same number goes.

    Raises:
        AudioError: it cannot be used as sound, or is too long; an earlier one stays.
        VoiceError: samples-unknown for a number that is none, consent-not-active.
    """
    decoded = decode_whole(audio)
    if decoded.waveform.seconds > LONGEST_SECONDS:
        raise AudioError("audio-too-long", f"A sentence has at most {LONGEST_SECONDS:.0f} seconds.")
    _lock(consent)
    scope = scope_of(consent.id)
    if scope is None or not is_active(scope, at=timezone.now()):
        raise VoiceError("consent-not-active", "The consent does not stand; ask the organisation for a new one.")
    if not 1 <= number <= len(sentences(consent.locale).texts):
        raise VoiceError("samples-unknown", "There is no such sentence.")
    _remove(OfferedSample.objects.filter(consent=consent, number=number))
    made = OfferedSample(
        id=new_id(), organisation_id=consent.organisation_id, consent=consent, number=number, sha256=decoded.sha256
    )
    made.blob = blobs.put(audio, subject_id=consent.speaker_id, kind=KIND, object_id=made.id)
    made.save()
    _queue(made)
    return made


def check(offer_id: UUID, *, organisation_id: UUID) -> None:
    """Listen to one offered sample; running it twice does no harm, and one that was replaced meanwhile is let be."""
    with organisation_scope(organisation_id, actor="system"):
        found = OfferedSample.objects.select_related("consent").filter(id=offer_id).first()
        if found is None or found.status != OfferStatus.CHECKING:
            return
        audio = blobs.get(found.blob, subject_id=found.consent.speaker_id, kind=KIND, object_id=found.id)
        locale, number = found.consent.locale, found.number
    chosen = sentences(locale)
    waveform = decode(audio).waveform
    seconds = net_speech_seconds(waveform)
    reasons = judge(waveform, net_seconds=seconds, sentence=chosen.texts[number - 1], language=chosen.locale)
    with organisation_scope(organisation_id, actor="system"):
        OfferedSample.objects.filter(id=offer_id, status=OfferStatus.CHECKING).update(
            status=OfferStatus.REFUSED if reasons else OfferStatus.GOOD,
            reasons=[reason.as_json() for reason in reasons],
            net_speech_seconds=round(seconds, 2),
        )


def judge(waveform: Waveform, *, net_seconds: float, sentence: str, language: str) -> list[Reason]:
    """Everything that the speaker could do better in one sentence."""
    found = judge_sample(measure(waveform), position=1)
    if net_seconds < LEAST_NET_SPEECH_SECONDS:
        measured = {"net_speech_seconds": round(net_seconds, 2), "limit_seconds": LEAST_NET_SPEECH_SECONDS}
        return [*found, Reason("too-little-speech", "deny", "There is too little speech.", AGAIN, measured)]
    if one_speaker(waveform, encoder=speaker_encoder()).outcome == "several":
        found.append(Reason("several-speakers", "deny", "More than one voice was heard.", ALONE))
    heard = transcriber().transcribe(waveform, language=language).text
    wrong = word_error_rate(sentence, heard, language=language).rate
    if wrong > MOST_WORDS_WRONG:
        measured = {"word_error_rate": round(wrong, 3), "limit": MOST_WORDS_WRONG}
        found.append(Reason("sentence-not-heard", "deny", "The sentence was not heard.", AGAIN, measured))
    return found


def offered(consent: ConsentRecord) -> list[OfferedSample]:
    """What the speaker has recorded, by sentence."""
    return list(OfferedSample.objects.filter(consent=consent).order_by("number"))


def enough(found: Sequence[OfferedSample], wanted: Sentences) -> bool:
    return sum(sample.status == OfferStatus.GOOD for sample in found) >= wanted.needed


def hand_in(consent: ConsentRecord, *, name: str, language: str) -> Voice:
    """Make a voice of all good samples, which is then enrolled; raises `VoiceError` (samples-missing) for too few."""
    _lock(consent)
    found = offered(consent)
    if not enough(found, sentences(consent.locale)):
        raise VoiceError("samples-missing", "Some sentences are still missing, or are being checked.")
    good = [sample for sample in found if sample.status == OfferStatus.GOOD]
    subject = consent.speaker_id
    audio = [blobs.get(one.blob, subject_id=subject, kind=KIND, object_id=one.id) for one in good]
    voice = enrolment.create_voice(consent_id=consent.id, name=name, language=language, samples=audio)
    _remove(OfferedSample.objects.filter(consent=consent))
    return voice


def erase(consent_id: UUID) -> list[Destroyed]:
    """Delete what was offered under a consent; files go once the caller's transaction commits."""
    found = OfferedSample.objects.filter(consent_id=consent_id)
    gone = [Destroyed(KIND, sample.id, sample.sha256) for sample in found]
    _remove(found)
    return gone


def resend() -> None:
    """Queue again what has waited too long to be checked in the organisation in scope."""
    lost = OfferedSample.objects.filter(status=OfferStatus.CHECKING, offered_at__lt=timezone.now() - LOST_AFTER)
    for sample in lost:
        _queue(sample)


def _queue(sample: OfferedSample) -> None:
    """Send the sentence to a worker once its row is committed."""
    arguments = (str(sample.organisation_id), str(sample.id))
    transaction.on_commit(lambda: current_app.send_task(TASK, args=arguments))


def _lock(consent: ConsentRecord) -> None:
    """Whoever withdraws, offers or hands in at the same time comes before or after, never between."""
    ConsentRecord.objects.select_for_update().get(id=consent.id)


def _remove(samples: QuerySet[OfferedSample]) -> None:
    for sample in samples:
        transaction.on_commit(partial(blobs.delete, sample.blob), robust=True)
    samples.delete()
