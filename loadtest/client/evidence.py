"""What a failed call leaves behind: the request as ``curl`` and the answer, with secrets masked."""

import shlex
from collections.abc import Mapping

from loadtest.client.answer import Answer
from loadtest.failures import Example
from loadtest.redact import redact

ANSWER_LENGTH = 4096
"""Characters of an answer that are kept."""
_BODY_LENGTH = 2048
_HIDDEN_HEADERS = {"authorization", "cookie", "x-csrf-token"}
_DULL_HEADERS = {"accept-encoding", "user-agent"}


def example(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str | None,
    answer: Answer | None,
    at: float,
    correlation_id: str,
) -> Example:
    """Return the evidence of one failed call; ``at`` is Unix time in seconds."""
    return Example(
        at=at,
        correlation_id=correlation_id,
        url=redact(url),
        curl=curl(method, url, headers, body),
        status=answer.status if answer else None,
        answer=redact(answer.text[:ANSWER_LENGTH]) if answer else "",
    )


def curl(method: str, url: str, headers: Mapping[str, str], body: str | None) -> str:
    """Return a command that repeats the request; it reads the token from ``$TOKEN``."""
    words = ["curl", "-sS", "-X", method, shlex.quote(redact(url))]
    for name, value in headers.items():
        if name.lower() == "authorization":
            words += ["-H", '"Authorization: Bearer $TOKEN"']
        elif name.lower() in _HIDDEN_HEADERS:
            words += ["-H", shlex.quote(f"{name}: ***")]
        elif name.lower() not in _DULL_HEADERS:
            words += ["-H", shlex.quote(f"{name}: {value}")]
    if body:
        shown = redact(body)
        words += ["-d", shlex.quote(shown if len(shown) <= _BODY_LENGTH else shown[:_BODY_LENGTH] + "…")]
    return " ".join(words)
