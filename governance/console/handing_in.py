"""A file handed in for examination: the form, what it asks for, and nothing that was written lost."""

from __future__ import annotations

import re
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from governance import tasks
from governance.console.examiners_only import PLACE, examiners_only
from governance.console.pages import filling_in, show
from governance.forensics import examinations
from synth_adapter.errors import AudioError
from watermark.keyed.seeking import MOST_CLAIMED

_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_NUMBER = 36


class HandIn(forms.Form):
    """What has to be known before a file is examined, each missing part named with what to do."""

    file = forms.FileField(
        max_length=255,
        error_messages={
            "required": "Choose the file that is to be examined.",
            "empty": "The file is empty: it has no bytes. Choose another.",
            "max_length": "The file’s name is too long. Give it a shorter one.",
        },
    )
    case_number = forms.CharField(
        max_length=100,
        error_messages={
            "required": "Write the case number under which this is filed.",
            "max_length": "A case number has at most 100 characters.",
        },
    )
    question = forms.CharField(
        max_length=2000,
        error_messages={
            "required": "Write what is to be found out.",
            "max_length": "A question has at most 2,000 characters.",
        },
    )
    claimed_clips = forms.CharField(required=False)

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.AUDIO_MAX_BYTES:
            most = settings.AUDIO_MAX_BYTES // (1024 * 1024)
            raise forms.ValidationError(f"The file is larger than {most} MB. Cut out the part that matters.")
        return file

    def clean_claimed_clips(self) -> list[UUID]:
        """The numbers in what was written, be they bare or in the addresses of clips' pages, each once."""
        named: dict[UUID, None] = {}
        for word in re.split(r"[\s,;]+", self.cleaned_data["claimed_clips"].strip()):
            if not word:
                continue
            number = _NUMBER.search(word)
            if number is None:
                raise forms.ValidationError(
                    f"“{word[:40]}” is no clip’s number. Copy the number, or the address, of the clip’s page."
                )
            named[UUID(number[0])] = None
        if len(named) > MOST_CLAIMED:
            raise forms.ValidationError(f"At most {MOST_CLAIMED} clips can be named, and these are {len(named)}.")
        return list(named)


@filling_in
@examiners_only
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; sent in with everything, the examination's page. What was written is never lost."""
    if request.method != "POST":
        return _form(request, {})
    sent = HandIn(request.POST, request.FILES)
    if not sent.is_valid():
        return _form(request, {field: str(problems[0]) for field, problems in sent.errors.items()})
    file = sent.cleaned_data["file"]
    try:
        examination = examinations.submit(
            file.read(),
            case_number=sent.cleaned_data["case_number"],
            question=sent.cleaned_data["question"],
            filename=file.name or "unnamed",
            media_type=file.content_type or "",
            claimed_clips=sent.cleaned_data["claimed_clips"],
        )
    except AudioError as error:
        return _form(request, {"file": str(error)})
    tasks.queue_examination(examination)
    return redirect("console:examination", examination.id)


def _form(request: HttpRequest, wrong: dict[str, str]) -> HttpResponse:
    written = {name: request.POST.get(name, "") for name in ("case_number", "question", "claimed_clips")}
    if request.method != "POST":
        written["claimed_clips"] = request.GET.get("clip", "")[:_LONGEST_NUMBER]
    context = {
        "written": written,
        "most_claimed": MOST_CLAIMED,
        "sent": request.method == "POST",
        "wrong": wrong,
        "problems": [{"field": field, "message": wrong[field]} for field in HandIn.base_fields if field in wrong],
        "most_bytes": settings.AUDIO_MAX_BYTES,
        "most_minutes": settings.AUDIO_MAX_SECONDS // 60,
    }
    return show(request, "console/examination_new.html", context, place=PLACE, status=422 if wrong else 200)
