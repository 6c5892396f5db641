"""Who the log is to outsiders: its origin, the keys it signs checkpoints with, and their public halves."""

from __future__ import annotations

from django.conf import settings

from audit.notes import Ed25519Signer, MLDSA44Cosigner, Signer, VerifierKey
from tenancy.signing import log_keys


def signers() -> tuple[Signer, ...]:
    """Ed25519, which every reader of signed notes knows, and ML-DSA-44, which will outlast it."""
    keys = log_keys()
    return (
        Ed25519Signer(settings.LOG_ORIGIN, keys.ed25519_seed),
        MLDSA44Cosigner(settings.LOG_ORIGIN, keys.ml_dsa_44_seed),
    )


def verifier_keys() -> tuple[VerifierKey, ...]:
    """The public keys of the log, in the order of `signers`; `str` of each is what others configure."""
    return tuple(signer.key for signer in signers())
