"""Clips: what was made, how it was examined and marked, the chain that leads back to a yes, and its playback."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404

from governance import queries
from governance.clip_files import form_of
from governance.console import history
from governance.console.pages import chosen, for_members, neighbours, page_of, show
from governance.delivery import Released, release
from governance.errors import DeliveryRefusedError
from governance.forensics import examiners


@for_members
def index(request: HttpRequest) -> HttpResponseBase:
    state = chosen(request, "state", among=("withheld", "unreleasable"))
    if state == "withheld":
        context = {"state": state, "page": page_of(request, queries.withheld())}
        return show(request, "console/withheld.html", context, place="clips")
    clips = queries.clips(unreleasable=True if state else None)
    return show(request, "console/clips.html", {"state": state, "page": page_of(request, clips)}, place="clips")


@for_members
def detail(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    clip = get_object_or_404(queries.clips(), id=clip_id)
    asked = clip.permit.request
    user: Any = request.user
    context = {
        "clip": clip,
        "files": clip.files.order_by("form"),
        "asked": asked,
        "figures": {name: value for name, value in clip.examination.items() if name != "heard"},
        "decisions": queries.decisions_of(asked.id),
        "voice": clip.voice,
        "consent": clip.voice.consent,
        "happenings": history.about(asked.id, clip.permit_id, clip.id),
        "beside": neighbours(queries.clips(), clip),
        "examiner": examiners.may_examine(user),
    }
    return show(request, "console/clip.html", context, place="clips")


@for_members
def audio(request: HttpRequest, clip_id: UUID, form: str) -> HttpResponseBase:
    """The sound, if the third decision lets it leave; otherwise a page with every reason."""
    clip = get_object_or_404(queries.clips(), id=clip_id)
    wanted = form_of(form)
    if wanted is None or not clip.files.filter(form=wanted).exists():
        raise Http404("The clip is not kept in this form.")
    try:
        released = release(clip.id, form=wanted)
    except DeliveryRefusedError as refusal:
        context = {"clip": clip, "refusal": refusal}
        return show(request, "console/release_refused.html", context, place="clips", status=403)
    return part_of(request, released)


def part_of(request: HttpRequest, released: Released) -> HttpResponse:
    """The whole sound or the one byte range asked for, so that a player can seek (RFC 9110, section 14)."""
    size = len(released.audio)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'inline; filename="{released.filename}"',
        "X-Content-Type-Options": "nosniff",
    }
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    first, last = (int(asked[1]), min(int(asked[2] or size - 1), size - 1)) if asked else (0, -1)
    if first > last:
        return HttpResponse(released.audio, content_type=released.media_type, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return HttpResponse(released.audio[first : last + 1], content_type=released.media_type, headers=headers, status=206)
