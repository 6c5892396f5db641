"""Which logs a witness serves: the `log` lines of a C2SP tlog-policy file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from audit.errors import NoteError, WitnessError
from audit.notes import VerifierKey


def read_logs(path: Path) -> dict[str, frozenset[VerifierKey]]:
    """The keys of each log by its origin, which is the name of its keys; a log may have several lines.

    Other lines of a policy (witnesses, groups, quorum) are passed over, so that the file which verifiers use will do.
    """
    logs: defaultdict[str, set[VerifierKey]] = defaultdict(set)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise WitnessError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0] != "log":
            continue
        try:
            key = VerifierKey.parse(words[1] if len(words) > 1 else "")
        except NoteError as error:
            raise WitnessError(f"{path}, line {number}: {error}") from error
        logs[key.name].add(key)
    if not logs:
        raise WitnessError(f"{path} names no log: write one line `log <vkey>` for each key of a log.")
    return {origin: frozenset(keys) for origin, keys in logs.items()}
