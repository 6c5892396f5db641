"""A person asks that their own voice never be cloned: they say so aloud with a one-time phrase; the operator agrees.

The recording is heard with the ears of the consent ceremony, on the queue, and is not kept: what stays is a proposed
change of the platform's list, with the voice sealed. That the person bears the name they gave, nobody proves here: the
operator who decides has to make sure of it, and is told where a detector doubts that a living voice spoke.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from consent import phrases
from consent.hearing import hear
from consent.reasons import Reason
from consent.statement import Script
from consent.verdict import MAY_BE_SYNTHETIC, judge
from consent.wording import locales, wording
from governance.errors import GovernanceError
from safety import lists, names
from safety.lists import Person
from safety.models import ProtectedList, ProtectionRequest, RequestStatus
from synth_adapter.decoding import decode_whole
from tenancy.registry import key_management
from tenancy.scope import platform_scope, token_scope
from tenancy.sealing import SealingKey, open_under, seal_under
from tenancy.tokens import hash_token, new_token

PREFIX = "vvp_"
LIST, SOURCE = "Do not clone", "the person's own request"
LONGEST_NAME = 100
FOR_THE_OPERATOR = frozenset({MAY_BE_SYNTHETIC, "living-voice-unknown", "name-not-heard"})
"""Doubts about who speaks: to refuse for them alone would leave a person unprotected."""
OPERATOR_DECIDES = "The operator of this platform looks at the request and decides; nothing else has to be done now."
AGAIN = "Ask again, and record yourself alone and in a quiet place."


class ProtectionRequestError(GovernanceError):
    """A request to be protected that is unknown, over, or cannot be made as asked."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """What the person is told: the token that opens their request, once, and what to say aloud."""

    request: ProtectionRequest
    token: str
    statement: str


def ask(*, name: str, aliases: Sequence[str] = (), locale: str = "en") -> Asked:
    """Begin a request; the phrase is good for CHALLENGE_SECONDS."""
    plain = " ".join(name.split())
    if not names.keys(plain) or len(plain) > LONGEST_NAME:
        raise ProtectionRequestError("Give the name that you are known by.", code="protection-invalid")
    if locale not in locales():
        known = ", ".join(locales())
        raise ProtectionRequestError(f"A request can be made in {known}, not in {locale!r}.", code="protection-invalid")
    token = new_token(PREFIX)
    with platform_scope():
        request = ProtectionRequest.objects.create(
            token_hash=hash_token(token),
            name=plain,
            aliases=[" ".join(alias.split()) for alias in aliases],
            locale=locale,
            phrase=phrases.new_phrase(locale=locale),
            expires_at=timezone.now() + timedelta(seconds=settings.CHALLENGE_SECONDS),
        )
    return Asked(request, token, wording(locale).protection.statement.format(name=plain))


def find(token: str) -> ProtectionRequest:
    """The request that a token opens; raises `ProtectionRequestError` (protection-request-unknown)."""
    digest = hash_token(token)
    with token_scope(digest):
        request = ProtectionRequest.objects.filter(token_hash=digest).defer("recording").first()
    if request is None:
        raise ProtectionRequestError("Nothing is known of this request.", code="protection-request-unknown")
    return request


def receive(request: ProtectionRequest, audio: bytes) -> ProtectionRequest:
    """Take the recording, sealed until it is heard; raises `AudioError`, or for a phrase that is used or over."""
    decoded = decode_whole(audio)
    with platform_scope():
        locked = ProtectionRequest.objects.select_for_update().get(id=request.id)
        if locked.status != RequestStatus.ASKED or locked.expires_at <= timezone.now():
            raise ProtectionRequestError("The phrase was used, or has run out.", code="protection-request-over")
        secret = secrets.token_bytes(32)
        locked.wrapped_key = key_management().wrap(secret, context=_context(locked.id))
        locked.recording = seal_under(SealingKey(locked.id, 1, secret), audio, context=_context(locked.id))
        locked.sha256, locked.status, locked.received_at = decoded.sha256, RequestStatus.RECEIVED, timezone.now()
        locked.save()
    return locked


def verify(request_id: UUID) -> None:
    """Hear the recording, forget it, and propose the protection or say why not; running it twice does no harm."""
    with platform_scope():
        request = ProtectionRequest.objects.get(id=request_id)
        if request.status != RequestStatus.RECEIVED or request.received_at is None:
            return
        secret = key_management().unwrap(bytes(request.wrapped_key or b""), context=_context(request.id))
        sealed = bytes(request.recording or b"")
        audio = open_under(SealingKey(request.id, 1, secret), sealed, context=_context(request.id))
    heard = hear(decode_whole(audio).waveform, script=_script(request))
    judged = judge(heard, received_at=request.received_at, expires_at=request.expires_at, matches=())
    reasons = weigh(judged)
    refused = heard.embedding is None or any(reason.effect == "deny" for reason in reasons)
    with platform_scope():
        request = ProtectionRequest.objects.select_for_update().get(id=request_id)
        if request.status != RequestStatus.RECEIVED:
            return
        request.recording = request.wrapped_key = None
        request.reasons = [reason.as_json() for reason in reasons]
        request.status = RequestStatus.REFUSED if refused else RequestStatus.VERIFIED
        if not refused and heard.embedding is not None:
            person = Person(request.name, "asked not to be cloned", aliases=tuple(request.aliases), source=SOURCE)
            request.change = lists.propose_addition(_list(), person, voice=heard.embedding)
        request.save()


def weigh(judged: Sequence[Reason]) -> list[Reason]:
    """What refuses a request, or else what the operator has to weigh: nobody listens again, whatever is in doubt."""
    serious = [reason for reason in judged if reason.rule not in FOR_THE_OPERATOR]
    if not serious:
        return [replace(reason, way_forward=OPERATOR_DECIDES) for reason in judged]
    return [
        reason if reason.effect == "deny" else replace(reason, effect="deny", way_forward=AGAIN) for reason in serious
    ]


def _list() -> ProtectedList:
    found = ProtectedList.objects.filter(organisation=None, name=LIST).first()
    return found or lists.create_list(name=LIST, owner="the platform's operator", source=SOURCE, platform=True)


def _script(request: ProtectionRequest) -> Script:
    words = wording(request.locale)
    return Script(
        statement=words.protection.statement.format(name=request.name),
        phrase=request.phrase,
        names=(request.name,),
        purposes=(),
        agreement=words.protection.agreement,
        negations=words.negations,
        vocabulary=words.phrase_words,
        language=request.locale,
    )


def _context(request_id: UUID) -> bytes:
    return f"vivavoce|protection-request|{request_id}".encode()
