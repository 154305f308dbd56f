"""The run: everything that was measured, as one value and one JSON file.

This is the seam between driving load and judging it. The run writer updates it
during the load; the judge and the reports read nothing else.
Times are seconds since the start of the load unless a name says otherwise, durations of requests are milliseconds,
sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from loadtest.core.files import read_json, write_atomically
from loadtest.core.operations import area_of, base
from loadtest.core.record import Count, Record, Seconds
from loadtest.results.failures import Failure
from loadtest.results.latency import Latency
from loadtest.results.measurements import (
    Operation,
    Process,
    ResourceSample,
    ShapeRecord,
    Store,
    Stream,
    Timeline,
    latency_by_area,
    merged,
    merged_latency,
)
from loadtest.results.pairs import BaseRun
from loadtest.results.refusals import Refusals
from loadtest.results.target import Backend, EntityCount, Gateway, ReplicaUsage


class Environment(Record, frozen=True, kw_only=True):
    """The machine and the software that generated the load."""

    loadtest: str
    locust: str
    python: str
    platform: str
    cpus: Count
    memory: Count
    """Bytes."""
    commit: str | None = None


MAX_PAUSED = 0.05
"""Share of the load for which the generator may be paused before latencies say little about the gateway."""


class Pause(Record, frozen=True, kw_only=True):
    """A time in which the load generator did not run, or most of the machine's CPU time was stolen."""

    at: Seconds
    seconds: Seconds


class Generator(Record, frozen=True, kw_only=True):
    """The load generator; latencies of a saturated one include its own delay."""

    cpu: Seconds = 0.0
    """Seconds of CPU of all Locust processes."""
    saturated: bool = False
    detail: str = ""
    late: Latency | None = None
    """With an arrival rate: delay of each scenario after its intended start, in ms."""
    scheduling_delay: Latency | None = msgspec.field(default=None, name="overslept")
    """The same for scenarios whose user was idle when they were due: the generator's own delay."""
    dropped: Count = msgspec.field(default=0, name="never_begun")
    """Scenarios that were due but did not start before their user stopped."""
    pauses: tuple[Pause, ...] | None = None
    """Its pauses of half a second and more, of all Locust processes together; None if they were not measured."""

    @property
    def paused(self) -> float:
        """Seconds of all pauses."""
        return sum(pause.seconds for pause in self.pauses or ())


class Worker(Record, frozen=True, kw_only=True):
    """One Locust process that took part in a distributed run."""

    name: str
    """The name of its machine, and a few digits of its own where that machine has several."""
    lost: bool = False
    """It was lost or never took part: requests after ``last_report`` are missing."""
    requests: Count = 0
    """Reported requests."""
    unreported: Count = 0
    """Requests in reports that never arrived, according to its later reports."""
    joined_at: Seconds = 0.0
    """0 if it took part from the start."""
    left_at: Seconds | None = None
    """Time of its last message before it left; None if it stayed."""
    back_at: Seconds | None = None
    """Time at which it rejoined."""
    last_report: Seconds | None = None
    """Time of its last report."""
    clock_ahead: Seconds = 0.0
    """Seconds by which its clock was ahead of the master's, if that is more than a message takes: its requests
    stand so much later in the timeline."""
    detail: str = ""
    """Why it left, if known."""


class PlannedCall(Record, frozen=True, kw_only=True):
    """Where a scenario calls an operation."""

    operation: str
    line: Count


class Scenario(Record, frozen=True, kw_only=True):
    """One Locust task of the plan."""

    name: str
    """``TeamsCRUDUser.lifecycle``."""
    area: str
    """Group of the scenario; the areas in reports are those of the operations."""
    file: str
    """Path from the root of the project, ``loadtest/users/identity/teams.py``; of a custom scenario, from the working
    directory of the run."""
    line: Count
    tags: tuple[str, ...] = ()
    """What ``--tags`` can select: those of the task and of its class, and the group."""
    calls: tuple[PlannedCall, ...] = ()


class CutShort(Record, frozen=True, kw_only=True):
    """Why a scenario ended before its last step: the failure of one of its steps."""

    operation: str
    fingerprint: str
    """Of the failure."""
    count: Count


class ScenarioRuns(Record, frozen=True, kw_only=True):
    """How often one scenario was begun and how it ended; what is left of ``started`` was under way at the end."""

    name: str
    """``TeamsCRUDUser.lifecycle``, as in the plan."""
    started: Count = 0
    completed: Count = 0
    """To its last step."""
    stopped: Count = 0
    """By the end of the load."""
    skipped: Count = 0
    """It needs an operation or a backend that is not there."""
    cut_short: tuple[CutShort, ...] = ()
    """By a failure, the most frequent first."""

    @property
    def cut(self) -> int:
        """How often it was cut short by a failure."""
        return sum(one.count for one in self.cut_short)


class Sweep(Record, frozen=True, kw_only=True):
    """The first sweep, which runs every scenario once."""

    planned: Count = 0
    done: Count = 0
    finished_at: Seconds | None = None
    unfinished: tuple[str, ...] = ()
    """Names of scenarios that did not run to their end."""


GENERATED = "GeneratedUser.calls"
"""The scenario that calls operations from the contract."""
FORMAT = "contextforge-loadtest/run/1"


class RunState(StrEnum):
    """How far the run came; anything but ``complete`` makes the verdict inconclusive at best."""

    RUNNING = "running"
    """Still being written, or its writer was killed."""
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    """Ctrl-C or SIGTERM; see ``signal``."""
    ABORTED = "aborted"
    """The gateway, a backend or Locust died, or could not start; see ``reason``."""


class Settings(Record, frozen=True, kw_only=True):
    """The settings of the run."""

    host: str
    profile: str = "custom"
    users: Count = 0
    spawn_rate: Seconds = 0.0
    run_time: Seconds | None = None
    """Seconds, or None for until stopped."""
    processes: Count = 1
    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    user_classes: tuple[str, ...] = ()
    """Names of the user classes that took part."""
    criteria: tuple[str, ...] = ()
    """Criteria of the profile."""
    left_out: Count = 0
    """Scenarios not selected by tags or user classes."""
    scenarios: tuple[str, ...] = ()
    """Directories, files and modules with custom scenarios, as they were given."""
    seed: int = 0


class Phase(Record, frozen=True, kw_only=True):
    """One phase of the job and its duration."""

    name: Literal["set-up", "boot", "load", "report", "stop"]
    seconds: Seconds


class Run(Record, frozen=True, kw_only=True):
    """One run, from the first request to the last."""

    format: Literal["contextforge-loadtest/run/1"] = "contextforge-loadtest/run/1"
    state: RunState = RunState.RUNNING
    reason: str = ""
    """One sentence on why the state is not ``complete``."""
    signal: int | None = None
    started: str
    """ISO 8601 in UTC, ``2026-03-01T04:00:00.250+00:00``; empty where the source does not say it."""
    started_monotonic: Seconds | None = None
    """The start of the load by the monotonic clock of the machine, which no correction of its time changes."""
    duration: Seconds = 0.0
    """Seconds of load."""
    source: Literal["locust", "csv"] = "locust"
    """``csv``: read from Locust CSV files; data that they lack is empty."""
    settings: Settings
    environment: Environment | None = None
    gateway: Gateway | None = None
    phases: tuple[Phase, ...] = ()
    backends: tuple[Backend, ...] = ()
    replicas: tuple[ReplicaUsage, ...] = ()
    """The gateways of the first sweep but for the first one."""
    contract: tuple[str, ...] | None = None
    """Every operation that the gateway offers, without a version prefix; None if it is not known."""
    areas: dict[str, str] | None = None
    """Area of each operation of the contract; None if the record does not contain them."""
    handlers: dict[str, str] = msgspec.field(default_factory=dict)
    """``FILE:LINE`` of the function in the tested checkout that answers an operation, as far as it was found."""
    elements: dict[str, dict[str, Count]] | None = None
    """Documented elements of each operation. Of its input (``query limit``, ``query order=asc``, ``body tool.name``)
    with the number of successful calls that contained it and whose effect was checked; of its responses
    (``status 200``, ``returns text/html``, ``response id``) with a positive number if it was seen. None if the record
    does not say."""
    plan: tuple[Scenario, ...] = ()
    generated: dict[str, str] = msgspec.field(default_factory=dict)
    """Operations without a scenario that were called from the contract, each with the reason why it was called
    without credentials only; empty if it was called as the administrator."""
    operations: tuple[Operation, ...] = ()
    shapes: ShapeRecord | None = None
    """None if the record does not say."""
    failures: tuple[Failure, ...] = ()
    streams: tuple[Stream, ...] = ()
    timeline: Timeline = Timeline()
    resources: tuple[ResourceSample, ...] = ()
    processes: tuple[Process, ...] = ()
    """Samples of each gateway process."""
    stores: tuple[Store, ...] = ()
    """Tables and files of the gateway that changed their size."""
    limits: dict[str, Count] = msgspec.field(default_factory=dict)
    """What must not be exceeded: ``memory`` of the machine or the container, in bytes, ``descriptors`` of one
    process, connections that the ``database`` takes."""
    entities: tuple[EntityCount, ...] = ()
    sweep: Sweep | None = None
    refusals: Refusals | None = None
    """Requests that must be refused; None if none were sent."""
    scenarios: tuple[ScenarioRuns, ...] | None = None
    """How often each scenario was begun, by name, and how it ended; None if the record does not say."""
    generator: Generator | None = None
    workers: tuple[Worker, ...] = ()
    latency: Latency | None = None
    """Of all requests together, from a source whose operations hold no histogram to merge (CSV)."""
    base: BaseRun | None = None
    """What was measured on the gateway before the change, and in pairs; None without a base."""
    contradictions: tuple[str, ...] = ()
    """Where the files of the source contradict each other, in a sentence each (CSV)."""

    @property
    def requests(self) -> int:
        """Requests of the whole run."""
        return sum(operation.requests for operation in self.operations)

    def operations_that(self, condition: Callable[[Operation], object]) -> int:
        """Return how many operations of the contract meet ``condition``, or had a part (JSON-RPC method) that does.

        Without a contract, all operations count.
        """
        names = {base(one.name) for one in self.operations if condition(one)}
        return len(names if self.contract is None else names.intersection(self.contract))

    def area(self, operation: str) -> str:
        """Return the area of ``operation``: that in the contract, else that of its path."""
        return (self.areas or {}).get(base(operation)) or area_of(operation)


def write_run(run: Run, path: Path) -> None:
    """Write ``run`` as JSON, atomically.

    Raises:
        UsageError: the path cannot be written to.
    """
    write_atomically(path, msgspec.json.encode(run) + b"\n")


def read_run(path: Path) -> Run:
    """Read a run from its JSON file.

    Raises:
        UsageError: missing, empty, truncated, or not a run of a format we know; the message names the key.
    """
    return read_json(path, Run, "a run", form=FORMAT)


def total_latency(run: Run) -> Latency | None:
    """Return the latency of all requests together, or None if this run does not know it.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    return _total(run, merged_latency(run.operations))


def latencies(run: Run) -> tuple[Latency | None, dict[str, Latency]]:
    """Return :func:`total_latency` and the latency of each area; each histogram is read once.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    areas = latency_by_area(run.operations)
    exact = all(one.histogram is not None for one in areas.values())
    return _total(run, merged(areas.values()) if exact else merged_latency(run.operations)), areas


def _total(run: Run, measured: Latency | None) -> Latency | None:
    return run.latency if measured is None or (not measured.percentiles and run.latency) else measured
