"""Where a request comes from, seen from behind the reverse proxies."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The client's IP address, or None when it cannot be read.

    Behind settings.PROXY_HOPS proxies it is what the outermost of them wrote into
    X-Forwarded-For; entries further left come from the client and are not believed.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if hops := settings.PROXY_HOPS:
        through = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address = through[-hops].strip() if len(through) >= hops else ""
        address = address or request.META.get("REMOTE_ADDR", "")
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)  # ::ffff:10.1.2.3 of a two-family socket
    return str(mapped or parsed)
