"""What a certificate of destruction says to a person, and the list of what could not be destroyed, with why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from governance.certificates import Account
    from governance.hold_models import LegalHold

NAMES = {
    "speaker-contact": ("e-mail address of yours", "e-mail addresses of yours"),
    "ceremony-recording": ("recording in which you spoke your consent", "recordings in which you spoke your consent"),
    "ceremony-embedding": ("voice measurement of that recording", "voice measurements of those recordings"),
    "recording-fingerprint": (
        "fingerprint by which that recording would have been known again",
        "fingerprints by which those recordings would have been known again",
    ),
    "representative-document": ("document that a representative had shown", "documents that representatives had shown"),
    "offered-sample": ("sentence that you recorded", "sentences that you recorded"),
    "sample": ("recording of your voice", "recordings of your voice"),
    "sample-transcript": ("transcript of a recording", "transcripts of recordings"),
    "voice-reference": (
        "reference by which your voice was recognised",
        "references by which your voice was recognised",
    ),
    "duplicate-reference": (
        "copy of that reference by which a second enrolment of your voice would have been found",
        "copies of those references by which a second enrolment of your voice would have been found",
    ),
    "prepared-voice": ("voice that the speech engine had learnt", "voices that the speech engine had learnt"),
    "clip-wav": ("clip of synthetic speech (WAV)", "clips of synthetic speech (WAV)"),
    "withheld-wav": ("synthetic speech that was withheld", "pieces of synthetic speech that were withheld"),
    "clip-mp3": ("clip of synthetic speech (MP3)", "clips of synthetic speech (MP3)"),
    "clip-flac": ("clip of synthetic speech (FLAC)", "clips of synthetic speech (FLAC)"),
    "clip-m4a": ("clip of synthetic speech (M4A)", "clips of synthetic speech (M4A)"),
    "clip-fingerprint": (
        "fingerprint by which the words of a clip would have been known again",
        "fingerprints by which the words of clips would have been known again",
    ),
}


def in_plain_words(account: Account, *, organisation: str, left: Sequence[dict[str, Any]]) -> list[str]:
    """The account as sentences to the speaker."""
    said = [f"Thank you for having lent your voice to {organisation}. {account.occasion.explanation}"]
    if account.items:
        listed = [f"{count} {_name(kind, count)}" for kind, count in account.counts().items()]
        said.append(f"Destroyed: {'; '.join(listed)}.")
    elif not account.postponed:
        said.append("No recording and no measurement of your voice was held under it.")
    if account.permits or account.clips:
        said.append(
            f"Stopped: {account.permits} {_plural('request', account.permits)} to speak with your voice that "
            f"{_were(account.permits)} open, and {account.clips} {_plural('clip', account.clips)} that can no longer "
            "be fetched."
        )
    if account.key_shredded:
        said.append(
            "The key that alone could open what was kept of you was destroyed too: copies that a backup may still "
            "hold can be opened by nobody who has not also kept that key."
        )
    elif account.postponed:
        said.append(
            "A legal hold obliges the organisation to keep your voice for now. Nobody may speak with it any more, and "
            "it is destroyed as soon as the hold is lifted; you then get a new certificate."
        )
    else:
        said.append(
            "You have another consent that still stands, so the key to what you agreed to there was kept; nothing "
            "that stood on the consent that ended was left."
        )
    said.append(f"Some things could not be destroyed; the list says which, why and until when ({len(left)}).")
    return said


def remains(account: Account, *, now: datetime) -> list[dict[str, Any]]:
    """What could not be destroyed, each with why and until when; times are ISO 8601."""
    left = [_proof(account), _ledger(), _backups(now), _pages(), _memory()]
    if account.releases:
        left.append(_delivered(account.releases))
    left += [_held(hold) for hold in account.holds]
    if not account.key_shredded and not account.postponed:
        left.append(_other_consents())
    return left


def _proof(account: Account) -> dict[str, Any]:
    return {
        "what": "proof of consent",
        "count": len(account.consents),
        "why": "The notice, your name, the terms, the words heard, scores, and the SHA-256 of recordings show what was "
        "agreed and that it ended; the law asks for that proof. No sound and no voice measurement is among it.",
        "until": "the date in the public retention schedule (/retention)",
    }


def _ledger() -> dict[str, Any]:
    return {
        "what": "entries of the transparency log",
        "why": "The log only grows, so that nobody can rewrite what happened. Its public part holds pseudonyms and "
        "salted commitments, no name and no sound.",
        "until": "never",
    }


def _backups(now: datetime) -> dict[str, Any]:
    last = (now + timedelta(days=settings.BACKUP_DAYS)).date()
    return {
        "what": "backups made before this day",
        "why": "A backup cannot be changed. It holds your recordings only sealed; whenever one is restored, this "
        "erasure is carried out again before anything else happens.",
        "until": last.isoformat(),
    }


def _pages() -> dict[str, Any]:
    return {
        "what": "free space of the database's files and its write-ahead log",
        "why": "The database overwrites the place of the destroyed key (which was stored encrypted) in its own time.",
        "until": "the database's next clean-up of that table, as a rule within days",
    }


def _memory() -> dict[str, Any]:
    return {
        "what": "working memory of our programs",
        "why": "A program that was listening or speaking at that moment may still hold your voice in memory; what it "
        "makes of it is dropped. No speech engine keeps a voice between two requests.",
        "until": f"its task ends, after {-(-settings.CELERY_TASK_TIME_LIMIT // 60)} minutes at most",
    }


def _delivered(releases: int) -> dict[str, Any]:
    return {
        "what": "clips already fetched by the organisation",
        "count": releases,
        "why": "What has left cannot be called back. Every clip carries a mark that says that it is synthetic and "
        "leads to its record; ask the organisation to delete its copies.",
        "until": "the organisation deletes them",
    }


def _held(hold: LegalHold) -> dict[str, Any]:
    return {
        "what": "your voice and the proof of consent" if hold.covers_biometric else "the proof of consent",
        "why": f"A legal hold placed on {hold.placed_at.date().isoformat()} (number {hold.id}) forbids to destroy it.",
        "until": "the hold is lifted",
    }


def _other_consents() -> dict[str, Any]:
    return {
        "what": "your subject key, and what stands on your other consent",
        "why": "You have agreed to it and have not taken that back. Withdraw that consent as well, and it goes too.",
        "until": "your other consent ends",
    }


def _name(kind: str, count: int) -> str:
    one, many = NAMES.get(kind, (kind, kind))
    return one if count == 1 else many


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
