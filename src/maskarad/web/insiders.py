"""Who may see how the platform is doing inside: whoever has the token, or, without one, this machine itself where no
proxy stands before the process."""

import hmac
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

PROXY_HEADERS = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
PROXY_PREFIX = "x-forwarded-"

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def refusal(request: Request, token: str | None, *, behind_proxy: bool) -> int | None:
    """The status that somebody is turned away with, None for nobody to be turned away.

    Without a token there is no such page for anybody but clients on this machine that come through no proxy: what a
    proxy passes on comes from its own address, so any trace of one counts. The name that was asked for has to be this
    machine's too: a page in a browser here can have any name lead to this address. A proxy may leave no trace at all
    (nginx' bare `proxy_pass`), so `behind_proxy` there is no such page without a token.
    """
    if token is None:
        return None if _is_local(request) and not behind_proxy else 404
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    knows = scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
    return None if knows else 401


def _is_local(request: Request) -> bool:
    names = request.headers.keys()
    if any(name in PROXY_HEADERS or name.startswith(PROXY_PREFIX) for name in names):
        return False
    return _is_loopback(request.client.host if request.client else "") and request.url.hostname in _LOOPBACK_NAMES


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
