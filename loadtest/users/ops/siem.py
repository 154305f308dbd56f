"""Export of security events: destinations and delivery.

Each worker of the gateway has one list of destinations for all users, and a destination cannot be removed. Scenarios
therefore add none: they write the destination with which the gateway was booted.
"""

from __future__ import annotations

from collections.abc import Mapping

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import CONNECTIVITY_TEST, arrived_events
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch
from loadtest.users.admin.checks import came, delivered, goes_only_to
from loadtest.users.base import FixtureMissing, task
from loadtest.users.checks import both, has, lists
from loadtest.users.registry.fixtures import RegistryUser

DESTINATION = "loadtest"
"""The destination that the gateway was booted with (``SIEM_DESTINATIONS``): the collector among the backends."""
SEVERITIES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
"""All that events have, so that a filter by them stops none."""
ARRIVES_WITHIN = 10.0
"""Seconds within which an event must be exported."""


class SiemUser(RegistryUser):
    """A user who manages the export of security events."""

    area = "siem"
    weight = 1

    @task
    def looks(self) -> None:
        """The state of the export and of each destination."""
        self.call(
            "GET /admin/siem/health",
            check=both(has("status", "healthy"), lists(DESTINATION, at="destinations", key="name")),
        )

    @task
    def tries(self) -> None:
        """A test event is delivered to the destination."""
        collector = self.collector()
        before = arrived_events(collector, CONNECTIVITY_TEST)
        self.call(
            "POST /admin/siem/test/{destination_name}",
            destination_name=DESTINATION,
            check=lambda a: (
                delivered(a) or came(arrived_events(collector, CONNECTIVITY_TEST, beyond=before), before)
            ),
        )

    @task
    def follows(self) -> None:
        """A change of a tool is delivered to the destination as an event with the name of the tool."""
        collector = self.collector()
        with self.tool() as tool:
            self.call(
                "GET /admin/siem/health",
                check=lambda _: came(arrived_events(collector, str(tool["name"]), within=ARRIVES_WITHIN)),
                waits=ARRIVES_WITHIN,
            )

    @task
    def configures(self) -> None:
        """The destination and the list of destinations, with a filter that every event passes, and without."""
        destination = {"name": DESTINATION, "type": "webhook", "url": f"{self.collector()}/events"}
        for severities in (SEVERITIES, []):
            filters = {"severity": severities} if severities else {}
            self.call(
                "POST /admin/siem/destinations",
                json={**destination, "filters": filters},
                check=has("destination.name", DESTINATION),
                effect=self.has_filters(filters),
            )
            filters = {"severity": severities[::-1]} if severities else {}
            self.call(
                "PUT /admin/siem/destinations",
                json={"destinations": [{**destination, "filters": filters}]},
                check=goes_only_to(DESTINATION),
                effect=self.has_filters(filters),
            )

    def has_filters(self, filters: Mapping[str, list[str]]) -> Effect | None:
        """Return an effect that reads the filters of the destination.

        After the first sweep there is none, because several users write the destination at the same time; nor is there
        one with several worker processes, of which each has its own list.
        """
        if self.process.sweep.over or self.link.session.deployment.workers > 1:
            return None

        def effect(_: Answer) -> Mismatch | None:
            listed = self.call("GET /admin/siem/destinations")
            return has("destinations.0.filters", filters)(listed)

        return effect

    def collector(self) -> str:
        """Return the address of the collector to which the gateway exports.

        Raises:
            FixtureMissing: it exports to another destination, whose configuration could not be restored, because the
                gateway does not show its secrets.
        """
        listed = self.call("GET /admin/siem/destinations", check=has("enabled", True))
        collector = self.backend("siem")
        goes_to = [(one["name"], one.get("url")) for one in listed["destinations"]]
        if goes_to != [(DESTINATION, f"{collector}/events")]:
            raise FixtureMissing
        return collector
