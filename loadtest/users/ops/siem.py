"""The export of security events: where they go, and whether they get there.

Each worker of the gateway has one list of destinations for all users, and a destination cannot be removed. Scenarios
therefore add none: they write the destination with which the gateway was booted.
"""

from __future__ import annotations

from loadtest.client.backend_probes import CONNECTIVITY_TEST, arrived_events
from loadtest.users.admin.checks import came, delivered, goes_only_to
from loadtest.users.base import FixtureMissing, task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import RegistryUser

STANDING = "loadtest"
"""The destination that the gateway was booted with (``SIEM_DESTINATIONS``): the collector among the backends."""
ARRIVES_WITHIN = 10.0
"""Seconds in which an event must have been exported."""


class SiemUser(RegistryUser):
    """A user who manages the export of security events."""

    area = "siem"
    weight = 1

    @task
    def looks(self) -> None:
        """The state of the export and of each destination."""
        self.call("GET /admin/siem/health", check=has("status", "healthy"))

    @task
    def tries(self) -> None:
        """A test event to the destination, which arrives there."""
        collector = self.collector()
        before = arrived_events(collector, CONNECTIVITY_TEST)
        self.call(
            "POST /admin/siem/test/{destination_name}",
            destination_name=STANDING,
            check=lambda a: (
                delivered(a) or came(arrived_events(collector, CONNECTIVITY_TEST, beyond=before), before)
            ),
        )

    @task
    def follows(self) -> None:
        """What is done to a tool arrives at the destination as an event that names it."""
        collector = self.collector()
        with self.tool() as tool:
            self.call(
                "GET /admin/siem/health",
                check=lambda _: came(arrived_events(collector, str(tool["name"]), within=ARRIVES_WITHIN)),
            )

    @task
    def configures(self) -> None:
        """The destination written anew, and the list of all: both as they are."""
        standing = {"name": STANDING, "type": "webhook", "url": f"{self.collector()}/events"}
        self.call("POST /admin/siem/destinations", json=standing, check=has("destination.name", STANDING))
        self.call(
            "PUT /admin/siem/destinations", json={"destinations": [standing]}, check=goes_only_to(STANDING)
        )

    def collector(self) -> str:
        """Return the address of the collector to which the gateway exports.

        Raises:
            FixtureMissing: it exports to another destination, whose configuration could not be restored, because the
                gateway does not show its secrets.
        """
        listed = self.call("GET /admin/siem/destinations", check=has("enabled", True))
        collector = self.backend("siem")
        goes_to = [(one["name"], one.get("url")) for one in listed["destinations"]]
        if goes_to != [(STANDING, f"{collector}/events")]:
            raise FixtureMissing
        return collector
