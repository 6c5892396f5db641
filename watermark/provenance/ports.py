"""The port of provenance: who signs manifests."""

from __future__ import annotations

from typing import Protocol


class Signer(Protocol):
    """Holds a P-256 key and its certificates; the key itself is never asked for."""

    @property
    def chain(self) -> str:
        """The certificates in PEM, the key's own first, the root left out."""

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r and s (RFC 7518, section 3.4); raises `ProvenanceError` or `KeyringError`."""
