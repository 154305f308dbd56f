"""The gateway's own settings and caches, as an administrator sees them."""

from loadtest.client.caller import StepFailed
from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task

DEFAULT_HEADERS = ["X-Tenant-Id", "X-Trace-Id"]
"""What a gateway passes through that was told nothing."""

OK = 200
RARELY = {
    429: "the gateway takes ten to thirty of these a minute from one address, whatever its switches say"
}


class AdminConfigUser(GatewayUser):
    """An administrator who looks after settings."""

    area = "admin-config"

    @task(10)
    def settings(self) -> None:
        """All settings, by group."""
        self.call(
            "GET /admin/config/settings",
            check=lambda a: None if a["groups"] else expected("groups of settings"),
        )

    @task
    def headers(self) -> None:
        """Headers that are passed through to backends: read, and written back as they are."""
        try:
            read = self.call("GET /admin/config/passthrough-headers", accept=RARELY)
            listed = read["passthrough_headers"] if read.status == OK else None
        except StepFailed:
            # Where they cannot be read nobody could have changed them: the default is what they are.
            listed = DEFAULT_HEADERS
        if listed is not None:
            self.call(
                "PUT /admin/config/passthrough-headers",
                json={"passthrough_headers": listed},
                accept=RARELY,
                check=lambda a: (
                    None
                    if a["passthrough_headers"] == listed
                    else expected("the list as it was", a["passthrough_headers"])
                ),
            )

    @task
    def headers_cache(self) -> None:
        """What the cache of those headers did."""
        self.call("GET /admin/config/passthrough-headers/cache-stats", accept=RARELY)

    @task
    def headers_cache_emptied(self) -> None:
        """The cache of those headers, emptied."""
        self.call("POST /admin/config/passthrough-headers/invalidate-cache", accept=RARELY)

    @task
    def agents_cache(self) -> None:
        """What the cache of agents' figures did."""
        self.call("GET /admin/cache/a2a-stats/stats", accept=RARELY)

    @task
    def agents_cache_emptied(self) -> None:
        """The cache of agents' figures, emptied."""
        self.call("POST /admin/cache/a2a-stats/invalidate", accept=RARELY)
