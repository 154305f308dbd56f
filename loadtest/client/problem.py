"""What is wrong with one answer, as an exception that Locust can carry."""

from loadtest.failures import ProblemKind
from loadtest.fingerprint import normalise


class Problem(Exception):  # noqa: N818 - the design's word; an answer has a problem, the program has no error
    """One problem of one answer.

    Its text is ``[KIND STATUS CODE] message`` with the message normalised: Locust groups errors by their
    text, and a text with an id in it would make every failure an error of its own.
    """

    def __init__(
        self, kind: ProblemKind, message: str, *, status: int | None = None, code: str | None = None
    ) -> None:
        self.kind = kind
        self.status = status
        self.code = code
        self.message = normalise(message) or kind.value
        tags = " ".join(str(part) for part in (kind.value, status, code) if part is not None)
        super().__init__(f"[{tags}] {self.message}")
