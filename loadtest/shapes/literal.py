"""Texts, flags and numbers of responses in a form that is the same in every run."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Container, Iterable

SENT = '"<sent>"'
"""The literal of any text that a request has sent: a response may echo it."""
LONGEST = 200
"""Characters of the form of a text above which it is not recorded."""
LARGEST = 2**53
"""Magnitude above which numbers are not recorded: not every program reads them alike."""
_CACHED = 20_000
"""Texts whose form is remembered: most texts of a response were in an earlier one."""

_END = "(?![0-9A-Za-z])"
_AFTER_SCHEME = "(?<=://)"
_AUTHORITY = r"[^/\s?#\"'<>]+"
_ADDRESS = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]+)?|(?:localhost|\[::1\])(?::[0-9]+)?"
_PARTS: tuple[tuple[str, str], ...] = (
    ("token", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("directory", r"/[^\s\"':]*/run-[a-z0-9_]{8}"),
    ("run", rf"lt[-_][0-9a-f]{{5,}}(?:[-_][0-9a-f]+{_END})*"),
    (
        "time",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    ),
    (
        "id",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:[0-9a-f]{32,}|[0-9a-f]{12,16})"
        + _END,
    ),
    ("host", f"{_AFTER_SCHEME}{_AUTHORITY}|{_ADDRESS}"),
    ("n", r"[0-9]+(?:\.[0-9]+)*"),
)
"""Name and pattern of the parts that differ from run to run, in the order in which they are tried."""
_ANY_PART = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PARTS))
_PLACEHOLDER = re.compile("<(" + "|".join(name for name, _ in _PARTS) + ")>")
_PATTERNS = dict(_PARTS)
_SPECIAL = re.compile(r"([\\^$.|?*+()\[\]{}/-])")


def literal(value: str | bool | float, sent: Container[str] = frozenset()) -> str | None:
    """Return the JSON text of ``value``, with placeholders for what differs from run to run; None if it is too large.

    It is that of ``SENT`` if a request has ``sent`` the text. The empty text counts as sent: whether a request has sent
    it yet would otherwise decide about many places.
    """
    if isinstance(value, str):
        if not value or value in sent:
            return SENT
        form = form_of(value)
        return None if form is None else json.dumps(form, ensure_ascii=False)
    if abs(value) > LARGEST:
        return None
    # JSON does not tell 1.0 from 1.
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def as_sent(literals: Iterable[str], sent: Container[str]) -> frozenset[str]:
    """Return ``literals`` with that of ``SENT`` in place of those whose text was ``sent`` after it had been seen."""
    return frozenset(SENT if one.startswith('"') and json.loads(one) in sent else one for one in literals)


@functools.lru_cache(_CACHED)
def form_of(text: str) -> str | None:
    """Return ``text`` with placeholders: ``<run>-tool`` for ``lt-4ef21-tool``; None if it is too long."""
    if len(text) > 4 * LONGEST:
        return None
    form = _ANY_PART.sub(lambda found: f"<{found.lastgroup}>", text)
    return form if len(form) <= LONGEST else None


def schema_of(literals: frozenset[str]) -> dict[str, object]:
    """Return a JSON Schema of the values that have one of these :func:`literal` forms."""
    constants: list[object] = []
    patterns: list[str] = []
    for one in sorted(literals):
        value = json.loads(one)
        if isinstance(value, str) and _PLACEHOLDER.search(value):
            patterns.append(_pattern(value))
        else:
            constants.append(value)
    if not patterns:
        return {"enum": constants}
    pattern: dict[str, object] = {"type": "string", "pattern": f"^(?:{'|'.join(patterns)})$"}
    return {"anyOf": [{"enum": constants}, pattern]} if constants else pattern


def _pattern(form: str) -> str:
    parts = _PLACEHOLDER.split(form)
    return "".join(
        f"(?:{_without_looking_around(part, parts[index - 1], parts[index + 1 :])})"
        if index % 2
        else _SPECIAL.sub(r"\\\1", part)
        for index, part in enumerate(parts)
    )


def _without_looking_around(name: str, before: str, after: list[str]) -> str:
    """Return the pattern of a placeholder between fixed texts, which say what it would look for: it is much faster."""
    if name == "host":
        return _AUTHORITY if before.endswith("://") else _ADDRESS
    is_end = not after[0][:1].isalnum() if after[0] else len(after) == 1
    return _PATTERNS[name].replace(_END, "") if is_end else _PATTERNS[name]
