"""Secrets handed out once and kept only as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_token(prefix: str) -> str:
    """`prefix` and 43 characters that carry 256 random bits; that much entropy needs no slow hash."""
    return f"{prefix}{secrets.token_urlsafe(_BYTES)}"


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
