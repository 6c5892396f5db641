"""What the making of evidence refuses, with the stable code under which the HTTP interface reports it."""

from __future__ import annotations

from governance.errors import GovernanceError


class EvidenceNotReadyError(GovernanceError):
    """There is nothing yet to give evidence of, or something that belongs to it cannot be had at the moment."""

    code = "evidence-not-ready"


class CertificateError(GovernanceError):
    """The certificates that stand under evidence are damaged, have run out, or cannot be made here."""

    code = "internal-error"


class UnsoundBundleError(GovernanceError):
    """A bundle that its own verifier does not accept was about to be handed out."""

    code = "internal-error"
