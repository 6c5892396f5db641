"""Request bodies, read with limits: what is too deep, too long or too manifold is refused in the caller's terms."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from rest_framework import parsers
from rest_framework.exceptions import ParseError

MOST_JSON_BYTES = 2 * 1024 * 1024


class LimitedJsonParser(parsers.JSONParser):
    """JSON of at most 2 MiB, nested no deeper than the parser can follow."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(MOST_JSON_BYTES + 1)
        if len(body) > MOST_JSON_BYTES:
            raise RequestDataTooBig(f"A JSON body has at most {MOST_JSON_BYTES} bytes.")
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - it is nested too deeply.") from error


class LimitedMultiPartParser(parsers.MultiPartParser):
    """Multipart forms of the number of fields and files that the settings allow."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> parsers.DataAndFiles[Any, Any]:
        try:
            return super().parse(stream, media_type, parser_context)
        except (TooManyFieldsSent, TooManyFilesSent) as error:
            raise ParseError("Multipart form parse error - too many parts.") from error
