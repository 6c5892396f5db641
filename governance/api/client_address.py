"""Where a request comes from, as far as that can be known, to count guesses by."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

_IPV6_NETWORK_BITS = 64  # what one household or server is given


def client_address(request: HttpRequest) -> str:
    """The address of the client, an IPv6 one as its network; behind the proxy, the last that the proxy saw."""
    seen = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_TLS:
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or seen
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return "unknown"
    if address.version == 4:  # noqa: PLR2004 -- the Internet's own number
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))
