"""A soak of half an hour: one of two workers keeps memory, the other is restarted; failures come in one minute."""

from __future__ import annotations

import math
import random

from msgspec.structs import replace
from sample_runs import VERSION, clean, failure, latency, operation

from loadtest.results.latency import Latency
from loadtest.results.measurements import (
    LoadStage,
    Minute,
    Moment,
    Process,
    Reading,
    ResourceSample,
    Store,
    Timeline,
)
from loadtest.results.run import Run
from loadtest.results.target import Gateway

LASTS = 1800.0
EVERY = 15.0
"""Seconds between samples."""
RESTARTED = 1000.0
STRETCHES = (
    LoadStage(name="ramp-up", start=0.0, end=120.0, rate=10.0),
    LoadStage(name="plateau", start=120.0, end=1080.0, rate=10.0),
    LoadStage(name="spike", start=1080.0, end=1200.0, rate=25.0),
    LoadStage(name="recovery", start=1200.0, end=1680.0, rate=10.0),
    LoadStage(name="cool-down", start=1680.0, end=1800.0, rate=0.0),
)


def rate(at: float) -> float:
    stretch = next((one for one in STRETCHES if one.start <= at < one.end), STRETCHES[-1])
    if stretch.name == "ramp-up":
        return stretch.rate * (at - stretch.start) / (stretch.end - stretch.start)
    return stretch.rate


def samples(pid: int, began: float, ended: float, grows: float) -> tuple[ResourceSample, ...]:
    """Return a worker's samples; ``grows`` is in bytes per second, on top of a warm-up and a saw-tooth."""
    noise = random.Random(pid)
    times = [began + EVERY * n for n in range(math.ceil((ended - began) / EVERY))]
    return tuple(
        ResourceSample(
            at=at,
            rss=int(
                250e6
                + 60e6 * (1 - math.exp(-(at - began) / 120))
                + grows * (at - began)
                + 2e6 * ((at / EVERY) % 6)
                + noise.uniform(0, 1e6)
            ),
            cpu=round(0.02 * rate(at) * (at - began), 3),
            descriptors=40 + int(rate(at)),
            threads=12,
            processes=1,
            pss=int(200e6 + grows * (at - began) + noise.uniform(0, 1e6)),
            database=6,
            cache=4,
            clients=int(2 * rate(at)) or 1,
        )
        for at in times
    )


def summed(processes: tuple[Process, ...]) -> tuple[ResourceSample, ...]:
    found: dict[float, list[ResourceSample]] = {}
    for process in processes:
        for sample in process.samples:
            found.setdefault(sample.at, []).append(sample)
    used = 0.0
    sums = []
    for at, members in sorted(found.items()):
        used += 0.3 * rate(at)
        sums.append(
            ResourceSample(
                at=at,
                rss=sum(one.rss for one in members),
                cpu=round(used, 3),
                descriptors=sum(one.descriptors for one in members),
                threads=sum(one.threads for one in members),
                processes=len(members),
                pss=sum(one.pss or 0 for one in members),
                database=sum(one.database or 0 for one in members),
                cache=sum(one.cache or 0 for one in members),
                clients=sum(one.clients or 0 for one in members),
            )
        )
    return tuple(sums)


def durations(number: int) -> Latency | None:
    """Return the latency of one minute: slow in the spike, and a little after it."""
    noise = random.Random(1000 + number)
    slow = 8.0 if 18 <= number < 21 else 1.0
    return latency(*(noise.gammavariate(2, 15) * slow for _ in range(int(60 * rate(number * 60.0 + 30)))))


def soak() -> Run:
    processes = (
        Process(pid=100, name="gunicorn", began=-20.0, samples=samples(100, 0.0, LASTS, 0.0)),
        Process(pid=101, name="gunicorn", began=-18.0, samples=samples(101, 0.0, LASTS, 60_000.0)),
        Process(
            pid=102, name="gunicorn", began=-18.0, ended=RESTARTED, samples=samples(102, 0.0, RESTARTED, 0.0)
        ),
        Process(pid=103, name="gunicorn", began=RESTARTED + 2, samples=samples(103, 1005.0, LASTS, 0.0)),
    )
    minutes = tuple(
        Minute(at=60.0 * n, requests=known.count, latency=known)
        for n in range(28)
        if (known := durations(n)) is not None
    )
    steps = [16.0 * n for n in range(112)]
    bad = failure(
        "GET /tools", "Internal Server Error", 40, first=1090.0, last=1199.0, minutes={18: 25, 19: 15}
    )
    here = clean()
    first, *others = here.operations
    return replace(
        here,
        started="2026-03-01T02:00:00Z",
        duration=LASTS,
        settings=replace(here.settings, profile="soak", users=60, run_time=LASTS),
        gateway=Gateway(
            version=VERSION.version, source=VERSION.version, data=VERSION.version, database="postgresql"
        ),
        operations=(operation(first.name, 2000, 40, scenario=first.scenario, first_success=0.4), *others),
        failures=(bad,),
        processes=processes,
        resources=summed(processes),
        stores=(
            Store(
                name="table tool_metrics",
                readings=tuple(
                    Reading(at=60.0 * n, rows=300 * n, bytes=65_536 + 40_000 * n) for n in range(30)
                ),
            ),
            Store(name="log", readings=tuple(Reading(at=60.0 * n, bytes=120_000 * n) for n in range(30))),
        ),
        timeline=Timeline(
            width=16.0,
            moments=tuple(
                Moment(
                    at=at,
                    requests=int(16 * rate(at)),
                    failures=3 if 1080 <= at < 1200 else 0,
                    users=int(2 * rate(at)),
                    p50=30.0,
                    p95=400.0 if 1080 <= at < 1260 else 80.0,
                    p99=900.0 if 1080 <= at < 1260 else 120.0,
                )
                for at in steps
            ),
            minutes=minutes,
            stretches=STRETCHES,
        ),
    )
