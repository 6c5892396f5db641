"""`manage.py fetch_weights`: bring the pinned model weights to this machine, or say what is there."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from synth_adapter.errors import WeightsError
from synth_adapter.fetching import Origins, fetch
from synth_adapter.weights import entry, locate, manifest


class Command(BaseCommand):
    """Needs no database: it is the first thing that runs on a new machine."""

    help = "Fetch the model weights that weights.toml pins, verify them by SHA-256, and derive what is made from them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these models only")
        parser.add_argument("--list", action="store_true", help="show the manifest and what is here; fetch nothing")
        parser.add_argument("--verify", action="store_true", help="verify what is here; fetch nothing")

    def handle(self, *_args: object, **options: Any) -> None:
        root = Path(settings.WEIGHTS_ROOT)
        try:
            if options["list"]:
                _show(root)
            elif options["verify"]:
                _verify(options["only"], root)
            else:
                _fetch(options["only"], root)
        except WeightsError as error:
            raise CommandError(str(error)) from error


def _fetch(names: list[str], root: Path) -> None:
    origins = Origins(
        local=settings.LOCAL_WEIGHTS,
        hub=_hub(os.environ.get("VIVAVOCE_HUB", "")),
        derivations=settings.WEIGHT_DERIVATIONS,
    )
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console()) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                for earlier in tasks.values():
                    bars.update(earlier, visible=False)
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        fetch(names, root=root, origins=origins, progress=report)
    _verify(names, root)


def _hub(allowed: str) -> str | None:
    """No hub unless VIVAVOCE_HUB is 1, for the one that the hub's client is set up for, or an address."""
    if allowed in {"", "0"}:
        return None
    return "" if allowed == "1" else allowed


def _verify(names: list[str], root: Path) -> None:
    wanted = names or [model.name for model in manifest() if not model.optional]
    for name in wanted:
        located = locate(name, root=root)
        print(f"{located.sha256}  {name}")


def _show(root: Path) -> None:
    table = Table("model", "bytes", "licence", "here", "what it is")
    for model in manifest():
        sizes = [file.size for file in model.files]
        size = f"{sum(known):,}" if (known := [size for size in sizes if size is not None]) else ""
        name = f"{model.name} (optional)" if model.optional else model.name
        table.add_row(name, size, model.licence, _state(model.name, root), model.about)
    Console().print(table)


def _state(name: str, root: Path) -> str:
    try:
        locate(name, root=root)
    except WeightsError:
        return "damaged" if (root / name).exists() and any((root / name).iterdir()) else "no"
    return "optional, verified" if entry(name).optional else "verified"
