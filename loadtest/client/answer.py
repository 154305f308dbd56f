"""One answer of the gateway, and whether it is the promised one."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from loadtest.client.contract import Contract
from loadtest.client.problem import Problem
from loadtest.failures import ProblemKind

_decode = msgspec.json.Decoder().decode
_MISSING = object()


class MissingMember(LookupError):  # noqa: N818 - the answer has a problem, the program has no error
    """An answer does not have a member that was read from it."""

    def __init__(self, operation: str, path: str) -> None:
        super().__init__(f"the answer of {operation} has no {path!r}")
        self.operation = operation
        self.path = path


class Answer:
    """Status, headers and body; JSON is decoded when first asked for."""

    __slots__ = ("_json", "body", "headers", "on_read", "operation", "status")

    def __init__(self, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.operation = operation
        self.status = status
        self.headers = headers
        self.body = body
        self._json: Any = _MISSING
        self.on_read: Callable[[str], None] | None = None
        """Called with the operation whenever the body is read."""

    @property
    def json(self) -> Any:
        """The decoded body.

        Raises:
            Problem: it is not JSON.
        """
        self._noticed()
        if self._json is _MISSING:
            try:
                self._json = _decode(self.body)
            except msgspec.DecodeError as error:
                raise Problem(ProblemKind.JSON, _not_json(self, error), status=self.status) from error
        return self._json

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        self._noticed()
        return self.body.decode("utf-8", "replace")

    def _noticed(self) -> None:
        if self.on_read is not None:
            self.on_read(self.operation)

    @property
    def media_type(self) -> str:
        """``application/json`` of a ``Content-Type`` with parameters; empty if there is none."""
        return str(self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    def __getitem__(self, path: str) -> Any:
        """Return a member of the JSON body by its dotted path: ``answer["token.id"]``, ``answer["0.name"]``.

        Raises:
            MissingMember: there is no such member; the message names the operation and the path.
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
    """How an answer differs from the contract in a way that the version's data excuses."""

    text: str
    """``status 303``, ``media type text/html``, ``body: id is missing``."""


def _not_json(answer: Answer, error: msgspec.DecodeError) -> str:
    if not answer.body:
        return "expected JSON, the body is empty"
    return f"expected JSON, got {answer.media_type or 'no content type'}: {error}"


def check(
    answer: Answer, contract: Contract, *, accepted: Mapping[int, str], streamed: bool = False
) -> Problem | Deviation | None:
    """Hold ``answer`` against the contract.

    An operation that the contract does not have (a JSON-RPC method's own name, a redirect's target) is held
    to "2xx or 3xx" only. Of a ``streamed`` answer there is no body yet, and an event stream is right although
    the document, for want of a word for it, says JSON. Returns None if all is well, a Deviation if
    the version's data excuses everything that differs.
    """
    status = answer.status
    if status in accepted:
        return None
    refused = _refused_by_redirect(answer)
    if refused is not None:
        return refused
    documented = contract.operations.get(answer.operation)
    if documented is None:
        return None if 200 <= status < 400 else _bad_status(answer)
    promise = documented.success.get(status)
    if promise is None:
        if 200 <= status < 400 and contract.drifted(answer.operation, status=status):
            return Deviation(f"status {status}")
        return _bad_status(answer)
    if streamed or "application/json" not in promise.media_types:
        return None
    if not answer.media_type.endswith("json"):
        if contract.drifted(answer.operation, media_type=answer.media_type):
            return Deviation(f"media type {answer.media_type or 'none'}")
        if answer.media_type:
            other = f"expected JSON, got {answer.media_type}"
            return Problem(ProblemKind.JSON, other, status=status)
    return _checked_body(answer, contract, promise.schema)


def _refused_by_redirect(answer: Answer) -> Problem | None:
    """Tell a redirect that means "done" from one that means "refused": an HTML form's error is a 303, too.

    Back to the log-in page means refused, unless it was left on purpose or has a good notice to show.
    """
    if not 300 <= answer.status < 400:
        return None
    location = str(answer.headers.get("location") or "")
    page, _, query = location.partition("?")
    to_login = page.endswith("/login") and "logout" not in answer.operation and "notice=" not in query
    if "error=" in location or "change-password-required" in location or to_login:
        return Problem(ProblemKind.REDIRECT, f"redirected to {location}", status=answer.status)
    return None


def _checked_body(answer: Answer, contract: Contract, pointer: str | None) -> Problem | Deviation | None:
    try:
        body = answer.json
    except Problem as problem:
        return problem
    broken = contract.violations(pointer, body) if pointer else ()
    for violation in broken:
        if not contract.drifted(answer.operation, violation=violation):
            return Problem(ProblemKind.SCHEMA, violation, status=answer.status)
    return Deviation("; ".join(broken)) if broken else None


def _bad_status(answer: Answer) -> Problem:
    return Problem(ProblemKind.STATUS, reason(answer), status=answer.status)


def reason(answer: Answer) -> str:
    """Return what a refusal says for itself: its ``detail``, ``message`` or ``error``, else the text."""
    try:
        body = _decode(answer.body)
    except msgspec.DecodeError:
        return answer.text[:500] or f"HTTP {answer.status} without a body"
    for key in ("detail", "message", "error"):
        if isinstance(body, dict) and body.get(key):
            detail = body[key]
            return detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()[:500]
    return answer.text[:500]
