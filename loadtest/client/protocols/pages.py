"""Completeness of HTML: a page, or a part of one, that was cut off is sent with a status of success."""

from __future__ import annotations

import re

from loadtest.client.answer import Answer, Problem
from loadtest.client.mismatch import expected
from loadtest.results.failures import ProblemKind

_OPAQUE = re.compile(r"<!--.*?-->|<(script|style|template|textarea)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
"""What can contain tags that are none."""
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)\b[^>]*?(/?)>", re.IGNORECASE)
_INCOMPLETE = re.compile(r"<([a-z][a-z0-9-]*)\b[^<>]*$", re.IGNORECASE)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
"""Elements without an end tag."""
SHOWN = 200
"""Characters of the end that are shown."""


def page_problem(answer: Answer) -> Problem | None:
    """Return a problem if the last element at the top level of an HTML response has no end tag."""
    if not answer.media_type.endswith("html"):
        return None
    text = answer.body.decode("utf-8", "replace")
    if (name := unclosed(text)) is None:
        return None
    mismatch = expected(f"an end tag of <{name}>", f"…{text.strip()[-SHOWN:]}")
    return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)


def unclosed(text: str) -> str | None:
    """Return the name of the element at the top level of ``text`` that is not closed; None if all are.

    Only tags of this name are counted: browsers repair others, and some need no end tag. The name of a tag that is
    itself incomplete is that of the last one.
    """
    root, depth = "", 0
    for end, tag, alone in _TAG.findall(_OPAQUE.sub("", text)):
        name = tag.lower()
        if not root and not end and name not in _VOID and not alone:
            root = name
        if name == root and not alone:
            depth += -1 if end else 1
            if depth == 0:
                root = ""
    if not root and (cut := _INCOMPLETE.search(text)):
        return cut[1].lower()
    return root or None
