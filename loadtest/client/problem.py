"""What is wrong with one answer, as an exception that Locust can carry."""

from __future__ import annotations

from loadtest.failures import ProblemKind
from loadtest.fingerprint import normalise
from loadtest.redact import Redactor


class Problem(Exception):  # noqa: N818 - the design's word; an answer has a problem, the program has no error
    """One problem of one answer.

    Its text is ``[KIND STATUS CODE] message`` with the message normalised: Locust groups errors by their
    text, and a text with an id in it would make every failure an error of its own.
    """

    def __init__(
        self,
        kind: ProblemKind,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        actual: str = "",
    ) -> None:
        self.kind = kind
        self.status = status
        self.code = code
        self.raw = message
        self.actual = actual
        """What came instead of what ``message`` expects; no part of the text."""
        self.message = normalise(message) or kind.value
        tags = " ".join(str(part) for part in (kind.value, status, code) if part is not None)
        super().__init__(f"[{tags}] {self.message}")

    def masked(self, redactor: Redactor) -> Problem:
        """Return this problem without secrets, looked for before a placeholder replaces a part of one."""
        hidden = redactor.mask(self.raw)
        if hidden == self.raw:
            return self
        return Problem(self.kind, hidden, status=self.status, code=self.code, actual=self.actual)
