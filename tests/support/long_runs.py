"""Long runs as small as they can be: one process, an even load, a figure that does something."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from sample_runs import clean

from loadtest.results.measurements import LoadStage, Moment, Process, ResourceSample, Timeline
from loadtest.results.run import Run

MIB = 1 << 20
PLAN = (
    LoadStage(name="ramp-up", start=0, end=100, rate=10),
    LoadStage(name="plateau", start=100, end=1300, rate=10),
    LoadStage(name="spike", start=1300, end=1400, rate=30),
    LoadStage(name="recovery", start=1400, end=1600, rate=10),
    LoadStage(name="cool-down", start=1600, end=1700, rate=0),
)


def sample(at: float, rss: float = 300, **more: object) -> ResourceSample:
    """Return a sample with ``rss`` in MiB."""
    made = ResourceSample(at=at, rss=int(rss * MIB), cpu=at, descriptors=40, threads=8, processes=1)
    return replace(made, **more)


def moment(at: float, *, p95: float | None = 100, requests: int = 100) -> Moment:
    return Moment(at=at, requests=requests, failures=0, users=8, p50=20, p95=p95)


def soak(
    rss: Callable[[float], float] = lambda _: 300,
    *,
    moments: Callable[[float], Moment] = moment,
    seconds: int = 1700,
    plan: tuple[LoadStage, ...] = PLAN,
    **more: object,
) -> Run:
    """Return a soak of ``seconds``, sampled every 5 s, in steps of 10 s."""
    here = clean()
    made = replace(
        here,
        duration=float(seconds),
        settings=replace(here.settings, profile="soak"),
        resources=tuple(sample(at, rss(at)) for at in range(-10, seconds + 15, 5)),
        timeline=Timeline(
            width=10, moments=tuple(moments(at) for at in range(0, seconds, 10)), stretches=plan
        ),
    )
    return replace(made, **more)


def process(pid: int, began: float, ended: float | None = None, name: str = "gunicorn") -> Process:
    until = 1700 if ended is None else ended
    return Process(
        pid=pid,
        name=name,
        began=began,
        ended=ended,
        samples=tuple(sample(at) for at in range(int(max(began, 0)), int(until), 5)),
    )
