"""Legal holds on the files of a case, placed and lifted from the page of one of its examinations."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from governance import case_holds
from governance.console import forensics
from governance.console.examiners_only import examiners_only
from governance.console.pages import acting
from tenancy.scope import current_actor


class Order(forms.Form):
    """Why the files are to be kept."""

    reason = forms.CharField(
        max_length=2000,
        error_messages={
            "required": "Write which order or claim asks for it, with its reference.",
            "max_length": "A reason has at most 2,000 characters.",
        },
    )


@acting
@examiners_only
def place(request: HttpRequest, examination_id: UUID) -> HttpResponseBase:
    """Keep every file of the examination's case; what was written is never lost."""
    row = forensics.found(examination_id)
    order = Order(request.POST)
    if not order.is_valid():
        wrong = {"problem": str(order.errors["reason"][0]), "written": request.POST.get("reason", "")}
        return forensics.page(request, row, hold=wrong)
    case_holds.place(row.case_number, reason=order.cleaned_data["reason"], placed_by=current_actor())
    return _back(examination_id)


@acting
@examiners_only
def lift(_request: HttpRequest, examination_id: UUID, hold_id: UUID) -> HttpResponseBase:
    """End one hold of the examination's case."""
    row = forensics.found(examination_id)
    if not case_holds.upon(row.case_number).filter(id=hold_id).exists():
        raise Http404("No such hold is open on this case.")
    case_holds.lift(hold_id)
    return _back(examination_id)


def _back(examination_id: UUID) -> HttpResponseBase:
    return redirect(f"{reverse('console:examination', args=[examination_id])}#kept")
