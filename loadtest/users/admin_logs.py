"""The administrator's pages on logs, the live stream of them, and the stream of events."""

from loadtest.users.base import GatewayUser, task

PAGE = 20
"""Entries on a page."""


class AdminLogsUser(GatewayUser):
    """An administrator who reads logs in the browser."""

    area = "admin-logs"

    @task(3)
    def pages(self) -> None:
        """The newest entries, and the files there are."""
        self.call(
            "GET /admin/logs",
            params={"limit": PAGE},
            check=lambda a: None if len(a["logs"]) <= PAGE else "more entries than a page holds",
        )
        self.call("GET /admin/logs/file", check=lambda a: None if a["files"] else "there is no log file")

    @task
    def newest(self) -> None:
        """The page is not empty while requests are answered, each of which is logged."""
        self.call(
            "GET /admin/logs", params={"limit": 1}, check=lambda a: None if a["logs"] else "the log is empty"
        )

    @task
    def export(self) -> None:
        """Download the entries that hold an error."""
        self.call("GET /admin/logs/export", params={"format": "json", "level": "error"})

    @task
    def live(self) -> None:
        """Follow the log while something is logged."""
        with self.stream("GET /admin/logs/stream") as events:
            self.call("GET /health/security")
            events.next(where=lambda event: "/health/security" in event.data)

    @task
    def support_bundle(self) -> None:
        """Download what a supporter needs."""
        self.call(
            "GET /admin/support-bundle/generate",
            params={"log_lines": 100},
            check=lambda a: None if a.body.startswith(b"PK") else "not a ZIP archive",
        )


class AdminEventsUser(GatewayUser):
    """An open browser window that is told what changes."""

    area = "admin-logs"

    @task
    def events(self) -> None:
        """Follow the events while a tool of ours is switched off."""
        tool = {
            "name": self.name("tool"),
            "url": f"{self.stage.backends['rest']}/echo",
            "integration_type": "REST",
            "request_type": "POST",
        }
        with (
            self.created("POST /tools", json={"tool": tool}, delete="DELETE /tools/{tool_id}") as made,
            self.stream("GET /admin/events") as events,
        ):
            self.call("POST /admin/tools/{tool_id}/state", tool_id=made.id, form={"activate": "false"})
            events.next(where=lambda event: made.id in event.data)
