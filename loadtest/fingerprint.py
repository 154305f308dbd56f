"""What failures are grouped by: the same fault gives the same fingerprint, whatever ids it carries."""

import hashlib
import re

from loadtest.failures import ProblemKind

MESSAGE_LENGTH = 300
"""Characters of a normalised message; the evidence holds the rest."""

NAME_PREFIX = "lt-"
"""Every entity that a scenario makes is named ``lt-`` and random hex, so that it can be told from others."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?a)(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{32,}(?![\w-])", "<token>"),
        (r"\blt[-_][0-9a-z]+(?:[-_.][0-9a-z]+)*(?:@[\w.-]+)?", "<name>"),
        (r"(?i)\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b", "<id>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"(?i)\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\blocalhost:\d+\b", "<host>"),
        (r"(?i)\b0x[0-9a-f]+\b", "<id>"),
        (r"(?i)\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"(?<![\w<])\d+(?:\.\d+)?(?![\w>])", "<n>"),
        (r"\s+", " "),
    )
)


def normalise(message: str) -> str:
    """Return ``message`` as one line in which ids, numbers, times, hosts and our names are placeholders.

    Applying it twice changes nothing. A negative number keeps its sign (``[Errno -2]`` and ``[Errno -3]`` are
    told apart by their words).
    """
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    message = message.strip()
    return message if len(message) <= MESSAGE_LENGTH else message[: MESSAGE_LENGTH - 1].rstrip() + "…"


def fingerprint(
    operation: str, problem: ProblemKind, status: int | None, code: str | None, message: str
) -> str:
    """Return 12 hex digits that stand for one fault; ``message`` is normalised here."""
    parts = (operation, problem.value, str(status or ""), code or "", normalise(message))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
