"""How numbers, times and slugs are said on a page: always with unit and meaning, never more exact than known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_STEPS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3_600, "hour"), (60, "min"))
_UNITS = (
    ("_kbit_per_s", "kbit/s"),
    ("_seconds", "s"),
    ("_dbfs", "dBFS"),
    ("_bytes", "bytes"),
    ("_bits", "bits"),
    ("_ms", "ms"),
    ("_db", "dB"),
    ("_hz", "Hz"),
    ("_s", "s"),
)
_SHARES = ("_fraction", "_rate", "_rate_allowed", "_rate_limit", "_share", "_probability", "silence", "clipped")
_NAMES = {
    "clipped": "Clipped samples",
    "heard": "Words heard",
    "likeness": "Likeness to the speaker",
    "likeness_llr": "Evidence for one speaker",
    "likeness_llr_needed": "Evidence needed",
    "llr": "Evidence for one speaker",
    "name_sound": "Likeness of the names by sound",
    "heard_before": "Sent before",
    "likeness_opening": "Likeness, first 2 s",
    "likeness_whole": "Likeness, whole clip",
    "match_from": "Match from",
    "score": "Comparison score",
    "seconds": "Duration",
    "sha256": "SHA-256",
    "silence": "Silence in it",
    "snr_db": "Signal to noise",
    "synthetic_llr": "Evidence for a machine",
    "word_error_rate_limit": "Word error rate allowed",
}
_ORDER = (
    "passed",
    "likeness",
    "likeness_llr",
    "likeness_llr_needed",
    "likeness_whole",
    "likeness_opening",
    "score",
    "llr",
    "match_from",
    "word_error_rate",
    "word_error_rate_allowed",
    "word_error_rate_limit",
    "limit",
    "status",
    "stage",
    "effect",
)
_ACRONYMS = {
    "ivr": "IVR",
    "api": "API",
    "sha256": "SHA-256",
    "id": "ID",
    "wav": "WAV",
    "mp3": "MP3",
    "flac": "FLAC",
    "m4a": "M4A",
}
_SHA256_HEX = 64
_STANDINGS = {
    "permit": ("permit", "Permitted"),
    "approve": ("permit", "Approved"),
    "refuse": ("deny", "Refused"),
    "hold": ("hold", "Held"),
    "deny": ("deny", "Denied"),
    "checking": ("neutral", "Checking"),
    "preparing": ("neutral", "Preparing"),
    "ready": ("permit", "Ready"),
    "held": ("hold", "Held"),
    "refused": ("deny", "Refused"),
    "suspended": ("hold", "Suspended"),
    "erased": ("neutral", "Erased"),
    "requested": ("neutral", "Requested"),
    "given": ("permit", "Given"),
    "withdrawn": ("deny", "Withdrawn"),
    "expired": ("deny", "Expired"),
    "superseded": ("neutral", "Superseded"),
    "received": ("neutral", "Received"),
    "accepted": ("permit", "Accepted"),
    "issued": ("neutral", "Issued"),
    "redeemed": ("neutral", "Redeemed"),
    "completed": ("permit", "Completed"),
    "failed": ("deny", "Failed"),
    "withheld": ("deny", "Withheld"),
    "incident": ("deny", "Incident"),
    "void": ("neutral", "Void"),
    "releasable": ("permit", "Releasable"),
    "unreleasable": ("deny", "Unreleasable"),
    "marked": ("permit", "Marked"),
    "not_marked": ("deny", "Not marked"),
    "inconclusive": ("hold", "Inconclusive"),
    "waiting": ("neutral", "Waiting for its place"),
    "unwitnessed": ("neutral", "Logged, not witnessed"),
    "witnessed": ("permit", "Logged and witnessed"),
    "unrecorded": ("deny", "Not on record"),
}


@dataclass(frozen=True)
class Figure:
    """One measured thing as it is shown: what it is, its value with unit, and whether the value is known."""

    label: str
    value: str
    known: bool = True
    exact: str = ""


def plainly(slug: str) -> str:
    """A slug or field name as words: `word_error_rate` gives "Word error rate", `ivr` gives "IVR"."""
    words = " ".join(_ACRONYMS.get(word, word) for word in slug.replace("_", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:]


def midway(words: str) -> str:
    """Words as they stand in the middle of a sentence: no capital, unless it is an abbreviation's."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def standing(state: str) -> tuple[str, str]:
    """The meaning (permit, hold, deny, neutral) and the word of a state; one that nobody knows is shown as held."""
    return _STANDINGS.get(state, ("hold", plainly(state) or "Not known"))


def duration(seconds: float) -> str:
    """Length of audio as minutes, seconds and tenths: 0:07.4."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def relative(when: datetime, *, now: datetime) -> str:
    """How far away a moment is, in its largest unit, looking either way."""
    away = abs(now - when)
    if away < timedelta(minutes=1):
        return "just now" if when <= now else "in under a minute"
    for size, unit in _STEPS:
        count = int(away.total_seconds() // size)
        if count:
            said = f"{count} {unit}{'' if count == 1 or unit == 'min' else 's'}"
            break
    return f"{said} ago" if when <= now else f"in {said}"


def figures(measured: Mapping[str, Any]) -> list[Figure]:
    """Every measured value as a labelled figure, what matters most first; nested mappings are walked."""
    return list(_figures(measured, ()))


def _figures(measured: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Figure]:
    for key in sorted(measured, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)):
        value = measured[key]
        if isinstance(value, Mapping) and set(value) == {"name", "sha256"}:
            label = ": ".join(plainly(part) for part in (*path, key))
            yield Figure(label, f"{value['name']} {str(value['sha256'])[:12]}…", exact=str(value["sha256"]))
        elif isinstance(value, Mapping):
            yield from _figures(value, (*path, key))
        else:
            yield _figure(key, value, path, like=_limited(measured) if key == "limit" else key)


def _limited(measured: Mapping[str, Any]) -> str:
    """The name of what a `limit` limits, so that both are said in the same unit."""
    named = (key for key in measured if key.endswith((*_SHARES, *(suffix for suffix, _ in _UNITS))))
    return next(named, "limit")


def _figure(key: str, value: Any, path: tuple[str, ...], *, like: str) -> Figure:
    name = _NAMES.get(key) or plainly(_unit(key)[0])
    label = ": ".join([*(plainly(part) for part in path), midway(name) if path else name])
    if value is None:
        return Figure(label, "Not known", known=False)
    if isinstance(value, str) and len(value) == _SHA256_HEX:
        return Figure(label, f"{value[:12]}…", exact=value)
    return Figure(label, _said(like, value, _unit(like)[1]))


def _unit(key: str) -> tuple[str, str]:
    if key == "seconds":
        return key, "s"
    for suffix, unit in _UNITS:
        if key.endswith(suffix):
            return key.removesuffix(suffix), unit
    return key, ""


def _said(key: str, value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "None"
    if isinstance(value, (int, float)):
        if key.endswith(_SHARES) and isinstance(value, float):
            return f"{value * 100:.1f} %"
        number = str(value) if isinstance(value, int) else _number(value)
        return f"{number} {unit}".strip()
    return _moment(str(value)) or str(value)


def _number(value: float) -> str:
    """Three figures that matter, no exponent."""
    decimals = next((places for limit, places in ((1, 3), (10, 2), (100, 1)) if abs(value) < limit), 0)
    return f"{value:.{decimals if value else 0}f}"


def _moment(text: str) -> str | None:
    """An ISO 8601 date and time in the console's form, or nothing when the text is something else."""
    if "T" not in text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return f"{when.day} {when.strftime('%b %Y, %H:%M')} {when.strftime('%Z') or 'UTC'}"


def exact(when: datetime) -> str:
    """The full date and time; naive moments do not occur."""
    zone = when.strftime("%Z") or "UTC"
    return f"{when.day} {when.strftime('%B %Y, %H:%M:%S')} {zone}"
