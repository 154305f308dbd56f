"""Parsing of gateway addresses, shared by all options and variables that take one. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from loadtest.core.errors import UsageError
from loadtest.core.settings import HOST

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!$%&'()*+,./0-9:;=A-Z_a-z~-]*)?",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_NAMES = frozenset({"localhost"})
_SHOWN = 200
"""Maximum number of characters of an address in messages."""


def looks_like_address(text: str) -> bool:
    """Return whether ``text`` is an address rather than a version or a directory."""
    return "://" in text or ("@" in text and not text.startswith("path:"))


def parse_address(text: str, given_as: str) -> str:
    """Return the normalised address: lower case, without a default port or a trailing slash.

    Equivalent addresses compare equal. ``given_as`` names the option or variable in messages.

    Raises:
        UsageError: it is not an HTTP address, or contains a user; the message omits password and query.
    """
    text = text.strip()
    shown = f"{given_as}={without_user(text)}"
    if "@" in text:
        raise UsageError(f"{shown}: expected no user in the address: see LOADTEST_TOKEN")
    match = _ADDRESS.fullmatch(text)
    if match is None or not _host_and_port_are_valid(match):
        raise UsageError(f"{shown}: expected http://HOST[:PORT][/PATH]")
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    suffix = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{host}{suffix}{(match['path'] or '').rstrip('/')}"


def without_user(text: str) -> str:
    """Return ``text`` as one printable line without user, password, query and fragment."""
    before, at, after = text.rpartition("@")
    if at:
        scheme = re.match(r"\w{1,20}://", before)
        text = f"{scheme[0] if scheme else ''}***@{after}"
    text = re.split(r"[?#]", text, maxsplit=1)[0]
    return "".join(character if character.isprintable() else "�" for character in text[:_SHOWN])


def is_loopback(host: str) -> bool:
    """Return whether a name or an IP address is that of this machine only."""
    name = host.strip("[]").lower()
    if name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def given_address(gateway: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the target as given: ``gateway`` (from ``--gateway`` or GATEWAY) or LOADTEST_HOST.

    Raises:
        UsageError: both are given and differ.
    """
    gateway, host = (gateway or "").strip(), (HOST.read(environ) or "").strip()
    if not (gateway and host):
        return gateway or host or None
    address = parse_address(host, "LOADTEST_HOST")
    if not looks_like_address(gateway) or parse_address(gateway, "GATEWAY") != address:
        raise UsageError(
            f"GATEWAY={without_user(gateway)} and LOADTEST_HOST={address}: expected one of them, or the same address"
        )
    return gateway


def _host_and_port_are_valid(match: re.Match[str]) -> bool:
    if match["port"] and not 0 < int(match["port"]) < 1 << 16:
        return False
    if not match["host"].startswith("["):
        return True
    try:
        ipaddress.IPv6Address(match["host"][1:-1])
    except ValueError:
        return False
    return True
