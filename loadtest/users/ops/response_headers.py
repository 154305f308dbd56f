"""Headers of responses that protect what they contain: from caches, from other sites, and from being framed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import both
from loadtest.users.markup import fault_of_policy

NOT_CACHED = {"cache-control": "no-store, private", "pragma": "no-cache", "expires": "0"}
"""Of what an account may see: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2"""
PROTECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
}
POLICY = ("default-src 'self'", "frame-ancestors 'none'")
"""Directives of every content security policy."""
OTHER_SITE = "https://other.example.com"
SCRIPT = re.compile(r"<script[^>]* src=[\"']([^\"']+)")
"""Position of the address of a script."""
SWITCH = "SECURITY_HEADERS_ENABLED"


class ResponseHeadersUser(GatewayUser):
    """Headers that protect responses."""

    area = "security"

    @task
    def of_entities(self) -> None:
        """Lists that depend on the caller are not cached, and cannot be taken for pages."""
        if not self.switched_on(SWITCH):
            return
        for operation in ("GET /tools", "GET /servers", "GET /gateways", "GET /teams/", "GET /tokens"):
            self.call(operation, check=both(is_not_cached, is_protected))
        self.rpc("POST /rpc tools/list", check=both(is_not_cached, is_protected))

    @task
    def of_pages(self) -> None:
        """Pages of the admin UI are not cached, cannot be framed, and run only scripts of their own."""
        if not self.switched_on(SWITCH):
            return
        for operation in ("GET /admin/", "GET /admin/login"):
            self.call(operation, headers={"Accept": "text/html"}, check=both(is_not_cached, is_protected))

    @task
    def of_documentation(self) -> None:
        """The pages of the documentation load their script, which no policy stops."""
        if not self.switched_on(SWITCH):
            return
        for operation in ("GET /docs", "GET /redoc"):
            self.call(
                operation,
                headers={"Accept": "text/html"},
                unlisted=True,
                check=both(has_script_of_other_site, fault_of_policy),
            )

    @task
    def of_other_sites(self) -> None:
        """Scripts of other sites may not read responses."""
        if self.switched_on(SWITCH):
            for operation in ("GET /health", "GET /tools"):
                whole = both(is_protected, does_not_allow(OTHER_SITE))
                self.call(operation, headers={"Origin": OTHER_SITE}, check=whole)


def has_headers(wanted: Mapping[str, str]) -> Check:
    """Return a check that a response has these headers."""

    def check(answer: Answer) -> Mismatch | None:
        for name, value in wanted.items():
            found = str(answer.headers.get(name) or "")
            if found != value:
                return expected(f"the header {name}: {value}", found)
        return None

    return check


def does_not_allow(site: str) -> Check:
    """Return a check that scripts of ``site`` may not read a response."""

    def check(answer: Answer) -> Mismatch | None:
        found = str(answer.headers.get("access-control-allow-origin") or "")
        return None if found not in (site, "*") else expected("another site not to be allowed", found)

    return check


def is_not_cached(answer: Answer) -> Mismatch | None:
    """Check that no cache keeps a response, and that none would return it to another caller."""
    wrong = has_headers(NOT_CACHED)(answer)
    if wrong is not None:
        return wrong
    varies = str(answer.headers.get("vary") or "")
    names = {one.strip().lower() for one in varies.split(",")}
    return None if "authorization" in names else expected("Authorization in the header vary", varies)


def has_script_of_other_site(answer: Answer) -> Mismatch | None:
    """Check that a page loads a script of another site."""
    sites = {urlsplit(one).netloc for one in SCRIPT.findall(answer.text)} - {""}
    return None if sites else expected("a page of the documentation with its script", answer.text)


def is_protected(answer: Answer) -> Mismatch | None:
    """Check the headers against other types and frames, and the content security policy."""
    wrong = has_headers(PROTECTED)(answer)
    if wrong is not None:
        return wrong
    policy = str(answer.headers.get("content-security-policy") or "")
    missing = [one for one in POLICY if one not in policy]
    return (
        expected("a content security policy for the own site only, without frames", policy)
        if missing
        else None
    )
