"""Options of a load that several machines generate."""

from __future__ import annotations

from loadtest.core.record import Record


class MasterOptions(Record, frozen=True, kw_only=True):
    """Options of the Locust master, which generates no load itself and writes the run."""

    expect: int
    """Number of workers to wait for before the load starts."""
    within: float
    """Timeout for them, in seconds."""
    bind: str
    """Address on which the master listens; ``*`` is every address of this machine."""
    port: int

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments for Locust."""
        return (
            "--master",
            "--master-bind-host",
            self.bind,
            "--master-bind-port",
            str(self.port),
            # The other workers take over the users of a lost worker.
            "--enable-rebalancing",
        )


class WorkerOptions(Record, frozen=True, kw_only=True):
    """Options of a Locust worker, which receives everything else from its master."""

    host: str
    """Address of the master."""
    port: int

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments for Locust."""
        return ("--worker", "--master-host", self.host, "--master-port", str(self.port))
