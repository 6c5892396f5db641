"""The evidence of an examination as one file, for keys of examiners."""

from __future__ import annotations

import io
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from governance.api.base import ApplicationView
from governance.api.serializers import ProblemSerializer
from governance.evidence import bundle
from tenancy.api_keys import ApiScope

PROBLEM = {"4XX": ProblemSerializer}
BUNDLE_TYPE = "application/zip"


class BundleView(ApplicationView):
    """Everything that an examination stands on, in one signed zip file; that it was issued goes on record.

    `verify.py` in it checks all of it, offline. Each call issues anew: the chain of custody has grown by then.
    """

    needs: ClassVar[ApiScope] = ApiScope.FORENSICS

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002 - as there
        """Never fails: there is one form, whatever the caller says that it accepts."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={(200, BUNDLE_TYPE): OpenApiTypes.BINARY, **PROBLEM})
    def get(self, _request: Request, examination_id: UUID) -> HttpResponse:
        written = io.BytesIO()
        contents = bundle.write(examination_id, to=written)
        headers = {
            "Content-Disposition": f'attachment; filename="{contents.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(written.getvalue(), content_type=BUNDLE_TYPE, headers=headers)
