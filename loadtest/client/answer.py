"""A response of the gateway, and the problem of a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from loadtest.core.redact import Redactor
from loadtest.results.failures import ProblemKind, normalise


class Problem(Exception):  # noqa: N818 - a problem of a response, not an error of this program
    """A problem of one response.

    Its text is ``[KIND STATUS CODE] message`` with the message normalised. Locust groups errors by text, so ids in the
    message would make every failure a separate error.
    """

    def __init__(
        self,
        kind: ProblemKind,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        actual: str = "",
        waited: float = 0.0,
    ) -> None:
        self.kind = kind
        self.status = status
        self.code = code
        self.raw = message
        self.actual = actual
        """The actual value, if ``message`` states an expected one; not part of the text."""
        self.waited = waited
        """Seconds of a wait that expired; 0 if the problem does not depend on time, or only the call waited."""
        self.message = normalise(message) or kind.value
        tags = " ".join(str(part) for part in (kind.value, status, code) if part is not None)
        super().__init__(f"[{tags}] {self.message}")

    def masked(self, redactor: Redactor) -> Problem:
        """Return this problem with secrets masked; masking comes before normalisation, which could alter a secret."""
        hidden = redactor.mask(self.raw)
        if hidden == self.raw:
            return self
        return Problem(
            self.kind,
            hidden,
            status=self.status,
            code=self.code,
            actual=self.actual,
            waited=self.waited,
        )


_decode = msgspec.json.Decoder().decode
_MISSING = object()


class MissingMember(LookupError):  # noqa: N818 - a problem of a response, not an error of this program
    """A scenario read a member that the response does not have."""

    def __init__(self, operation: str, path: str) -> None:
        super().__init__(f"the response of {operation} has no member {path!r}")
        self.operation = operation
        self.path = path


class Answer:
    """Status, headers and body; JSON is decoded on first use."""

    __slots__ = ("_json", "body", "headers", "media_type", "message", "on_read", "operation", "status")

    def __init__(self, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.operation = operation
        self.status = status
        self.headers = headers
        self.body = body
        self.media_type = str(headers.get("content-type") or "").partition(";")[0].strip().lower()
        """The ``Content-Type`` without parameters, such as ``application/json``; empty if there is none."""
        self._json: Any = _MISSING
        self.message: dict[str, Any] | None = None
        """The JSON-RPC message in the body, once it was decoded."""
        self.on_read: Callable[[str], None] | None = None
        """Called with the operation each time the body is read."""

    @property
    def json(self) -> Any:
        """The decoded body.

        Raises:
            Problem: it is not JSON.
        """
        self._notify()
        if self._json is _MISSING:
            try:
                self._json = _decode(self.body)
            except msgspec.DecodeError as error:
                raise Problem(ProblemKind.JSON, _not_json(self, error), status=self.status) from error
        return self._json

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        self._notify()
        return self.body.decode("utf-8", "replace")

    def _notify(self) -> None:
        if self.on_read is not None:
            self.on_read(self.operation)

    def __getitem__(self, path: str) -> Any:
        """Return a member of the JSON body by its dotted path: ``answer["token.id"]``, ``answer["0.name"]``.

        Raises:
            MissingMember: there is no such member; the message contains operation and path.
        """
        value = self.json
        for part in path.split("."):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError, ValueError):
                raise MissingMember(self.operation, path) from None
        return value

    @property
    def id(self) -> str:
        """The ``id`` of the JSON body, as text."""
        return str(self["id"])


class Deviation(NamedTuple):
    """A contract mismatch that the version's data lists as known."""

    text: str
    """``status 303``, ``media type text/html``, ``body: id is missing``."""


def _not_json(answer: Answer, error: msgspec.DecodeError) -> str:
    if not answer.body:
        return "expected JSON, the body is empty"
    return f"expected JSON, got {answer.media_type or 'no content type'}: {error}"


def refusal_reason(answer: Answer) -> str:
    """Return the error message of a response: its ``detail``, ``message`` or ``error``, or else its text."""
    try:
        body = _decode(answer.body)
    except msgspec.DecodeError:
        return answer.text[:500] or f"HTTP {answer.status} without a body"
    for key in ("detail", "message", "error"):
        if isinstance(body, dict) and body.get(key):
            detail = body[key]
            return detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()[:500]
    return answer.text[:500]
