"""Runs to judge and to render: what each shows is in its name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from msgspec.structs import replace

from loadtest.results.failures import Example, Failure, ProblemKind, fingerprint, normalise
from loadtest.results.latency import Histogram, Latency
from loadtest.results.measurements import Acceptance, CallBucket, CallsOverTime, Operation, ResourceSample
from loadtest.results.run import (
    Environment,
    Generator,
    Pause,
    Phase,
    PlannedCall,
    Run,
    RunState,
    Scenario,
    Settings,
    Sweep,
)
from loadtest.results.target import Backend, Death, EntityCount, Gateway
from loadtest.versions.data import Drift, Exclusion, KnownFailure, VersionData

TODAY = dt.date(2026, 3, 1)

HOSTILE = "<script>alert(1)</script> ]]> ::error::x `code` | pipe\x00\ud800\ufffe\x1b[31m & \"q\" 'a' @all #1 ##[error]"


def latency(*durations: float) -> Latency | None:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    return histogram.summary()


def operation(
    name: str, successes: int = 0, failures: int = 0, *, area: str = "tools", **more: object
) -> Operation:
    """Return an operation; ``requests`` is what its parts add up to."""
    drift = int(str(more.get("drift", 0)))
    acceptances = more.get("acceptances", ())
    assert isinstance(acceptances, tuple)
    refusals = int(str(more.get("refusals", 0)))
    requests = successes + failures + drift + refusals + sum(a.count for a in acceptances)
    made = Operation(name=name, area=area, requests=requests, successes=successes, failures=failures)
    made = replace(made, latency=latency(*(10.0 + n for n in range(requests))), over_time=over_time(made))
    return replace(made, **more)


def over_time(made: Operation) -> CallsOverTime | None:
    """Return the calls of an operation, one every four seconds, the failed ones first."""
    if made.requests < 2:
        return None
    return CallsOverTime(
        width=4,
        buckets=tuple(
            CallBucket(number=n, requests=1, failures=int(n < made.failures), mean=10.0 + n)
            for n in range(min(made.requests, 15))
        ),
    )


def failure(name: str, message: str = "Internal Server Error", count: int = 1, **more: object) -> Failure:
    """Return a failure with the fingerprint that belongs to it; a 500 unless ``more`` sets another status."""
    made = Failure(
        fingerprint="",
        operation=name,
        problem=ProblemKind.STATUS,
        message=normalise(message),
        status=500,
        count=count,
        first=1.0,
        last=41.5,
    )
    made = replace(made, **more)
    mark = fingerprint(name, made.problem, made.status, made.code, made.message)
    return replace(made, fingerprint=mark)


def known(name: str, **more: object) -> KnownFailure:
    entry = KnownFailure(
        operation=name,
        problem=ProblemKind.STATUS,
        reason="fixed in the next release",
        owner="gateway team",
        expires=dt.date(2026, 12, 31),
    )
    return replace(entry, **more)


def run(**more: object) -> Run:
    """Return a complete run of nothing on the gateway of the stored runs."""
    made = Run(
        state=RunState.COMPLETE,
        started="2026-03-01T04:00:00Z",
        duration=60.0,
        settings=Settings(
            host="http://127.0.0.1:4444",
            profile="pr",
            users=20,
            spawn_rate=5.0,
            run_time=60.0,
            user_classes=("ToolsUser",),
        ),
        environment=Environment(
            loadtest="0.1.0", locust="2.43.0", python="3.12.0", platform="Linux", cpus=2, memory=8_000_000_000
        ),
        gateway=Gateway(version=VERSION.version, source=VERSION.version),
        phases=(Phase(name="boot", seconds=6.2), Phase(name="load", seconds=60.0)),
        backends=(Backend(name="mcp", up=True, cpu_seconds=1.0),),
        resources=(ResourceSample(at=1.0, rss=300_000_000, cpu=1.0, descriptors=40, threads=8, processes=1),),
        entities=(EntityCount(kind="tools", before=3, after=3),),
        generator=Generator(cpu=4.0),
        sweep=Sweep(planned=2, done=2, finished_at=12.0),
    )
    return replace(made, **more)


CONTRACT = (
    "GET /tools",
    "POST /tools",
    "GET /tools/{tool_id}",
    "DELETE /roots/{uri}",
    "GET /version",
    "POST /rpc",
    "GET /_internal/state",
)
PLAN = (
    Scenario(
        name="ToolsUser.lifecycle",
        area="tools",
        file="loadtest/users/registry/tools.py",
        line=10,
        calls=(
            PlannedCall(operation="GET /tools", line=12),
            PlannedCall(operation="POST /tools", line=13),
            PlannedCall(operation="GET /tools/{tool_id}", line=14),
        ),
    ),
    Scenario(
        name="MiscUser.all",
        area="misc",
        file="loadtest/users/misc.py",
        line=20,
        calls=(
            PlannedCall(operation="DELETE /roots/{uri}", line=21),
            PlannedCall(operation="GET /version", line=22),
            PlannedCall(operation="POST /rpc tools/call", line=23),
        ),
    ),
)
VERSION = VersionData(
    version="1.0.7",
    python=">=3.11,<3.14",
    drift=(Drift(operation="GET /version", reason="answers with HTML, too", media_type="text/html"),),
    excluded=(Exclusion(operations="* /_internal/*", reason="called only by the gateway itself"),),
)


def clean() -> Run:
    return run(
        contract=CONTRACT,
        plan=PLAN,
        operations=(
            operation("GET /tools", 40, scenario="ToolsUser.lifecycle", first_success=0.4),
            operation("POST /tools", 10, scenario="ToolsUser.lifecycle", first_success=0.9),
            operation("GET /tools/{tool_id}", 9, scenario="ToolsUser.lifecycle", first_success=1.5),
            operation("DELETE /roots/{uri}", 5, area="misc", first_success=8.0),
            operation("GET /version", 5, area="misc", first_success=9.0),
            operation("POST /rpc tools/call", 30, area="misc", first_success=12.5),
        ),
    )


def failures() -> Run:
    example = Example(
        at=3.0,
        correlation_id="c0ffee",
        curl="curl -X POST http://127.0.0.1:4444/tools -H 'Authorization: Bearer ***' -d '{}'",
        status=500,
        answer='{"detail": "boom"}\nsecond line </pre> ``` | cell',
        log=("ERROR request failed", "Traceback (most recent call last):", "KeyError: 'name'"),
    )
    return replace(
        clean(),
        # A category excuses the failed deletion of a root in this version only.
        gateway=Gateway(version="1.0.0rc1", source=VERSION.version),
        operations=(
            operation("GET /tools", 40, 2, scenario="ToolsUser.lifecycle"),
            operation("POST /tools", 0, 7, scenario="ToolsUser.lifecycle"),
            operation(
                "GET /tools/{tool_id}",
                5,
                acceptances=(Acceptance(status=404, reason="the sweeper was faster", count=2),),
            ),
            operation("DELETE /roots/{uri}", 0, 4, area="misc"),
            operation("GET /version", 0, area="misc", drift=6),
            operation("POST /rpc tools/call", 30, 3, area="misc"),
        ),
        failures=(
            failure("POST /tools", count=5, scenario="ToolsUser.lifecycle", examples=(example,)),
            failure("POST /tools", "name taken", count=2, status=409, scenario="ToolsUser.lifecycle"),
            failure("GET /tools", "slow query", count=2, status=503, scenario="ToolsUser.lifecycle"),
            failure("DELETE /roots/{uri}", count=4),
            failure(
                "POST /rpc tools/call",
                "Tool invocation failed: [Errno -2] Name or service not known",
                count=3,
                problem=ProblemKind.JSONRPC,
                status=200,
                code="-32000",
            ),
        ),
        entities=(EntityCount(kind="tools", before=3, after=5),),
    )


KNOWN = (
    known("POST /tools", status=409, reason="names are not unique yet", expires=dt.date(2026, 2, 1)),
    known("GET /tools", status=503, link="https://github.com/IBM/mcp-context-forge/issues/1"),
    known("GET /tools/{tool_id}", reason="was broken once"),
)


def gateway_died() -> Run:
    return replace(
        clean(),
        state=RunState.ABORTED,
        reason="the gateway died",
        duration=41.0,
        gateway=Gateway(
            version=VERSION.version,
            source=VERSION.version,
            death=Death(at=41.0, signal=9),
            log_tail=("INFO served", "MemoryError ::error::now"),
        ),
        operations=(operation("GET /tools", 40, 900), operation("GET /version", 2, area="misc")),
        failures=(
            failure(
                "GET /tools",
                "Connection refused",
                900,
                problem=ProblemKind.CONNECTION,
                status=None,
            ),
        ),
        sweep=Sweep(planned=2, done=1, unfinished=("MiscUser.all",)),
    )


def empty() -> Run:
    return run(contract=CONTRACT, plan=PLAN, sweep=Sweep(planned=2, done=0, unfinished=("MiscUser.all",)))


def did_not_boot() -> Run:
    return run(
        state=RunState.ABORTED,
        reason="no answer from /health within 60 s",
        duration=0.0,
        gateway=Gateway(version=None, source="path:../gateway", log_tail=("ImportError: no module named x",)),
        backends=(),
        entities=(),
        sweep=None,
        generator=None,
    )


def interrupted() -> Run:
    return replace(failures(), state=RunState.INTERRUPTED, signal=15, duration=20.0)


def hostile() -> Run:
    """Every text that can come from outside is as bad as it can be; not stored, as JSON cannot hold it."""
    name = f"GET /{HOSTILE}"
    return replace(
        clean(),
        operations=(operation(name, 1, 5, area=HOSTILE, scenario=HOSTILE),),
        failures=(
            failure(
                name,
                count=5,
                message=HOSTILE,
                code=HOSTILE,
                scenario=HOSTILE,
                examples=(
                    Example(
                        at=1.0,
                        curl=HOSTILE,
                        answer=f"{HOSTILE}\n::error::line\n" + "x" * 1_000_000,
                        log=(HOSTILE, "\n::warning::y", "</pre></details><h1>"),
                    ),
                ),
            ),
        ),
        plan=(
            *PLAN,
            Scenario(
                name=HOSTILE, area=HOSTILE, file=HOSTILE, line=1, calls=(PlannedCall(operation=name, line=2),)
            ),
        ),
        gateway=Gateway(version=HOSTILE, source=HOSTILE, log_tail=(HOSTILE,)),
        backends=(Backend(name=HOSTILE, up=True, detail=HOSTILE),),
        entities=(EntityCount(kind=HOSTILE, before=1, after=2),),
        generator=Generator(saturated=True, detail=HOSTILE),
        started=HOSTILE,
    )


def paused() -> Run:
    """A run on a machine that was paused: a wait that expired meanwhile, and one that expired at other times, too."""
    stalled = {"problem": ProblemKind.TIMEOUT, "status": None, "scenario": "ToolsUser.lifecycle"}
    here = clean()
    failed = operation("GET /tools", 40, 2, scenario="ToolsUser.lifecycle")
    return replace(
        here,
        operations=(failed, *(one for one in here.operations if one.name != failed.name)),
        failures=(failure("GET /tools", "no answer: timed out", count=2, paused=2, **stalled),),
        generator=Generator(cpu=6.1, pauses=(Pause(at=31.0, seconds=4.2), Pause(at=40.0, seconds=0.9))),
    )


STORED: dict[str, Callable[[], Run]] = {
    "clean": clean,
    "failures": failures,
    "gateway-died": gateway_died,
    "did-not-boot": did_not_boot,
    "empty": empty,
    "interrupted": interrupted,
    "paused": paused,
}
