"""What made the load: the machine, how well it kept up, and the Locust processes that took part.

Times are seconds since the start of the load.
"""

from __future__ import annotations

from loadtest.histogram import Latency
from loadtest.record import Count, Record, Seconds


class Environment(Record, frozen=True, kw_only=True):
    """Where and with what the load was made."""

    loadtest: str
    locust: str
    python: str
    platform: str
    cpus: Count
    memory: Count
    """Bytes."""
    commit: str | None = None


class Generator(Record, frozen=True, kw_only=True):
    """The machine that made the load; a saturated one measures itself."""

    cpu: Seconds = 0.0
    """Seconds of CPU of all Locust processes."""
    saturated: bool = False
    detail: str = ""
    late: Latency | None = None
    """Of a load with an arrival rate: how long after its intended start each scenario began, in ms."""
    overslept: Latency | None = None
    """The same of those whose user was free when they were due: the generator's own part in it."""
    never_begun: Count = 0
    """Scenarios that were due and could not begin before their user left."""


class Worker(Record, frozen=True, kw_only=True):
    """One Locust process that took part in a distributed run."""

    name: str
    """The name of its machine, and a few digits of its own where that machine has several."""
    lost: bool = False
    """It went away without a word, or never took part: what it did after ``last_report`` is not in this run."""
    requests: Count = 0
    """As far as it reported them."""
    unreported: Count = 0
    """Requests that it counted, by its own later word, in reports that never arrived."""
    joined_at: Seconds = 0.0
    """0: it was there from the start."""
    left_at: Seconds | None = None
    """Its last sign of life before it went away, of its own accord, too; None if it never did."""
    back_at: Seconds | None = None
    """When it was heard of again."""
    last_report: Seconds | None = None
    """When its last report of what it counted came."""
    clock_ahead: Seconds = 0.0
    """Seconds by which its clock was ahead of the master's, if that is more than a message takes: its requests
    stand so much later in the timeline."""
    detail: str = ""
    """Why it went, where it said so."""
