"""Values of query parameters that the contract does not allow: each is refused.

The patterns are in ``mcpgateway/common/query_params.py`` of the gateway. Many of these values become part of a page, a
name of a file or a statement of the database.
"""

from __future__ import annotations

from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.base import GatewayUser, task

MARKUP = "<script>alert(1)</script>"
QUERIES: tuple[tuple[str, str, str], ...] = (
    ("GET /admin/tools/partial", "render", MARKUP),
    ("GET /admin/tools/partial", "tags", MARKUP),
    ("GET /admin/tools/partial", "gateway_id", "a;b"),
    ("GET /admin/tools/partial", "page", "0"),
    ("GET /admin/users/partial", "render", MARKUP),
    ("GET /admin/teams/partial", "relationship", "stranger"),
    ("GET /admin/teams/partial", "visibility", "secret"),
    ("GET /admin/search", "entity_types", "tools;users"),
    ("GET /admin/metrics/partial", "entity_type", "teams"),
    ("GET /admin/observability/traces", "time_range", "2h"),
    ("GET /admin/observability/traces", "status_filter", "unknown"),
    ("GET /admin/observability/traces", "http_method", "FETCH"),
    ("GET /admin/observability/traces", "user_email", MARKUP),
    ("GET /admin/observability/traces", "tool_name", MARKUP),
    ("GET /admin/performance/history", "period_type", "yearly"),
    ("GET /api/logs/performance-metrics", "aggregation", "1h"),
    ("GET /api/logs/performance-metrics", "component", MARKUP),
    ("GET /observability/spans", "trace_id", MARKUP),
    ("GET /observability/spans", "resource_name", MARKUP),
    ("GET /observability/traces", "status", "unknown"),
    ("GET /tools", "team_id", "a b"),
    ("GET /tools", "gateway_id", "a;b"),
    ("GET /tools", "visibility", "secret"),
    ("GET /tools", "limit", "-1"),
    ("GET /servers", "cursor", MARKUP),
    ("GET /llm/models", "provider_id", MARKUP),
)
"""Operations with a parameter and a value that it cannot have."""


class RefusedQueriesUser(GatewayUser):
    """People who send queries that the contract does not allow."""

    area = "refusals"

    @task
    def values(self) -> None:
        """A value that a parameter of a query cannot have, for each kind of parameter."""
        for operation, parameter, value in QUERIES:
            if self.documents(operation, f"query {parameter}"):
                self.call(
                    operation,
                    params={parameter: value},
                    refusals=INVALID,
                    check=is_invalid(f"a query with a wrong {parameter}"),
                )
