"""The one error of script screening: a script that cannot be screened at all."""

from __future__ import annotations


class ScriptError(Exception):
    """A script that must not go further; `code` is a stable slug, `message` says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
