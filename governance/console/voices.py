"""Voices: who can be spoken as, why one is held or refused, and how like the speaker it proved to be."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from governance import queries
from governance.console import history
from governance.console.pages import chosen, for_members, neighbours, page_of, show
from voices.models import VoiceStatus

RECENT_REQUESTS = 8


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    status = chosen(request, "status", among=VoiceStatus.values)
    context = {"page": page_of(request, queries.voices(status=status)), "status": status, "statuses": VoiceStatus}
    return show(request, "console/voices.html", context, place="voices")


@for_members
def detail(request: HttpRequest, voice_id: UUID) -> HttpResponseBase:
    voice = get_object_or_404(queries.voices(), id=voice_id)
    context = {
        "voice": voice,
        "prepared": getattr(voice, "prepared", None),
        "samples": voice.samples.all(),
        "references": voice.references.order_by("created_at"),
        "requests": queries.requests(voice_id=voice.id).prefetch_related("decisions")[:RECENT_REQUESTS],
        "happenings": history.about(voice.id),
        "beside": neighbours(queries.voices(), voice),
    }
    return show(request, "console/voice.html", context, place="voices")
