"""Exchanges: requests and responses that were observed in a run without faults."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import msgspec


class Sender(StrEnum):
    """Whose credentials a request has."""

    ADMIN = "admin"
    OTHER = "other"
    ANONYMOUS = "anonymous"
    """No credentials, or a token that cannot be read."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request of the load, as the proxy received it."""

    operation: str
    method: str
    path: str
    """Still percent-encoded, without the query."""
    parameters: Mapping[str, str]
    """Values of the path template, still percent-encoded."""
    query: str
    media_type: str
    body: bytes
    sender: Sender

    @property
    def fields(self) -> Any:
        """The body as a value: decoded JSON, the fields of a form, or None."""
        if self.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return decoded(self.body)


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """A complete response."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @property
    def media_type(self) -> str:
        """The ``Content-Type`` without parameters; empty if there is none."""
        value = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        return value.partition(";")[0].strip().lower()

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx or 3xx."""
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response."""

    request: Received
    reply: RecordedResponse
    complete: bool = True
    """Whether the body of the reply was recorded completely."""


Exchanges = Mapping[str, Sequence[Exchange]]
"""Observed exchanges by operation."""


def decoded(body: bytes) -> Any:
    """Return the value of a JSON body, or None if it is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def sender_of(authorization: str | None, cookie: str | None, admin: str) -> Sender:
    """Return whose credentials a request has; ``admin`` is the administrator's email address."""
    token = (authorization or "").partition(" ")[2]
    subject = _subject(token)
    if subject is None:
        return (
            Sender.OTHER if cookie or (authorization or "").lower().startswith("basic ") else Sender.ANONYMOUS
        )
    return Sender.ADMIN if subject == admin else Sender.OTHER


def _subject(token: str) -> str | None:
    """Return the ``sub`` of a JWT, or None if it is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = decoded(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return str(claims["sub"]) if isinstance(claims, dict) and "sub" in claims else None
