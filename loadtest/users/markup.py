"""Pages as a browser uses them: their forms and buttons lead somewhere, and their scripts are allowed to run. Pure.

A content security policy is that of https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.core.operations import canonical

SENDS = {f"hx-{method.lower()}": method for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
"""Attributes of an element that sends a request, and the method of the request."""
REQUESTS = ", ".join((*(f"[{name}]" for name in SENDS), "form[action]"))
INLINE = "'unsafe-inline'"
_PARAMETER = re.compile(r"\\{[^}]*\\}")
"""A parameter of a path, escaped for a regular expression."""
BLOCKED_HANDLERS = (
    "GET /admin/teams",
    "GET /admin/teams/{team_id}/members",
    "GET /admin/users/{user_email}/edit",
    "POST /admin/teams/{team_id}/join-request",
    "DELETE /admin/teams/{team_id}/join-request/{request_id}",
)
"""Operations whose pages have handlers that the policy of known releases blocks. Each failure would end a scenario."""


class Sent(NamedTuple):
    """A request that an element of a page sends."""

    method: str
    path: str


def fault_of_page(answer: Answer, operations: Collection[str]) -> Mismatch | None:
    """Return what of a page in HTML does not work; None if the response is no page.

    Args:
        answer: the response.
        operations: the operations that the gateway serves; an element must not lead to another one.
    """
    if answer.media_type != "text/html" or not answer.body:
        return None
    page = LexborHTMLParser(answer.text)
    return _leads_nowhere(page, frozenset(operations)) or fault_of_policy(answer)


def _leads_nowhere(page: LexborHTMLParser, operations: frozenset[str]) -> Mismatch | None:
    served = _Served.of(operations)
    wrong = next((sent for sent in _requests(page) if not served.has(sent)), None)
    return expected("a page whose elements lead to operations of the gateway", wrong) if wrong else None


def _requests(page: LexborHTMLParser) -> Iterator[Sent]:
    """Yield the requests that elements of ``page`` send to the gateway itself."""
    for node in page.css(REQUESTS):
        for name, value in node.attributes.items():
            method = SENDS.get(name)
            if name == "action" and node.tag == "form":
                method = (node.attributes.get("method") or "GET").upper()
            if method is not None and value and value.startswith("/"):
                yield Sent(method, urlsplit(value).path)


class _Served:
    """The operations of a gateway, by method and number of segments of their path."""

    def __init__(self, operations: Collection[str]) -> None:
        self._templates: dict[tuple[str, int], list[tuple[str, ...]]] = {}
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        for operation in operations:
            method, _, path = operation.partition(" ")
            segments = _segments(path)
            self._templates.setdefault((method, len(segments)), []).append(segments)
            self._patterns.append((method, re.compile(_PARAMETER.sub(".+", re.escape(path)) + "/?")))

    @staticmethod
    @functools.lru_cache(maxsize=4)
    def of(operations: frozenset[str]) -> _Served:
        """Return those of a gateway, of which a load has few."""
        return _Served(operations)

    def has(self, sent: Sent) -> bool:
        """Return whether one of the operations has this method and address, whose parameters are not empty."""
        method, _, path = canonical(sent.method, sent.path).partition(" ")
        if "://" in path:
            # The address of a root is one parameter, with its slashes.
            return any(method == one and pattern.fullmatch(path) for one, pattern in self._patterns)
        found = _segments(path)
        return any(
            all(
                name == part or (name.startswith("{") and part) for name, part in zip(one, found, strict=True)
            )
            for one in self._templates.get((method, len(found)), ())
        )


def _segments(path: str) -> tuple[str, ...]:
    """Return the parts of a path; a slash at its end does not count."""
    return tuple(unquote(part) for part in path.removesuffix("/").split("/"))


def fault_of_policy(answer: Answer) -> Mismatch | None:
    """Return which handler, script or style of a page the page's own content security policy blocks."""
    policy = _directives(str(answer.headers.get("content-security-policy") or ""))
    if not policy or answer.operation in BLOCKED_HANDLERS:
        return None
    page = LexborHTMLParser(answer.text)
    if not _allows_inline(_sources(policy, "script-src-attr", "script-src")):
        handler = next(
            (name for node in page.css("*") for name in node.attributes if _is_handler(name)), None
        )
        if handler is not None:
            return expected("a page without handlers that its policy blocks", handler)
    if page.css_first("head > title") is None:
        # A part of a page gets another nonce than the page into which it is inserted.
        return None
    scripts = _sources(policy, "script-src-elem", "script-src")
    for node in page.css("script:not([type*='json'])"):
        if not _may_load(node, node.attributes.get("src"), scripts):
            return expected("a page without scripts that its policy blocks", (node.html or "")[:200])
    styles = _sources(policy, "style-src-elem", "style-src")
    for node in page.css("link[rel='stylesheet']"):
        if not _may_load(node, node.attributes.get("href"), styles):
            return expected("a page without styles that its policy blocks", (node.html or "")[:200])
    return None


def _directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";") if part.strip())
    return {name: sources for name, *sources in parts}


def _sources(policy: Mapping[str, list[str]], *names: str) -> list[str]:
    """Return the sources of the first directive that ``policy`` has; any source if it has none."""
    return next((policy[name] for name in (*names, "default-src") if name in policy), ["*", INLINE])


def _is_handler(attribute: str) -> bool:
    return attribute.startswith("on") and attribute.isalpha()


def _allows_inline(sources: Collection[str]) -> bool:
    """Return whether scripts within a page may run: a nonce overrides the permission of all."""
    return INLINE in sources and not any(one.startswith("'nonce-") for one in sources)


def _may_load(node: LexborNode, address: str | None, sources: Collection[str]) -> bool:
    if (nonce := node.attributes.get("nonce")) and f"'nonce-{nonce}'" in sources:
        return True
    if not address:
        return _allows_inline(sources)
    host = urlsplit(address).netloc
    if not host:
        return "'self'" in sources or "*" in sources
    return "*" in sources or any(host == urlsplit(one).netloc for one in sources)
