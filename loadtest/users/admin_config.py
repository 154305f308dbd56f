"""The gateway's own settings and caches, as an administrator sees them."""

from loadtest.users.base import GatewayUser, task


class AdminConfigUser(GatewayUser):
    """An administrator who looks after settings."""

    area = "admin-config"

    @task(3)
    def settings(self) -> None:
        """All settings, by group."""
        self.call("GET /admin/config/settings", check=lambda a: None if a["groups"] else "there are none")

    @task
    def headers(self) -> None:
        """Headers that are passed through to backends: read, and written back as they are."""
        listed = self.call("GET /admin/config/passthrough-headers")["passthrough_headers"]
        self.call(
            "PUT /admin/config/passthrough-headers",
            json={"passthrough_headers": listed},
            check=lambda a: None if a["passthrough_headers"] == listed else "the list came back changed",
        )

    @task
    def headers_cache(self) -> None:
        """What the cache of those headers did."""
        self.call("GET /admin/config/passthrough-headers/cache-stats")

    @task
    def headers_cache_emptied(self) -> None:
        """The cache of those headers, emptied."""
        self.call("POST /admin/config/passthrough-headers/invalidate-cache")

    @task
    def agents_cache(self) -> None:
        """What the cache of agents' figures did."""
        self.call("GET /admin/cache/a2a-stats/stats")

    @task
    def agents_cache_emptied(self) -> None:
        """The cache of agents' figures, emptied."""
        self.call("POST /admin/cache/a2a-stats/invalidate")
