"""The run: everything that was measured, as one value and one JSON file.

This is the seam between driving load and judging it. The recorder writes it (again and again while running);
the judge and the reports read nothing else. Times are seconds since the start of the load unless a name says
otherwise, durations of requests are milliseconds, sizes are bytes.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from loadtest.errors import UsageError
from loadtest.files import write_atomically
from loadtest.footing import Footing
from loadtest.histogram import Latency
from loadtest.record import Record
from loadtest.resources import Process, Sample, Store
from loadtest.timeline import Timeline

FORMAT = "contextforge-loadtest/run/1"


class ProblemKind(StrEnum):
    """What can be wrong with one answer. A fingerprint, a category and a known failure name one of these."""

    STATUS = "status"
    """A status that the contract does not document as success."""
    SCHEMA = "schema"
    """A body that does not validate against the documented schema."""
    JSON = "json"
    """A body that should be JSON and is not."""
    JSONRPC = "jsonrpc"
    """A JSON-RPC ``error`` inside an HTTP success."""
    TOOL_ERROR = "tool-error"
    """A tool result with ``isError`` inside an HTTP success."""
    REDIRECT = "redirect"
    """A redirect to a place that says the request was refused (a log-in page, ``error=``)."""
    CONTENT = "content"
    """A valid answer that is not the right one: the entity came back changed, the echo is not the text."""
    TIMEOUT = "timeout"
    """No answer within the time a user waits."""
    CONNECTION = "connection"
    """Refused, reset, or closed in the middle."""
    STREAM_STALLED = "stream-stalled"
    """An event stream that stayed open and said nothing."""
    STREAM_TRUNCATED = "stream-truncated"
    """An event stream that ended before what it had to deliver."""
    SCENARIO = "scenario"
    """The scenario itself raised: the load test's own fault."""
    OTHER = "other"
    """What a foreign locustfile reported in its own words."""


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
    users: int = 0
    spawn_rate: float = 0.0
    run_time: float | None = None
    """Seconds, or None for until stopped."""
    processes: int = 1
    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    user_classes: tuple[str, ...] = ()
    """Names of the user classes that took part."""
    criteria: tuple[str, ...] = ()
    """What the profile asks of the run, as criteria are written."""
    left_out: int = 0
    """Scenarios that do not take part, because tags or user classes were chosen."""
    seed: int = 0


class Environment(Record, frozen=True, kw_only=True):
    """Where and with what the load was made."""

    loadtest: str
    locust: str
    python: str
    platform: str
    cpus: int
    memory: int
    """Bytes."""
    commit: str | None = None


class Death(Record, frozen=True, kw_only=True):
    """How a process ended that should have lived."""

    at: float
    signal: int | None = None
    exit_status: int | None = None


class Gateway(Record, frozen=True, kw_only=True):
    """The gateway that was driven."""

    version: str | None
    """Its own word (``/version``), or None if it never answered."""
    source: str
    """What ``GATEWAY=`` said: a version, ``path:DIR`` or a URL."""
    data: str | None = None
    """The version whose data file (switches, exclusions, known failures) applies."""
    prefix: str = ""
    """The version prefix that it serves, as found in its contract: ``/v1`` or nothing."""
    database: str = "sqlite"
    """The kind of database only; a URL would carry a password."""
    redis: bool = False
    """Whether it keeps caches, sessions and events in Redis."""
    workers: int = 1
    """Processes that answer requests."""
    death: Death | None = None
    notes: tuple[str, ...] = ()
    """What a reader should know of how it was installed and driven."""
    log_tail: tuple[str, ...] = ()
    """The last lines of its log, secrets masked; kept when it did not boot or died."""

    @property
    def footing(self) -> Footing:
        """What it stands on."""
        return Footing(database=self.database, redis=self.redis, workers=self.workers)


class Phase(Record, frozen=True, kw_only=True):
    """One part of the whole job, for "where did the time go"."""

    name: Literal["set-up", "boot", "load", "report", "stop"]
    seconds: float


class Backend(Record, frozen=True, kw_only=True):
    """A real local peer of the gateway and whether it was there."""

    name: str
    up: bool
    detail: str = ""
    cpu_seconds: float | None = None


class Call(Record, frozen=True, kw_only=True):
    """Where a scenario calls an operation."""

    operation: str
    line: int


class Scenario(Record, frozen=True, kw_only=True):
    """One Locust task of the plan."""

    name: str
    """``TeamsCRUDUser.lifecycle``."""
    area: str
    file: str
    """Path from the root of the project, ``loadtest/users/teams.py``."""
    line: int
    calls: tuple[Call, ...] = ()


class Acceptance(Record, frozen=True, kw_only=True):
    """An answer outside the contract that a scenario accepted, with its reason."""

    status: int
    reason: str
    count: int


class Operation(Record, frozen=True, kw_only=True):
    """What happened on one operation; ``requests`` = successes + acceptances + drift + failures."""

    name: str
    """``GET /teams/{team_id}``, as in the contract, without a version prefix."""
    area: str
    requests: int
    successes: int
    """Documented success with a body that holds against the schema where it was checked."""
    failures: int
    drift: int = 0
    """Plainly right answers outside the contract, excused with a reason in the version's data."""
    statuses: dict[str, int] = msgspec.field(default_factory=dict)
    validated: int = 0
    """How many bodies were checked against the schema (the first ones, then a sample)."""
    received: int = 0
    """Bytes of bodies."""
    latency: Latency | None = None
    acceptances: tuple[Acceptance, ...] = ()
    scenario: str | None = None
    """The scenario that called it most recently."""
    first_success: float | None = None
    """When its first documented success came, in seconds; None if there was none."""


class Example(Record, frozen=True, kw_only=True):
    """One failed call with all the evidence there is; secrets are masked before they get here."""

    at: float
    correlation_id: str | None = None
    url: str = ""
    """Where the request went, secrets in the query masked."""
    curl: str = ""
    status: int | None = None
    answer: str = ""
    """The body, cut to 4 KiB."""
    log: tuple[str, ...] = ()
    """What the gateway logged under this correlation id."""


class Failure(Record, frozen=True, kw_only=True):
    """All failures with one fingerprint."""

    fingerprint: str
    """12 hex digits over operation, problem, status, code and message."""
    operation: str
    problem: ProblemKind
    message: str
    """One line, with ids, numbers, times and names normalised."""
    status: int | None = None
    code: str | None = None
    """A JSON-RPC error code, where there is one."""
    count: int = 1
    first: float | None = None
    last: float | None = None
    scenario: str | None = None
    minutes: dict[int, int] = msgspec.field(default_factory=dict)
    """How often in each minute of the load: number of the minute, from 0 → count."""
    examples: tuple[Example, ...] = ()


class Stream(Record, frozen=True, kw_only=True):
    """An event stream, measured apart from the request that opened it."""

    operation: str
    opened: int
    events: int
    ended: int
    """Ended by the server in good order."""
    first_event: Latency | None = None
    gap: Latency | None = None
    """Between two signs of life: events, and comments that keep a stream open."""


class EntityCount(Record, frozen=True, kw_only=True):
    """How many entities of a kind the gateway held before and after: a difference is a leak of ours."""

    kind: str
    before: int | None
    after: int | None
    left: int = 0
    """Found under the run's names when the load was over, and taken away: nobody had deleted them."""


class Sweep(Record, frozen=True, kw_only=True):
    """The first pass that deals every scenario once."""

    planned: int = 0
    done: int = 0
    finished_at: float | None = None
    unfinished: tuple[str, ...] = ()
    """Names of scenarios that were dealt and not done, or never dealt."""


class Generator(Record, frozen=True, kw_only=True):
    """The machine that made the load; a saturated one measures itself."""

    cpu: float = 0.0
    """Seconds of CPU of all Locust processes."""
    saturated: bool = False
    detail: str = ""
    late: Latency | None = None
    """Of a load with an arrival rate: how long after its intended start each scenario began, in ms."""
    overslept: Latency | None = None
    """The same of those whose user was free when they were due: the generator's own part in it."""
    never_begun: int = 0
    """Scenarios that were due and could not begin before their user left."""


class Worker(Record, frozen=True, kw_only=True):
    """One Locust process that took part in a distributed run."""

    name: str
    """The name of its machine, and a few digits of its own where that machine has several."""
    lost: bool = False
    """It went away without a word, or never took part: what it did after ``last_report`` is not in this run."""
    requests: int = 0
    """As far as it reported them."""
    unreported: int = 0
    """Requests that it counted, by its own later word, in reports that never arrived."""
    joined_at: float = 0.0
    """0: it was there from the start."""
    left_at: float | None = None
    """Its last sign of life before it went away, of its own accord, too; None if it never did."""
    back_at: float | None = None
    """When it was heard of again."""
    last_report: float | None = None
    """When its last report of what it counted came."""
    clock_ahead: float = 0.0
    """Seconds by which its clock was ahead of the master's, if that is more than a message takes: its requests
    stand so much later in the timeline."""
    detail: str = ""
    """Why it went, where it said so."""


class Run(Record, frozen=True, kw_only=True):
    """One run, from the first request to the last."""

    format: Literal["contextforge-loadtest/run/1"] = "contextforge-loadtest/run/1"
    state: RunState = RunState.RUNNING
    reason: str = ""
    """One sentence on why the state is not ``complete``."""
    signal: int | None = None
    started: str
    """ISO 8601 in UTC, ``2026-03-01T04:00:00.250+00:00``."""
    duration: float = 0.0
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
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    """What must not be exceeded: ``memory`` of the machine or the container, in bytes, ``descriptors`` of one
    process, connections that the ``database`` takes."""
    entities: tuple[EntityCount, ...] = ()
    sweep: Sweep | None = None
    generator: Generator | None = None
    workers: tuple[Worker, ...] = ()
    latency: Latency | None = None
    """Of all requests together, from a source whose operations hold no histogram to merge (CSV)."""

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
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if not data.strip():
        raise UsageError(f"{path}: is empty, expected a run as JSON")
    try:
        return msgspec.json.decode(data, type=Run)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: is not a run ({FORMAT}): {error}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is not complete JSON: {error}") from error
