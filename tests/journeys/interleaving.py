"""Giving, narrowing, withdrawing, expiring, renewing, extending, queueing, rendering and fetching, in any order.

Beside the real thing stands a book of what the speaker said last, kept by other means than the consents' rows: for each
line of consents (one and those that took its place) what stands. Whatever leaves, and whatever is made, must be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from consent import lifecycle, renewal
from consent.errors import ConsentError
from consent.models import ConsentRecord
from governance import delivery, expiry, intake, narrowing, render, withdrawal
from governance.errors import DeliveryRefusedError, RequestDeniedError
from governance.examination import Findings
from governance.finishing import Finished
from governance.models import Clip, Permit
from safety.comparison import Embedding, VoiceEmbedding
from safety.ports import ModelIdentity
from synth_adapter.encoding import encode_wav
from synth_adapter.ports import EngineRelease
from synth_adapter.waveform import Waveform
from tenancy import keyring
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.consent.records import EVIDENCE, consent_of
from voices import vault
from voices.models import Voice
from watermark.ports import ClipMark
from watermark.provenance.signing import Signed
from watermark.secrets import MarkSecrets

PURPOSES = ("narration", "games", "education")
MODEL = ModelIdentity("test", "0" * 64)
HEARD = VoiceEmbedding((Embedding(MODEL, np.eye(1, 192, dtype=np.float32)[0]),), 20.0, 8_000.0)
SOUND = Waveform(np.sin(np.arange(4_000, dtype=np.float32) / 10), 24_000)
MOST_CLIPS = 3
some_purposes = st.sets(st.sampled_from(PURPOSES), min_size=1)


class UnsafeFastEngine:
    """Hums; and lets something happen while it does."""

    release = EngineRelease("hum", "1", {}, 24_000, watermarks_natively=False, languages=frozenset({"en"}))
    meanwhile: ClassVar[Callable[[], None] | None] = None

    def synthesise(self, text: str, *, language: str, voice: bytes) -> Waveform:
        if UnsafeFastEngine.meanwhile is not None:
            UnsafeFastEngine.meanwhile()
        return SOUND


def unmarked(sound: Waveform, *, clip_id: UUID, secrets: MarkSecrets, **_: Any) -> Finished:
    """A clip of which everybody believes that it was marked and read back."""
    mark = ClipMark(clip_id, secrets.epoch, secrets.pilot_secret, secrets.clip_secret, b"f" * 32)
    wav = Signed(audio=encode_wav(sound), manifest=b"", label="")
    return Finished(files={"wav": wav, "mp3": wav}, waveform=sound, mark=mark, fingerprint=b"words", readings={})


def hear_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the models out of the way: what is tried here is who may do what, not how it sounds."""
    monkeypatch.setattr(intake.tasks, "queue_render", lambda _permit: None)
    monkeypatch.setattr(render, "engine", UnsafeFastEngine)
    monkeypatch.setattr(render.already_marked, "look", lambda _sound: [])
    monkeypatch.setattr(render.claims, "claim_of", lambda _permit, **_: None)
    monkeypatch.setattr(render.claims, "tags_of", lambda _claim: {})
    monkeypatch.setattr(render.store, "keep", lambda _signed, **_: None)
    monkeypatch.setattr(render, "finish", unmarked)
    monkeypatch.setattr(render, "examine", lambda *_, **__: Findings())
    monkeypatch.setattr(render, "speaker_models", lambda: (MODEL,))
    monkeypatch.setattr(render, "marker_identities", dict)
    monkeypatch.setattr(render, "_examined_by", dict)


@dataclass
class Line:
    """What the speaker said last about one consent and those that took its place; no purposes mean no."""

    purposes: set[str] = field(default_factory=set)
    over: bool = False
    asked: dict[UUID, set[str]] = field(default_factory=dict)
    voices: set[UUID] = field(default_factory=set)

    def allows(self, voice: UUID, purpose: str) -> bool:
        return voice in self.voices and not self.over and purpose in self.purposes

    def end(self) -> None:
        self.purposes, self.asked, self.voices = set(), {}, set()


class Interleavings(RuleBasedStateMachine):
    """One speaker, their lines of consents, and an organisation that tries to make and to fetch speech all the time."""

    delivered: ClassVar[int] = 0
    consents = Bundle("consents")
    asked = Bundle("asked")
    permits = Bundle("permits")

    @initialize(target=consents, purposes=some_purposes, clips=st.integers(0, 2))
    def begin(self, purposes: set[str], clips: int) -> Any:
        """Amara has said yes, and speech was made in her voice."""
        self.northwind = found("Northwind")
        self.amara = meet(self.northwind, "Amara")
        self.lines: dict[UUID, Line] = {}
        self.made: set[UUID] = set()
        consent = self.say_yes(self.ask(purposes))
        self.enrol(consent)
        for purpose in sorted(purposes)[:clips]:
            self.make(self.queue(consent, purpose))
        return consent

    @contextmanager
    def here(self) -> Any:
        with organisation_scope(self.northwind.id, actor="system"):
            yield

    @rule(target=asked, purposes=some_purposes)
    def ask(self, purposes: set[str]) -> Any:
        with self.here():
            consent = consent_of(self.amara, *purposes)
        self.lines[consent.id] = Line(asked={consent.id: purposes})
        return consent.id

    @rule(target=asked, consent=consents, purposes=some_purposes)
    def ask_for_more(self, consent: UUID, purposes: set[str]) -> Any:
        return self._ask_again(consent, lambda: renewal.step_up(consent, purposes=purposes))

    @rule(target=asked, consent=consents)
    def ask_to_renew(self, consent: UUID) -> Any:
        later = timezone.now() + timedelta(days=365)
        return self._ask_again(consent, lambda: renewal.renew(consent, valid_until=later))

    def _ask_again(self, consent: UUID, ask: Callable[[], tuple[ConsentRecord, str]]) -> Any:
        try:
            with self.here():
                request, _ = ask()
                purposes = set(request.purposes.values_list("purpose", flat=True))
        except ConsentError:
            return multiple()
        line = self.lines[request.id] = self.lines[consent]
        line.asked[request.id] = purposes
        return request.id

    @rule(target=consents, consent=consumes(asked))
    def say_yes(self, consent: UUID) -> Any:
        line = self.lines[consent]
        try:
            with self.here():
                lifecycle.give(ConsentRecord.objects.get(id=consent), evidence=EVIDENCE)
        except ConsentError:
            return multiple()
        assert consent in line.asked, "a yes to what was no longer asked"
        line.purposes, line.over = line.asked.pop(consent), False
        return consent

    @rule(consent=consents)
    def enrol(self, consent: UUID) -> None:
        line = self.lines[consent]
        with self.here():
            record = ConsentRecord.objects.get(id=consent)
            if record.status != "given" or line.over:
                return
            keyring.seal(b"any", subject_id=self.amara.id, kind="test", object_id=self.amara.id)
            own = {"organisation": self.northwind, "speaker": self.amara, "consent": record}
            voice = Voice.objects.create(**own, name="Amara", language="en", status="ready")
            vault.seal_reference(voice, HEARD)
            vault.seal_prepared(voice, b"any", release=UnsafeFastEngine.release, evidence={})
        line.voices.add(voice.id)

    @rule(consent=consents)
    def withdraw(self, consent: UUID) -> None:
        with suppress(ConsentError), self.here():
            withdrawal.withdraw(consent)
        self.lines[consent].end()

    @rule(consent=consumes(asked))
    def refuse(self, consent: UUID) -> None:
        with suppress(ConsentError), self.here():
            withdrawal.refuse(consent)
        self.lines[consent].asked.pop(consent, None)

    @rule(consent=consents, left=some_purposes)
    def narrow(self, consent: UUID, left: set[str]) -> None:
        line = self.lines[consent]
        with suppress(ConsentError), self.here():
            narrowing.narrow(consent, purposes=line.purposes & left)
            taken_back = line.purposes - left
            line.purposes &= left
            line.asked = {request: more for request, more in line.asked.items() if not more & taken_back}

    @rule(consent=consents)
    def run_out(self, consent: UUID) -> None:
        """The agreed time is over, and nobody has noticed yet."""
        with self.here():
            done = ConsentRecord.objects.filter(id=consent, status="given").update(valid_until=timezone.now())
        if done:
            self.lines[consent].over = True

    @rule()
    def expire(self) -> None:
        expiry.expire_due(self.northwind.id)
        for line in self.lines.values():
            if line.over:
                line.purposes, line.voices = set(), set()

    @rule(target=permits, consent=consents, purpose=st.sampled_from(PURPOSES))
    def queue(self, consent: UUID, purpose: str) -> Any:
        voice = next(iter(sorted(self.lines[consent].voices)), None)
        if voice is None:
            return multiple()
        try:
            with self.here():
                asked = intake.submit(intake.Ask(voice, "Hello there.", "en", purpose, None))
                permit = Permit.objects.get(request=asked)
        except RequestDeniedError:
            return multiple()
        assert self._allows(voice, purpose), "a permit without a live consent"
        return permit.id

    @rule(permit=consumes(permits))
    def make(self, permit: UUID) -> None:
        self._make(permit, None)

    @rule(
        permit=consumes(permits),
        consent=consents,
        what=st.sampled_from(["withdraw", "run_out", "narrow"]),
        left=some_purposes,
    )
    def make_while(self, permit: UUID, consent: UUID, what: str, left: set[str]) -> None:
        """Something happens while the engine speaks."""
        acts = {
            "withdraw": lambda: self.withdraw(consent),
            "run_out": lambda: self.run_out(consent),
            "narrow": lambda: self.narrow(consent, left),
        }
        self._make(permit, acts[what])

    def _make(self, permit: UUID, meanwhile: Callable[[], None] | None) -> None:
        if len(self.made) >= MOST_CLIPS:
            return
        with self.here():
            asked = Permit.objects.select_related("request").get(id=permit).request
        allowed = self._allows(asked.voice_id, asked.purpose)
        UnsafeFastEngine.meanwhile = staticmethod(meanwhile) if meanwhile else None  # type: ignore[assignment]
        render.render(permit, organisation_id=self.northwind.id)
        with self.here():
            clip = Clip.objects.filter(permit_id=permit).first()
        if clip is not None:
            assert allowed, "a clip was made without a live consent"
            self.made.add(clip.id)

    @invariant()
    def no_clip_leaves_without_a_live_consent_that_covers_it(self) -> None:
        for clip_id in getattr(self, "made", ()):
            with self.here():
                clip = Clip.objects.select_related("permit__request").get(id=clip_id)
                try:
                    delivery.release(clip_id, form="wav")
                except DeliveryRefusedError:
                    continue
            assert self._allows(clip.voice_id, clip.permit.request.purpose), "a clip left without a live consent"
            Interleavings.delivered += 1

    def teardown(self) -> None:
        """Leave nothing behind that another test's worker would take up."""
        for consent in getattr(self, "lines", ()):
            with suppress(ConsentError), self.here():
                withdrawal.withdraw(consent)

    def _allows(self, voice: UUID, purpose: str) -> bool:
        return any(line.allows(voice, purpose) for line in self.lines.values())
