"""Read the marks of files and whole folders: marked, not marked or inconclusive, and whose clips they are."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from governance.forensics import scanning
from governance.unfinished import REFUSAL, restoring
from watermark.keyed.seeking import MOST_CLAIMED
from watermark.testifying import KEYED

WORDS = {"marked": "marked", "not_marked": "no mark found", "inconclusive": "inconclusive"}
CLOSING = "That no mark was found does not show that a recording is genuine."


class Command(BaseCommand):
    """`manage.py detect FILE…`, or `vivavoce detect FILE…`; exit status 1 where a file could not be read."""

    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="files, and folders of files")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one JSON document, at the end")
        form.add_argument("--lines", action="store_true", help="one line of JSON for each file, as it is done")
        parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes (default: one for each core)")
        parser.add_argument("--screen", action="store_true", help="only whether they are marked: quick, by pilots")
        parser.add_argument(
            "--claim",
            action="append",
            type=UUID,
            default=[],
            metavar="CLIP",
            help="a clip said to be in them: looked for by its own code at every speed, even where no pilot is left",
        )

    def handle(self, **options: Any) -> None:
        if restoring():
            raise CommandError(REFUSAL)
        claimed = _claimed(options)
        files = scanning.files_in(options["paths"])
        if not files:
            raise CommandError("There is no sound file in what you named.")
        jobs = min(options["jobs"] or os.cpu_count() or 1, len(files))
        if jobs < 1:
            raise CommandError("At least one process has to do the work: --jobs 1.")
        if not scanning.register_is_here():
            self.stderr.write(scanning.AWAY)
        found = []
        for scanned in _scanned(files, fast=options["screen"], claimed=claimed, jobs=jobs):
            found.append(scanned)
            if not options["json"]:
                self.stdout.write(json.dumps(scanned) if options["lines"] else _in_words(scanned))
        if options["json"]:
            found.sort(key=lambda scanned: files.index(Path(scanned["file"])))
            self.stdout.write(json.dumps(_document(found)))
        elif not options["lines"]:
            self.stdout.write(CLOSING)
        unread = sum(scanned["status"] == "failed" for scanned in found)
        if unread:
            raise CommandError(f"{unread} of {len(found)} files could not be read.", returncode=1)


def _claimed(options: dict[str, Any]) -> list[UUID]:
    claimed: list[UUID] = options["claim"]
    if claimed and options["screen"]:
        raise CommandError("--screen names no clip, so none can be claimed: leave one of the two out.")
    if len(claimed) > MOST_CLAIMED:
        raise CommandError(f"At most {MOST_CLAIMED} clips can be claimed at once, and you named {len(claimed)}.")
    return claimed


def _scanned(files: list[Path], *, fast: bool, claimed: list[UUID], jobs: int) -> Iterator[dict[str, Any]]:
    """Every file as it is done, with a bar on the terminal's error stream that shows how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("scanning", total=len(files))
        if jobs > 1:
            for scanned in scanning.scan_all(files, fast=fast, claimed=claimed, jobs=jobs):
                bar.advance(task)
                yield scanned
            return
        for done, path in enumerate(files):
            yield scanning.scan(path, fast=fast, claimed=claimed, progress=partial(_advance, bar, task, done))
            bar.update(task, completed=done + 1)


def _advance(bar: Progress, task: TaskID, done: int, share: float) -> None:
    bar.update(task, completed=done + share)


def _document(found: list[dict[str, Any]]) -> dict[str, Any]:
    here = scanning.register_is_here()
    note = CLOSING if here else f"{CLOSING} {scanning.AWAY}"
    return {"register": "here" if here else "away", "note": note, "files": found}


def _in_words(scanned: dict[str, Any]) -> str:
    if scanned["status"] == "failed":
        return f"{scanned['file']}: not read. {scanned['explanation']}"
    lines = [f"{scanned['file']}: {WORDS[scanned['verdict']]}"]
    named = scanned.get("candidates", [])
    for candidate in named:
        chance = f"1 in 10^{-candidate['log10_p']:.1f}"
        lines.append(f"    clip {candidate['clip_id']} (by chance {chance}; what is said: {candidate['content']})")
    hints = [layer["payload"] for layer in scanned.get("layers", []) if layer["marker"] == KEYED and not named]
    lines += [f"    short id {hint} was read: a hint where to look in the register" for hint in hints if hint]
    return "\n".join(lines)
