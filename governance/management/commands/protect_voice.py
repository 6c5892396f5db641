"""Put a person on the platform's list of protected voices, from a recording of them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from safety import protected_voices
from safety.registry import speaker_encoder
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from tenancy.scope import platform_scope


class Command(BaseCommand):
    """`manage.py protect_voice --name … --reason … RECORDING`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recording", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--action", choices=["deny", "hold"], default="deny")

    def handle(self, **options: Any) -> None:
        try:
            waveform = decode(options["recording"].read_bytes()).waveform
        except (AudioError, OSError) as error:
            raise CommandError(f"The recording cannot be used: {error}") from error
        encoder = speaker_encoder()
        with platform_scope():
            protected_voices.remove_platform(name=options["name"])
            found = protected_voices.add(
                name=options["name"],
                reason=options["reason"],
                action=options["action"],
                embedding=encoder.embed(waveform),
                model=encoder.model,
                platform=True,
            )
        print(f"{found.name} is protected on the platform's list ({found.id}).")
