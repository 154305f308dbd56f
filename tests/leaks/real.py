"""A real gateway with a fault injected from outside, driven for minutes and judged."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from loadtest.app.drive import target_of
from loadtest.app.enrich import enrich
from loadtest.app.job import QUIET
from loadtest.app.locust_process import locust_command, locust_environment
from loadtest.core.errors import UsageError
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.gateway.ports import reserved_ports
from loadtest.gateway.services import down, up
from loadtest.gateway.services.binaries import find
from loadtest.gateway.workspace import LOOPBACK
from loadtest.judge.checks.endurance import left_open, restarted
from loadtest.judge.growth.assess import assess_endurance
from loadtest.judge.growth.model import Endurance, Trend
from loadtest.results.run import read_run
from loadtest.workload.profiles import Size

INJECTED = Path(__file__).parent / "injected"
USERS = 8
CLASS = "RealisticUser"
"""The users of the load: one class, so that the gateway's own caches are full soon."""

SHORT = 45.0
"""Seconds of load in which a single event happens for certain."""


@dataclass(frozen=True)
class Case:
    """One gateway."""

    name: str
    about: str
    reported: frozenset[str] = frozenset()
    """The metrics of which one must be found to grow; nothing: none may."""
    also: frozenset[str] = frozenset()
    """Those that may grow with them."""
    restarts: bool = False
    """Whether a restart of a worker must be reported; otherwise none may be."""
    stays_open: bool = False
    """Whether open connections of clients must be reported; otherwise none may be."""
    seconds: float | None = None
    """Duration of the load in seconds, if less is needed than for growth."""
    needs: str | None = None
    """A program that the case requires."""
    postgresql: bool = False
    """Whether the gateway uses PostgreSQL and Redis with several workers."""


CASES = (
    Case("memory", "keeps 128 KiB of each request", frozenset({"rss", "pss"})),
    Case("descriptors", "leaves a file open after every 4th request", frozenset({"descriptors"})),
    Case(
        "connections",
        "leaves a connection to Redis open after every 4th",
        frozenset({"cache"}),
        also=frozenset({"descriptors"}),
        needs="redis-server",
    ),
    Case(
        "latency",
        "each request waits 0.2 ms longer than the one before",
        frozenset({"latency p50", "latency p95"}),
    ),
    Case("streams", "five endless streams, whose clients remain", stays_open=True, seconds=SHORT),
    Case(
        "restart",
        "one of two workers dies at its 100th request",
        restarts=True,
        seconds=SHORT,
        postgresql=True,
    ),
    Case("none", "the gateway as it is"),
    Case("warms_up", "fills a cache with 40 MiB and then no more"),
    Case("saw_tooth", "gathers 30 MiB and frees it, again and again"),
)


@dataclass(frozen=True)
class Outcome:
    """The verdict on one gateway."""

    case: Case
    endurance: Endurance
    requests: int
    restarts: tuple[str, ...]
    left_open: int | None
    """None if not sampled: on PostgreSQL the interval exceeds the short cool-down; that is not a failure."""

    @property
    def growing(self) -> tuple[str, ...]:
        """Metrics that were found to grow."""
        return tuple(dict.fromkeys(one.metric for one in self.endurance.trending(Trend.GROWING)))

    @property
    def reported(self) -> tuple[str, ...]:
        """Everything that is reported about the gateway."""
        return (
            *self.growing,
            *(("restart",) if self.restarts else ()),
            *(("streams remain open",) if self.left_open else ()),
        )

    @property
    def injected(self) -> bool:
        """Whether there was a fault to be found."""
        return bool(self.case.reported or self.case.restarts or self.case.stays_open)

    @property
    def right(self) -> bool:
        """Whether exactly the fault was reported, or nothing for a healthy gateway."""
        if bool(self.restarts) != self.case.restarts:
            return False
        if bool(self.left_open) != self.case.stays_open or not self.endurance.growth:
            return False
        growing = set(self.growing)
        return bool(self.case.reported & growing) == bool(self.case.reported) and (
            growing <= self.case.reported | self.case.also
        )

    @property
    def text(self) -> str:
        """What was found, in a line."""
        if self.case.restarts:
            return "; ".join(self.restarts) or "no restart"
        if self.case.stays_open:
            return f"{self.left_open or 'no'} connections of clients stayed open after the load"
        wanted = self.case.reported or {"rss"}
        texts = [one.text for one in self.endurance.growth if one.metric in wanted]
        return texts[0] if texts else "nothing was sampled"


def measure(case: Case, *, gateway: str, home: Path, reports: Path, seconds: float) -> Outcome:
    """Boot ``gateway`` with the fault of ``case``, drive it for ``seconds``, and return the verdict."""
    seconds = case.seconds or seconds
    size = Size(profile="soak", users=USERS, spawn_rate=USERS, run_time=seconds, processes=1)
    reports.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        extra = {"PYTHONPATH": str(INJECTED)}
        if case.name != "none":
            extra["LOADTEST_FAULT"] = case.name
        environ: dict[str, str] = {}
        if case.postgresql:
            home = stack.enter_context(_services(home, reports))
        elif case.needs:
            port = stack.enter_context(_redis(reports))
            environ["REDIS_URL"] = f"redis://{LOOPBACK}:{port}/0"
            extra["LOADTEST_FAULT_PORT"] = str(port)
        held = stack.enter_context(
            booted(
                parse_source(gateway),
                home=home,
                database="postgres" if case.postgresql else None,
                environ=environ,
                overrides=extra,
                log_copy=reports / "gateway.log",
            )
        )
        environment = locust_environment(
            target_of(held, size, reports),
            size,
            explicit=frozenset({"users", "spawn-rate", "run-time"}),
        )
        with (reports / "locust.log").open("wb") as log:
            subprocess.run(
                locust_command([CLASS]),
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=seconds + 120,
                check=False,
            )
        time.sleep(QUIET)
        run = enrich(read_run(reports / "run.json"), held)
    run = replace(run, settings=replace(run.settings, profile="soak"))
    (reports / "run.json").write_bytes(_encoded(run))
    if case.name != "none" and f"fault injected: {case.name}" not in (reports / "gateway.log").read_text():
        raise AssertionError(f"{case.name}: the fault did not reach the gateway")
    return Outcome(case, assess_endurance(run, {}), run.requests, restarted(run), left_open(run))


def missing(case: Case) -> str | None:
    """Return why ``case`` cannot be shown here, if it cannot."""
    if case.postgresql:
        try:
            find()
        except UsageError as error:
            return str(error)
    return f"{case.needs} is not installed" if case.needs and not shutil.which(case.needs) else None


@contextlib.contextmanager
def _redis(directory: Path) -> Iterator[int]:
    with reserved_ports(1) as (port,):
        command = [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            LOOPBACK,
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        with (directory / "redis.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=directory, env=_plain()
            )
        try:
            yield port
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def _services(home: Path, directory: Path) -> Iterator[Path]:
    """A LOADTEST_HOME with services of its own and the installations of ``home``."""
    own = (directory / "home").absolute()
    own.mkdir(exist_ok=True)
    if not (own / "gateways").exists():
        (own / "gateways").symlink_to(home.absolute() / "gateways")
    up(own)
    try:
        yield own
    finally:
        down(own)


def _plain() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _encoded(run: object) -> bytes:
    import msgspec

    return msgspec.json.encode(run) + b"\n"
