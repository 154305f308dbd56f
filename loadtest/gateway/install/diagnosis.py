"""Find the cause of a failed installation in the installer's output. Pure.

uv prints ``error: …``, then each ``cause: …`` down to the root cause, then hints. The most informative line depends
on the failure: the last cause of a network failure, the first of a failed resolution.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 220
"""Maximum characters of a cause."""


class FailureCause(StrEnum):
    """Categories of causes."""

    DISK = "disk"
    HASH = "hash"
    ACCESS = "access"
    TLS = "tls"
    PROXY = "proxy"
    NETWORK = "network"
    PYTHON = "python"
    PERMISSION = "permission"
    RESOLUTION = "resolution"
    BUILD = "build"
    OTHER = "other"


@dataclass(frozen=True)
class Diagnosis:
    """Why an installer failed."""

    kind: FailureCause
    what: str
    """One line."""
    advice: str
    """What to do, as a clause without a full stop; empty if there is no advice."""

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


_KINDS: tuple[tuple[FailureCause, str, str], ...] = (
    (
        FailureCause.DISK,
        r"No space left on device|Disk quota exceeded|ENOSPC",
        "free some space, or name a directory with more in LOADTEST_HOME and UV_CACHE_DIR",
    ),
    (
        FailureCause.HASH,
        r"Hash mismatch for",
        "the index serves another file than the one that was locked: check the index and its mirrors",
    ),
    (
        FailureCause.ACCESS,
        r"\b401 Unauthorized|\b403 Forbidden|\b407 Proxy Auth",
        "check the address of the package index and its credentials",
    ),
    (
        FailureCause.TLS,
        r"invalid peer certificate|certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT",
        "if your network has a certificate authority of its own, name its file in SSL_CERT_FILE",
    ),
    (FailureCause.PROXY, r"tunnel error|proxy connect|ERR_PROXY", "check HTTPS_PROXY and NO_PROXY"),
    (
        FailureCause.NETWORK,
        (
            r"dns error|connect error|Connection (?:refused|reset)|timed out|error sending request|Failed to fetch"
            r"|HTTP status server error|Network connectivity is disabled|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN"
        ),
        "check the connection to the package index; UV_DEFAULT_INDEX names another one",
    ),
    (
        FailureCause.PERMISSION,
        r"Permission denied|Read-only file system|EACCES|EROFS",
        "check its permissions",
    ),
    (
        FailureCause.PYTHON,
        r"current Python version \S+ does not satisfy|No interpreter found|requires a different Python",
        "use a Python that it supports",
    ),
    # A failed build names its own cause; the resolver's message about it is not needed.
    (
        FailureCause.BUILD,
        r"Failed to build|build backend returned an error",
        "check that it builds by itself",
    ),
    (
        FailureCause.RESOLUTION,
        r"No solution found",
        "check that the package index has these packages, and that no setting such as UV_EXCLUDE_NEWER hides them",
    ),
)


_NPM = r"npm (?:error|ERR!) "
_LAST_WORDS = (
    (rf"{_NPM}(\w*Error: .*)", 0),
    (rf"{_NPM}(?!code |errno |syscall |path |command |signal |A complete log)(\S.*)", 0),
    (r"(ERROR: .*)", -1),
    (r"((?:\w+\.)*\w*(?:Error|Exception|Exit)\b.*)", -1),
)
"""Patterns of the line of a build that names the failure, and whether the first or the last such line counts.

The first pattern with a match is used.
"""


def diagnose(output: str) -> Diagnosis:
    """Return why the installer with this ``output`` failed."""
    kind, advice = next(
        ((kind, advice) for kind, pattern, advice in _KINDS if re.search(pattern, output)),
        (FailureCause.OTHER, ""),
    )
    return Diagnosis(kind, _cut(_what(kind, output)), advice)


def _what(kind: FailureCause, output: str) -> str:
    headline, causes, hints = _parts(output)
    if kind is FailureCause.ACCESS:
        found = next((hint for hint in hints if re.search(r"\b40[13]\b", hint)), "")
        return found or _joined(headline, causes[-1:])
    if headline.startswith("Failed to build"):
        return _joined(headline, _last_words(output) or causes[-1:])
    if kind in (FailureCause.RESOLUTION, FailureCause.PYTHON):
        because = causes[0] if causes else headline
        return re.sub(r",? (?:and )?we can conclude that.*", "", because).strip()
    if kind is FailureCause.HASH:
        return causes[0] if causes else headline
    if headline:
        return _joined(headline, causes[-1:])
    return (_visible(output) or ["no output"])[-1]


def _parts(output: str) -> tuple[str, list[str], list[str]]:
    """Return headline, causes and hints; continued lines are joined."""
    headline = ""
    causes: list[str] = []
    hints: list[str] = []
    into: list[str] | None = None
    for line in output.splitlines():
        if found := re.match(r"(error|\s+cause|hint): (.*)", line):
            if found[1] == "error":
                headline, causes, hints, into = found[2], [], [], None
            else:
                into = hints if found[1] == "hint" else causes
                into.append(found[2])
        elif found := re.match(r"\s*[\u00d7╰├]─?[─▶]*\s*(.*)", line):
            # The form of older versions of uv.
            if headline:
                causes.append(found[1])
                into = causes
            else:
                headline = found[1]
        elif line[:1].isspace() and line.strip() and into and not line.lstrip().startswith("["):
            into[-1] += f" {line.strip(' │')}"
        elif not line.strip():
            into = None
    return headline, causes, hints


def _last_words(output: str) -> list[str]:
    """Return the line of a build's output that names the failure: npm's first error, else the last exception."""
    lines = [line.strip(" │") for line in output.splitlines()]
    for pattern, which in _LAST_WORDS:
        matches = [found[1] for line in lines if (found := re.match(pattern, line))]
        if matches:
            return [matches[which]]
    return []


def _visible(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines() if line.strip()]


def _joined(headline: str, causes: Sequence[str]) -> str:
    return ": ".join(part.rstrip(":") for part in (headline, *causes) if part)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
