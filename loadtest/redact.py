"""Masking secrets in text that leaves the machine: logs, evidence, reports. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"

SHORTEST_SECRET = 6
"""Characters; a shorter known value would mask innocent text."""

_NAME = r"(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|credential)[\w-]*"
# Numbers, true, false and null under such a name are settings, not secrets: "token_expiry": 20.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?", MASK),
        (r"(?i)\b(Bearer|Basic)(\s+|%20)(?!\*)[\w.~+/=-]{6,}", rf"\1\2{MASK}"),
        (r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@\"']*):[^\s/@\"']+@", rf"\1:{MASK}@"),
        (r"(?im)^(\s*[<>]?\s*(?:set-)?cookie\s*:\s*)\S.*$", rf"\1{MASK}"),
        (r"(?i)((?:set-)?cookie:\s*)(?!\*)[^\s'\"][^'\"\r\n]*", rf"\1{MASK}"),
        (rf"(?i)({_NAME}\\*[\"']\s*:\s*(\\*[\"']))(?!\*).*?(?=\2|$)", rf"\1{MASK}"),
        (rf"(?i)({_NAME}=)(?![\*\s&\"'])[^\s&\"'<>\\;,)]+", rf"\1{MASK}"),
    )
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` with secrets masked: the values in ``secrets``, and what looks like one.

    That is: JSON Web Tokens, Bearer and Basic credentials, passwords in addresses, cookies, and the values of
    form and JSON fields with telling names. Applying it twice changes nothing.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
