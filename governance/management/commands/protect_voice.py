"""Put a person on the platform's list of protected voices, from a recording of them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from safety import lists, protected_voices
from safety.errors import SpeechError
from safety.hearing import embed_voice
from safety.lists import Person
from safety.registry import speaker_encoders
from synth_adapter.decoding import decode
from synth_adapter.errors import AudioError
from tenancy.scope import platform_scope


class Command(BaseCommand):
    """`manage.py protect_voice --name … --reason … RECORDING`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recording", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--alias", action="append", default=[], help="another name of theirs; may be repeated")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--source", default="", help="who asked for it")
        parser.add_argument("--action", choices=["deny", "hold"], default="deny")

    def handle(self, **options: Any) -> None:
        try:
            waveform = decode(options["recording"].read_bytes()).waveform
            voice = embed_voice(waveform, encoders=speaker_encoders())
        except (AudioError, SpeechError, OSError) as error:
            raise CommandError(f"The recording cannot be used: {error}") from error
        person = Person(
            options["name"],
            options["reason"],
            options["action"],
            aliases=tuple(options["alias"]),
            source=options["source"],
        )
        with platform_scope():
            protected_voices.remove_platform(name=options["name"])
            listing = protected_voices.default_list(platform=True)
            change = lists.apply_as_operator(lists.propose_addition(listing, person, voice=voice))
        print(f"{options['name']} is protected on the platform's list ({change.voice_id}).")
