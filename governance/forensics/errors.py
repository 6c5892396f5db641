"""What forensics refuses, each with the stable code under which the HTTP interface reports it."""

from __future__ import annotations

from governance.errors import GovernanceError


class UnknownExaminationError(GovernanceError):
    """No such examination in this organisation."""

    code = "examination-unknown"


class OriginalGoneError(GovernanceError):
    """The original was destroyed; its hash and its chain of custody are kept."""

    code = "examination-original-gone"


class ExaminationRunningError(GovernanceError):
    """The original cannot be deleted while somebody looks at it."""

    code = "examination-running"


class ExaminationHeldError(GovernanceError):
    """The original cannot be deleted while a legal hold keeps the files of its case."""

    code = "examination-held"


class UnknownClipError(GovernanceError):
    """The clip is none that this examination found, or not one of this organisation."""

    code = "clip-unknown"


class WebhookAddressError(GovernanceError):
    """An address to which no message may be sent."""

    code = "webhook-address-refused"


class RotationRunningError(GovernanceError):
    """The overlap of an earlier rotation has not ended."""

    code = "rotation-running"


class TooManyCallsError(GovernanceError):
    """Too many calls of the public detector from one address, or at once; `wait` says for how many seconds."""

    code = "too-many-requests"

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class CustodyError(GovernanceError):
    """A chain of custody that is broken, or an event that does not belong into one."""

    code = "examination-broken"
