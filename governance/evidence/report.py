"""The report that a judge can read: what was asked, what came in, what was done, what was found and how sure it is."""

from __future__ import annotations

import hashlib
from datetime import datetime

from governance.evidence import report_words as words
from governance.evidence import software
from governance.evidence.dossier import Dossier
from governance.evidence.report_layout import Pages
from governance.evidence.report_picture import CAPTION, time_map

TITLE = "Forensic examination of a sound"
ATTACHMENT = "statement.dsse.json"
MOST_STRETCHES = 40


def drawn(dossier: Dossier, *, envelope: bytes, issued_at: datetime, key: str) -> bytes:
    """The PDF, not signed yet.

    Args:
        dossier: what it tells.
        envelope: the signed statement, which is attached to the report; its hash stands in the text.
        issued_at: when the evidence is issued.
        key: the platform's signing key in base64url.
    """
    pages, hashed = Pages(), hashlib.sha256(envelope).hexdigest()
    _opening(pages, dossier, issued_at=issued_at)
    _done(pages, dossier)
    _found(pages, dossier)
    _where_from(pages, dossier)
    _custody(pages, dossier)
    _check(pages, dossier, hashed=hashed, key=key)
    return pages.finish(
        title=f"{TITLE} · {_ascii(dossier.examination['case_number'])}",
        author=_ascii(dossier.organisation["name"]),
        subject=f"SHA-256 of {ATTACHMENT}: {hashed}",
        foot=f"Examination {dossier.examination['id']} · statement {hashed[:16]}…",
    )


def _opening(pages: Pages, dossier: Dossier, *, issued_at: datetime) -> None:
    asked, sound = dossier.examination, dossier.result["sound"]
    pages.title(TITLE)
    pages.framed(words.answer(dossier))
    pages.heading("1. What was asked")
    pages.facts(
        [
            ("Question", asked["question"]),
            ("Case number", asked["case_number"]),
            ("Asked by", f"{dossier.organisation['name']} ({asked['requested_by']})"),
            ("Number of the examination", asked["id"]),
            ("Report issued", f"{_time(issued_at.isoformat())}, for {dossier.examiner}"),
        ]
    )
    pages.heading("2. What was received")
    pages.facts(
        [
            ("Name of the file", asked["filename"]),
            ("Received", _time(asked["received_at"])),
            ("Size", f"{asked['size']:,} bytes"),
            ("SHA-256 at receipt", asked["sha256"]),
            ("Said to be", asked["media_type"]),
            ("Found to be", _sound(sound)),
        ]
    )


def _done(pages: Pages, dossier: Dossier) -> None:
    pages.heading("3. What was done")
    pages.items(words.done(dossier), numbered=True)


def _found(pages: Pages, dossier: Dossier) -> None:
    result = dossier.result
    pages.heading("4. What was found")
    rows = [
        (layer["marker"], words.OUTCOMES[layer["outcome"]], f"{layer['score']:.3f}", f"{layer['threshold']:.3f}")
        for layer in result["layers"]
    ]
    pages.table(["Detector", "Finding", "Score", "Threshold"], rows, widths=[4, 3, 1.4, 1.4])
    pages.picture(time_map(result), CAPTION)
    marked = [part for part in result["stretches"] if part["outcome"] == "marked"]
    if marked:
        said = "; ".join(f"{part['start']:.1f} to {part['end']:.1f} s" for part in marked[:MOST_STRETCHES])
        more = f", and {len(marked) - MOST_STRETCHES} more" if len(marked) > MOST_STRETCHES else ""
        pages.paragraph(f"Marked: {said}{more}.")
    pages.heading("5. How sure this is")
    if not result["candidates"]:
        pages.paragraph(
            "No registered clip reaches the threshold that the protocol sets for naming one, so no likelihood ratio is "
            "given. The scores above stand beside their thresholds; the error rates at these are in the protocol."
        )
    for place, candidate in enumerate(result["candidates"], start=1):
        foreign = candidate["clip_id"] in result.get("elsewhere", [])
        name = "a clip of another organisation" if foreign else f"clip {candidate['clip_id']}"
        pages.paragraph(f"Candidate {place}: {name}.")
        pages.items(words.certainty(candidate, dossier))
    pages.heading("6. What this does not show")
    pages.items(words.limits(dossier))
    pages.heading("7. Other explanations that were considered")
    pages.items(words.alternatives(dossier))


def _where_from(pages: Pages, dossier: Dossier) -> None:
    pages.heading("8. Where the clip comes from")
    if dossier.steps:
        pages.paragraph(
            "From the clip back to the consent under which it was made. The last column is the place in the log, of "
            "which the bundle holds the proof. No person is named here."
        )
        rows = [
            (
                step["kind"],
                step["what"],
                _time(step["at"]),
                step["id"],
                "none" if step["index"] is None else step["index"],
            )
            for step in dossier.steps
        ]
        pages.table(["Step", "What", "When", "Number", "Log"], rows, widths=[1.1, 2.9, 1.9, 4.1, 0.7])
    else:
        pages.paragraph("There is no clip of this organisation to follow back.")
    origin = dossier.result["provenance"]
    pages.heading("9. Manifest of origin (C2PA)")
    pages.paragraph(words.ORIGINS[origin["state"]])
    if origin["findings"]:
        pages.items([str(finding) for finding in origin["findings"]])


def _custody(pages: Pages, dossier: Dossier) -> None:
    pages.heading("10. Chain of custody")
    pages.paragraph(
        "Every act upon the file, each chained to the one before by its hash (after ISO/IEC 27037). The original was "
        "never altered; what was derived from it leads back to it by its hash."
    )
    rows = [
        (
            event["sequence"],
            _time(event["at"]),
            event["action"],
            event["actor"],
            event["tool"],
            f"{event['in_sha256'][:12]}… → {event['out_sha256'][:12] + '…' if event['out_sha256'] else '–'}",
        )
        for event in dossier.custody
    ]
    pages.table(["No.", "When", "What", "Who", "With", "Hash"], rows, widths=[0.6, 2.2, 1.4, 2.6, 2.4, 2.6])


def _check(pages: Pages, dossier: Dossier, *, hashed: str, key: str) -> None:
    environment = software.environment()
    pages.heading("11. How to check this")
    pages.paragraph(
        f"The signed statement {ATTACHMENT} is attached to this report and holds every figure. The bundle that this "
        "report came in holds the original, the proofs from the log and a program, verify.py, that checks all of it "
        "without a network. Get the key below from somewhere else too, and compare."
    )
    pages.facts(
        [
            (f"SHA-256 of {ATTACHMENT}", hashed),
            ("Signing key (Ed25519)", key),
            ("SHA-256 of the protocol", dossier.protocol_sha256),
            ("Vivavoce", f"{environment['vivavoce']}, source {environment['source_sha256']}"),
            ("Python and platform", f"{environment['python']}, {environment['platform']}"),
            ("Packages", ", ".join(f"{name} {number}" for name, number in environment["packages"].items())),
            *((f"Detector {layer['marker']}", layer["sha256"]) for layer in dossier.result["layers"]),
        ]
    )


def _place(index: int | None) -> str:
    return "none" if index is None else str(index)


def _sound(sound: dict[str, object]) -> str:
    return f"{sound['codec']}, {sound['seconds']} seconds, {sound['sample_rate']} Hz, {sound['channels']} channel(s)"


def _time(written: str) -> str:
    return f"{datetime.fromisoformat(written):%d %B %Y, %H:%M:%S} UTC"


def _ascii(text: str) -> str:
    return text.encode("ascii", errors="replace").decode()
