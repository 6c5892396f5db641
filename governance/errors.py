"""What governance refuses, each with the stable code under which the HTTP interface reports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class GovernanceError(Exception):
    """Base: `code` is the problem's slug; `keeps_work` says that what was stored before it was raised stays."""

    code = "internal-error"
    keeps_work = False

    def __init__(self, message: str, *, reasons: Sequence[dict[str, Any]] = (), **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = list(reasons)
        self.extra = extra


class UnknownVoiceError(GovernanceError):
    """No such voice in this organisation; another organisation's is indistinguishable from none."""

    code = "voice-unknown"


class UnknownJobError(GovernanceError):
    """No such job in this organisation."""

    code = "job-unknown"


class IdempotencyConflictError(GovernanceError):
    """The same idempotency key came with another body."""

    code = "idempotency-conflict"


class RequestDeniedError(GovernanceError):
    """The gate denied a request; its decision is kept."""

    code = "request-denied"
    keeps_work = True


class ClipNotReadyError(GovernanceError):
    """The job has no clip (yet)."""

    code = "clip-not-ready"


class DeliveryRefusedError(GovernanceError):
    """The third decision said no; it is kept."""

    code = "release-refused"
    keeps_work = True


class PermitError(GovernanceError):
    """A permit that cannot be redeemed: unknown, already redeemed, expired or void."""

    code = "permit-unusable"


class UnderAgeError(GovernanceError):
    """Whoever was asked is not 18; the consent has ended, and that is kept."""

    code = "speaker-under-age"
    keeps_work = True


class ErasureError(Exception):
    """An erasure that cannot be carried out as asked, or a ledger of erasures that cannot be read."""


class CertificateNotReadyError(GovernanceError):
    """Nothing was erased yet, so there is no certificate of destruction."""

    code = "certificate-not-ready"


class BackupError(Exception):
    """A backup or a restore that must not go on; the message says what to do."""


class UnknownReviewError(GovernanceError):
    """Nothing of that kind waits for a reviewer in this organisation."""

    code = "review-unknown"


class ReviewRefusedError(GovernanceError):
    """A decision that this person may not take, or not like that; `code` says which rule stands in the way."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
