"""Check of every response that it contains no secret: none that a scenario stored, and no encrypted one."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from loadtest.client.answer import Answer, Problem
from loadtest.client.mismatch import expected
from loadtest.client.secrecy.marker import Marker
from loadtest.results.failures import ProblemKind

EXPECTED = "no stored secret in plain text in the response"
EXPECTED_MASK = "no stored secret in the response, not even an encrypted one"
ENCRYPTED = b"gAAAAA"
"""Start of every token of Fernet, with which gateways encrypt secrets: its version and the first bytes of the time."""
SHORTEST = 8
"""Characters of a secret that is searched for; a shorter text may occur in a response by chance."""
_STORES = ("POST ", "PUT ", "PATCH ")
_RELAYS = (" tools/call", "/invoke", "/jsonrpc")
"""Ends of the operations whose response is that of a backend, which may repeat the credentials that it received."""
_SECRET = re.compile(
    r"(?i)(?:passw(?:or)?d|secret|(?:api|private|client)[_-]?key|(?:auth|access|refresh|^)[_-]?token"
    r"|auth[_-]?value|auth[_-]?header[_-]?value|param[_-]?value)$"
)
"""Names of fields with a secret."""
_HEADERS = re.compile(r"(?i)auth[_-]?headers$")
"""Names of lists of headers with secret values."""
_ENCODED = ("[", "{")
"""Start of the value of a form's field that contains JSON."""


class StoredSecrets:
    """The secrets that one scenario has stored, and those of any scenario that have the process's marker.

    Secrets without the marker are recognised by the names of their fields in the bodies of requests.
    """

    def __init__(self) -> None:
        self._stored: set[bytes] = set()

    def begin(self) -> None:
        """Forget the secrets of an earlier scenario."""
        self._stored.clear()

    def sent(self, operation: str, body: Any, marker: Marker) -> None:
        """Remember the secrets in the ``body`` of a request of ``operation``."""
        # A JSON-RPC message stores nothing.
        if operation.startswith(_STORES) and operation.count(" ") == 1 and isinstance(body, dict):
            found = [one for one in secrets_in(body) if marker.text not in one]
            if found:
                text = str(body)
                # A value that is sent elsewhere, too, is no secret.
                self._stored.update(one.encode() for one in found if text.count(one) == 1)

    def leak(self, answer: Answer, marker: Marker) -> Problem | None:
        """Return a problem if ``answer`` contains one of the secrets, or any secret as the gateway stores it."""
        body, operation, what = answer.body, answer.operation, EXPECTED
        found = marker.find(body)
        if found is None and self._stored:
            found = next((one for one in self._stored if one in body), None)
        if found is None and ENCRYPTED in body:
            found, what = ENCRYPTED, EXPECTED_MASK
        if found is None or operation.endswith(_RELAYS):
            return None
        mismatch = expected(what, _where(answer, found.decode()))
        return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)


def secrets_in(body: Any, *, under: bool = False) -> Iterator[str]:
    """Yield the secrets in the body of a request; ``under`` a list of headers, the values of all members ``value``."""
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str):
                if is_secret(name) or (under and name == "value"):
                    if len(value) >= SHORTEST:
                        yield value
                elif value.startswith(_ENCODED):
                    yield from secrets_in(_decoded(value), under=_is_headers(name))
            elif isinstance(value, dict | list):
                yield from secrets_in(value, under=_is_headers(name))
    elif isinstance(body, list):
        for one in body:
            yield from secrets_in(one, under=under)


@functools.lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Return whether a field with this ``name`` contains a secret, and not, for example, where to get one."""
    return _SECRET.search(name) is not None


@functools.lru_cache(maxsize=1024)
def _is_headers(name: str) -> bool:
    return _HEADERS.search(name) is not None


def _decoded(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return None


def _where(answer: Answer, secret: str) -> str:
    """Return the paths of the members of a JSON body that contain ``secret``, or else that its text does."""
    try:
        found = sorted(set(_paths(answer.json, secret)))
    except Problem:
        found = []
    return f"one in {', '.join(found)}" if found else f"one in the {answer.media_type or 'body'}"


def _paths(value: Any, secret: str, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths(member, secret, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member, secret, f"{path}[]")
    elif secret in str(value):
        yield path
