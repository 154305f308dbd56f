"""The export of security events: where they go, whether they get there, and who else is told of them.

Destinations are one list for everybody, and there is no way to take a single one out. Everybody therefore puts the
same list back, with the one destination that the gateway was booted with.
"""

from __future__ import annotations

from typing import Any

from loadtest.client.collector import TEST, arrived
from loadtest.fingerprint import NAME_PREFIX
from loadtest.users.admin_checks import came, delivered, goes_only_to
from loadtest.users.base import NotStaged, task
from loadtest.users.checks import has
from loadtest.users.registry import RegistryUser

STANDING = "loadtest"
"""The destination that the gateway was booted with (``SIEM_DESTINATIONS``): the collector among the backends."""
ARRIVES_WITHIN = 10.0
"""Seconds in which an event must have been exported."""


class SiemUser(RegistryUser):
    """Somebody who looks after the export of security events."""

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
        before = arrived(collector, TEST)
        self.call(
            "POST /admin/siem/test/{destination_name}",
            destination_name=STANDING,
            check=lambda a: delivered(a) or came(arrived(collector, TEST, beyond=before), before),
        )

    @task
    def follows(self) -> None:
        """What is done to a tool arrives at the destination as an event that names it."""
        collector = self.collector()
        with self.tool() as tool:
            self.call(
                "GET /admin/siem/health",
                check=lambda _: came(arrived(collector, str(tool["name"]), within=ARRIVES_WITHIN)),
            )

    @task
    def replaces(self) -> None:
        """Another destination, which wants nothing that happens here, and the list as it was."""
        standing = destination(STANDING, self.collector())
        other = destination(self.name("destination"), self.collector(), severity=["CRITICAL"])
        self.call("POST /admin/siem/destinations", json=other, check=has("destination.name", other["name"]))
        with self.undoing():
            self.call(
                "PUT /admin/siem/destinations",
                json={"destinations": [standing]},
                check=goes_only_to(STANDING),
            )

    def collector(self) -> str:
        """Return the address of the collector to which the gateway exports.

        Raises:
            NotStaged: it exports to somebody else, too, or not to us. What others configured cannot be put back: the
                gateway does not show their secrets.
        """
        listed = self.call("GET /admin/siem/destinations", check=has("enabled", True))
        names = {str(one["name"]) for one in listed["destinations"]}
        if STANDING not in names or not all(
            name == STANDING or name.startswith(NAME_PREFIX) for name in names
        ):
            raise NotStaged
        return self.backend("siem")


def destination(name: str, collector: str, **filters: list[str]) -> dict[str, Any]:
    """Return a destination that is the collector, as the gateway takes it."""
    return {"name": name, "type": "webhook", "url": f"{collector}/events", "filters": filters}
