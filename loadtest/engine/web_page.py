"""Protection of Locust's web page: it accepts requests from its own page only, for the address under test only.

Locust allows any origin (``Access-Control-Allow-Origin: *``) and accepts another address from any form. Without this
protection, any website open in the same browser could start a load and read its figures, directly or by DNS
rebinding.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, jsonify, make_response, request

from loadtest.core.address import LOOPBACK_NAMES, is_loopback, parse_address, without_user
from loadtest.core.errors import UsageError

logger = logging.getLogger(__name__)

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::[0-9]+)?", re.ASCII)
_EVERY_INTERFACE = {"", "*", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound


def protect(app: Flask, *, bound_to: str, shown_as: str | None, address: Callable[[], str]) -> None:
    """Make ``app`` reject requests from other pages, and requests for another ``address``.

    ``bound_to`` is the interface it listens on, ``shown_as`` the configured name of the page.
    """
    names = _names(bound_to, shown_as)

    @app.before_request
    def refuse() -> Response | None:
        reason = rejection_reason(request, names)
        if reason is not None:
            logger.warning("The web page rejects %s %s: %s", request.method, request.path, reason)
            return make_response(f"{reason}\n", 403)
        asked = request.form.get("host") if request.method == "POST" else None
        if asked is not None and not _same(asked, address()):
            message = (
                f"host {without_user(asked)!r}: this load was started for {address()} and tests nothing else"
            )
            logger.warning("The web page rejects %s: %s", request.path, message)
            return make_response(jsonify(success=False, message=message, host=address()), 403)
        return None


def rejection_reason(asked: Request, names: frozenset[str]) -> str | None:
    """Return why a request is rejected; None if it comes from the page itself, or not from a browser."""
    host = asked.headers.get("Host", "")
    if not _is_own(host, names):
        return f"the Host header {without_user(host)!r} is not a name of this page"
    origin = asked.headers.get("Origin")
    if origin is not None and origin.lower() != f"{asked.scheme}://{host}".lower():
        return f"the request comes from {without_user(origin)!r}, another page"
    if asked.method not in ("GET", "HEAD") and asked.headers.get("Sec-Fetch-Site", "none") not in (
        "same-origin",
        "none",
    ):
        return "the request comes from another page"
    return None


def _names(bound_to: str, shown_as: str | None) -> frozenset[str]:
    names = {bound_to.strip("[]").lower(), *LOOPBACK_NAMES}
    if not is_loopback(bound_to):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    if shown_as:
        names.add((urlsplit(shown_as).hostname or shown_as).lower())
    return frozenset(names - _EVERY_INTERFACE)


def _is_own(host: str, names: frozenset[str]) -> bool:
    """Return whether a Host header names this page. Only host names can be rebound, IP addresses cannot."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match[1].strip("[]").lower()
    if name in names:
        return True
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        return False
    only_loopback = all(is_loopback(one) for one in names)
    return literal.is_loopback or not only_loopback


def _same(asked: str, address: str) -> bool:
    try:
        return parse_address(asked, "host") == address
    except UsageError:
        return False
