"""The largest page of every list: what a release allows stays allowed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from loadtest.openapi.contracts import contract_of
from loadtest.users.base import GatewayUser, task

LISTS = (
    ("GET /teams/", "limit"),
    ("GET /teams/discover", "limit"),
    ("GET /search", "limit_per_type"),
    ("GET /admin/search", "limit_per_type"),
    ("GET /admin/teams/search", "limit"),
    ("GET /admin/users/search", "limit"),
    ("GET /admin/tokens/search", "limit"),
    ("GET /admin/tools/search", "limit"),
    ("GET /admin/resources/search", "limit"),
    ("GET /admin/prompts/search", "limit"),
    ("GET /admin/servers/search", "limit"),
    ("GET /admin/gateways/search", "limit"),
    ("GET /admin/a2a/search", "limit"),
    ("GET /admin/roots/search", "limit"),
    ("GET /auth/email/admin/users", "limit"),
    ("GET /llm/models", "page_size"),
    ("GET /llm/providers", "page_size"),
    ("GET /admin/llm/models/html", "per_page"),
    ("GET /admin/llm/providers/html", "per_page"),
    ("GET /admin/metrics/partial", "per_page"),
    ("GET /admin/observability/metrics/top-slow", "limit"),
    ("GET /admin/observability/metrics/top-volume", "limit"),
    ("GET /admin/observability/metrics/top-errors", "limit"),
)
"""Lists, and their parameter for the number of entries."""
NAME = "no-such-name"
"""What is searched for, so that the response is short."""


class LargestPagesUser(GatewayUser):
    """A program that reads lists in as few requests as the release allows."""

    area = "lists"

    @task
    def whole_lists(self) -> None:
        """Each list, with the largest number of entries that the contract of this release documents."""
        data = self.link.session.data
        most = largest(data.version) if data is not None else {}
        for operation, parameter in LISTS:
            if (operation, parameter) in most and self.offers(operation):
                query: dict[str, Any] = {parameter: most[operation, parameter]}
                self.call(operation, params=query | ({"q": NAME} if "search" in operation else {}))


@cache
def largest(version: str) -> Mapping[tuple[str, str], int]:
    """Return the largest values of query parameters that ``version`` documents, by operation and name."""
    return contract_of(version).largest()
