"""The API at its earlier paths, without ``/v1``: it answers as before, and each response names the path to use instead.

The contract lists the versioned paths only, which all other scenarios use.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.request import Query
from loadtest.fixtures.callers import Role
from loadtest.users.access.checks import NO_ACCESS, is_no_access
from loadtest.users.base import GatewayUser, task

OK = 200
MOVED = (307, 308, 404, 405)
"""Statuses of a path that is not served, or not under this name."""
FEW: dict[str, Any] = {"limit": 1}
READS: tuple[tuple[str, Query], ...] = (
    ("tools", FEW),
    ("tools/plugin_bindings/", FEW),
    ("resources", FEW),
    ("prompts", FEW),
    ("gateways", FEW),
    ("servers", FEW),
    ("a2a", FEW),
    ("roots", {}),
    ("tags", {"entity_types": "servers"}),
    ("export", {"types": "servers", "tags": "lt-no-such-tag"}),
    ("import/status", {}),
    ("metrics", {}),
    ("search", {"q": "lt-no-such-text", "limit_per_type": 1}),
    ("observability/stats", {}),
    ("reverse-proxy/sessions", {}),
    ("auth/email/me", {}),
    ("teams/", FEW),
    ("users/me/invitations", {}),
    ("tokens", FEW),
    ("rbac/my/roles", {}),
    ("compliance/frameworks", {}),
    ("llm/providers", {"page_size": 1}),
    ("llmchat/gateway/models", {}),
    ("admin/config/settings", {}),
)
"""A read of each part of the API that was served without a version."""
FOR_ADMINISTRATORS = ("auth/email/admin/users", "admin/config/settings", "llm/providers", "export", "metrics")
"""Paths that answer neither a caller without a token nor one without a role."""


class UnversionedPathsUser(GatewayUser):
    """A client that was written before the API had a version in its paths."""

    area = "well-known"

    @task
    def earlier_paths(self) -> None:
        """A path of each part of the API, as it was before, and as the contract has it now."""
        prefix = self.link.session.contract.prefix
        if not prefix:
            return
        # Not each operation: one that is missing in the contract may be served at another path by mistake.
        offered = {operation.split("/")[1] for operation in self.link.session.contract.operations}
        for path, params in READS:
            if path.partition("/")[0] in offered:
                self.read(path, params, answers_as_earlier(prefix, path))
        self.call("GET /tools", params=FEW, check=is_current)

    @task
    def protected(self) -> None:
        """Paths of administrators, without a token, and with that of a user without a role."""
        if not self.link.session.contract.prefix or (callers := self.fixture.callers) is None:
            return
        viewer = callers.bearer(Role.VIEWER, self.link.session)
        for path in FOR_ADMINISTRATORS:
            for bearer in ("", viewer):
                self.read(path, {}, is_no_access(f"/{path} without a version"), bearer=bearer)

    def read(self, path: str, params: Query, check: Check, *, bearer: str | None = None) -> None:
        """Read a path as it is: the path of an operation would get the version that the contract states."""
        one, two, three, four = (path.split("/") + [""] * 3)[:4]
        options: dict[str, Any] = {
            "params": params,
            "bearer": bearer,
            "unlisted": True,
            "refusals": (*MOVED, *NO_ACCESS),
            "effect": check,
        }
        match path.count("/"):
            case 0:
                self.call("GET /{one}", one=one, **options)
            case 1:
                self.call("GET /{one}/{two}", one=one, two=two, **options)
            case 2:
                self.call("GET /{one}/{two}/{three}", one=one, two=two, three=three, **options)
            case _:
                self.call(
                    "GET /{one}/{two}/{three}/{four}", one=one, two=two, three=three, four=four, **options
                )


def answers_as_earlier(prefix: str, path: str) -> Check:
    """Return a check that a ``path`` without version is served, and that the response names the one with ``prefix``."""

    def check(answer: Answer) -> Mismatch | None:
        if answer.status != OK:
            return expected(f"/{path} to be served without a version, too", answer.status)
        for name, value in (
            ("deprecation", "true"),
            ("link", f'<{prefix}/{path}>; rel="successor-version"'),
        ):
            found = str(answer.headers.get(name) or "")
            if found != value:
                return expected(f"the header {name} of /{path} to be {value}", found)
        return _states_end(answer, path)

    return check


def _states_end(answer: Answer, path: str) -> Mismatch | None:
    stated = str(answer.headers.get("sunset") or "")
    try:
        parsedate_to_datetime(stated)
    except ValueError:
        return expected(f"the header sunset of /{path} to be a date", stated)
    return None


def is_current(answer: Answer) -> Mismatch | None:
    """Check that a versioned path responds with a list, and names no other path to use instead."""
    found = [name for name in ("deprecation", "sunset") if answer.headers.get(name)]
    right = isinstance(answer.json, list) and not found
    return None if right else expected("a list, and no header that says that its path is deprecated", found)
