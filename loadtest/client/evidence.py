"""Evidence of a failed call: the request as a ``curl`` command and the response, with secrets masked."""

import re
import shlex
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import msgspec

from loadtest.client.answer import Answer
from loadtest.core.redact import MASK, SECRET_NAME, Redactor
from loadtest.results.failures import Example

ANSWER_LENGTH = 4096
"""Characters kept of a response."""
ACTUAL_LENGTH = 200
"""Characters kept of the actual value of a failed check."""
_BODY_LENGTH = 2048
_MARGIN = 2048
"""Characters beyond the kept ones, so that a secret at the boundary is masked as a whole."""
_SETTING = re.compile(
    r"(?i)[_-]?(?:types?|ids?|use|urls?|uris?|names?|expiry|ttl|endpoint|hint|header|required)$"
)
"""End of the names of fields that describe a secret without containing it."""
_OMITTED_HEADERS = {"accept-encoding", "user-agent"}


def build_example(
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str | None,
    answer: Answer | None,
    at: float,
    correlation_id: str,
    redactor: Redactor,
    actual: str = "",
) -> Example:
    """Return the evidence of one failed call; ``at`` is Unix time in seconds, ``redactor`` masks its secrets."""
    return Example(
        at=at,
        correlation_id=correlation_id,
        url=redactor.mask(url),
        curl=curl_command(method, url, headers, body, redactor),
        status=answer.status if answer else None,
        actual=_cut(actual, ACTUAL_LENGTH, redactor),
        answer=_cut(answer.text, ANSWER_LENGTH, redactor) if answer else "",
    )


def curl_command(
    method: str, url: str, headers: Mapping[str, str], body: str | None, redactor: Redactor
) -> str:
    """Return a command that repeats the request, with the token from ``$TOKEN``."""
    words = ["curl", "-sS", "-X", method, shlex.quote(redactor.mask(url))]
    for name, value in headers.items():
        if name.lower() == "authorization":
            words += ["-H", '"Authorization: Bearer $TOKEN"']
        elif SECRET_NAME.search(name):
            words += ["-H", shlex.quote(f"{name}: {MASK}")]
        elif name.lower() not in _OMITTED_HEADERS:
            words += ["-H", shlex.quote(f"{name}: {redactor.mask(value)}")]
    if body:
        shown = _cut(body, _BODY_LENGTH, redactor)
        words += ["-d", shlex.quote(shown if len(body) <= _BODY_LENGTH else f"{shown}…")]
    return " ".join(words)


def sent_secrets(headers: Mapping[str, str], body: str | None) -> frozenset[str]:
    """Return the secrets in a request, which the response may repeat in any form."""
    found: set[str] = set()
    for name, value in headers.items():
        if SECRET_NAME.search(name):
            found |= {value, value.partition(" ")[2]}
    if body:
        try:
            found.update(_secrets_in(msgspec.json.decode(body)))
        except (msgspec.DecodeError, RecursionError):
            found.update(value for name, value in parse_qsl(body) if _is_secret(name))
    return frozenset(found)


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and _is_secret(name):
                yield member
            else:
                yield from _secrets_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from _secrets_in(member)


def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not _SETTING.search(name)


def _cut(text: str, length: int, redactor: Redactor) -> str:
    """Return the first ``length`` characters, masked before truncation so that no partial secret remains."""
    return redactor.mask(text[: length + _MARGIN])[:length]
