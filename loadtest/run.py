"""The run: everything that was measured, as one value and one JSON file.

This is the seam between driving load and judging it. The recorder writes it (again and again while running);
the judge and the reports read nothing else. The records that it is made of stand in the modules that it imports.
Times are seconds since the start of the load unless a name says otherwise, durations of requests are milliseconds,
sizes are bytes.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from loadtest.driven import Backend, EntityCount, Gateway
from loadtest.failures import Failure
from loadtest.files import read_json, write_atomically
from loadtest.generator import Environment, Generator, Worker
from loadtest.histogram import Latency
from loadtest.measured import Operation, Stream
from loadtest.plan import Scenario, ScenarioRuns, Sweep
from loadtest.record import Count, Record, Seconds
from loadtest.resources import Process, Sample, Store
from loadtest.timeline import Timeline

FORMAT = "contextforge-loadtest/run/1"


class RunState(StrEnum):
    """How far the run came; anything but ``complete`` makes the verdict inconclusive at best."""

    RUNNING = "running"
    """Still being written, or its writer was killed."""
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    """Ctrl-C or SIGTERM; see ``signal``."""
    ABORTED = "aborted"
    """The gateway, a backend or Locust died, or nothing could start; ``reason`` says which."""


class Settings(Record, frozen=True, kw_only=True):
    """What was asked for."""

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
    """What the profile asks of the run, as criteria are written."""
    left_out: Count = 0
    """Scenarios that do not take part, because tags or user classes were chosen."""
    seed: int = 0


class Phase(Record, frozen=True, kw_only=True):
    """One part of the whole job, for "where did the time go"."""

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
    duration: Seconds = 0.0
    """Seconds of load."""
    source: Literal["locust", "csv"] = "locust"
    """``csv``: read from the CSV files of any locustfile; what those do not hold is empty."""
    settings: Settings
    environment: Environment | None = None
    gateway: Gateway | None = None
    phases: tuple[Phase, ...] = ()
    backends: tuple[Backend, ...] = ()
    contract: tuple[str, ...] | None = None
    """Every operation that the gateway offers, without a version prefix; None if it is not known."""
    plan: tuple[Scenario, ...] = ()
    operations: tuple[Operation, ...] = ()
    failures: tuple[Failure, ...] = ()
    streams: tuple[Stream, ...] = ()
    timeline: Timeline = Timeline()
    resources: tuple[Sample, ...] = ()
    processes: tuple[Process, ...] = ()
    """Each process of the gateway by itself, where the whole is not enough."""
    stores: tuple[Store, ...] = ()
    """What the gateway keeps and that changed its size."""
    limits: dict[str, Count] = msgspec.field(default_factory=dict)
    """What must not be exceeded: ``memory`` of the machine or the container, in bytes, ``descriptors`` of one
    process, connections that the ``database`` takes."""
    entities: tuple[EntityCount, ...] = ()
    sweep: Sweep | None = None
    scenarios: tuple[ScenarioRuns, ...] | None = None
    """How often each scenario was begun, by name, and how it ended; None if the record does not say."""
    generator: Generator | None = None
    workers: tuple[Worker, ...] = ()
    latency: Latency | None = None
    """Of all requests together, from a source whose operations hold no histogram to merge (CSV)."""
    contradictions: tuple[str, ...] = ()
    """Where the files of the source contradict each other, in a sentence each (CSV)."""

    @property
    def requests(self) -> int:
        """Requests of the whole run."""
        return sum(operation.requests for operation in self.operations)


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
