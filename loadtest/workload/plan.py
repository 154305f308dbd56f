"""What a soak is made of: the rate at which scenarios begin, and the stretches of its plan, scaled to its time.

Pure data and arithmetic; :mod:`loadtest.workload.shape` carries the plan out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from loadtest.core.record import Record
from loadtest.results.measurements import LoadStage

MAX_SWEEP_TIME = 180.0
"""Seconds after which the plan begins even if a scenario of the first sweep hangs."""

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]


class StageShare(Record, frozen=True, kw_only=True):
    """How much of the run time a stretch takes."""

    share: Share
    most: Positive | None = None
    """Seconds; a longer run makes the plateau longer instead."""

    def seconds(self, run_time: float) -> float:
        """Return the length of the stretch in a run of ``run_time`` seconds."""
        return min(self.share * run_time, self.most or run_time)


class Soak(Record, frozen=True, kw_only=True):
    """A load with an arrival rate, whose size changes by plan."""

    rate: Positive
    """Scenarios begun per second on the plateau."""
    spike_factor: Annotated[float, Meta(ge=1)]
    """Times the rate, in the spike."""
    realistic: Annotated[float, Meta(ge=0, le=1)]
    """Share of the realistic mix among the scenarios that are begun; the others are dealt evenly."""
    streams: Annotated[int, Meta(ge=0)]
    """Users who hold a stream open instead; half of all users at most."""
    held: Positive
    """Seconds that each stream stays open, if the run is long enough."""
    sweepers: Annotated[int, Meta(ge=1)]
    """Users who do every scenario once before the plan begins."""
    ramp_up: StageShare
    spike: StageShare
    recovery: StageShare
    cool_down: StageShare

    def __post_init__(self) -> None:
        """Refuse a plan without a plateau.

        Raises:
            ValueError: the other stretches take all the time.
        """
        if sum(part.share for part in (self.ramp_up, self.spike, self.recovery, self.cool_down)) >= 1:
            raise ValueError("shares of ramp_up, spike, recovery and cool_down: expected less than 1 in all")


class ArrivalRate(msgspec.Struct, frozen=True, kw_only=True):
    """What a user must know to keep to the rate."""

    period: float
    """Seconds between two intended starts of one user."""
    realistic: float
    held: float
    """Seconds that a stream is held open."""
    seed: int = 0


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """How many users make a soak."""

    holders: int
    """Those who hold streams."""
    paced: int
    """Those who begin scenarios by a schedule, on the plateau."""
    extra: int
    """Those who join them for the spike."""

    @property
    def plateau(self) -> int:
        """All users on the plateau."""
        return self.holders + self.paced

    @property
    def peak(self) -> int:
        """All users in the spike."""
        return self.plateau + self.extra


def allocate_users(soak: Soak, users: int, *, streams: bool = True) -> Staffing:
    """Return how ``users``, all who are there on the plateau, share the work; without ``streams`` none holds one."""
    holders = min(soak.streams, users // 2) if streams else 0
    paced = users - holders
    return Staffing(holders=holders, paced=paced, extra=round(paced * (soak.spike_factor - 1)))


def arrival_rate(soak: Soak, staffing: Staffing, run_time: float, seed: int = 0) -> ArrivalRate:
    """Return the start rate per user; no stream stays open for more than a quarter of ``run_time``."""
    return ArrivalRate(
        period=staffing.paced / soak.rate,
        realistic=soak.realistic,
        held=min(soak.held, run_time / 4),
        seed=seed,
    )


def plan_stages(soak: Soak, staffing: Staffing, run_time: float) -> tuple[LoadStage, ...]:
    """Return the stretches of a run of ``run_time`` seconds, from 0 on, without gaps."""
    parts = {
        "ramp-up": soak.ramp_up,
        "spike": soak.spike,
        "recovery": soak.recovery,
        "cool-down": soak.cool_down,
    }
    lengths = {name: part.seconds(run_time) for name, part in parts.items()}
    lengths["plateau"] = run_time - sum(lengths.values())
    peak = soak.rate * (staffing.paced + staffing.extra) / staffing.paced
    rates = {"spike": peak, "cool-down": 0.0}

    def stretches() -> Iterator[LoadStage]:
        at = 0.0
        for name in ("ramp-up", "plateau", "spike", "recovery", "cool-down"):
            if lengths[name] > 0:
                yield LoadStage(name=name, start=at, end=at + lengths[name], rate=rates.get(name, soak.rate))
            at += lengths[name]

    *before, last = stretches()
    return (*before, replace(last, end=run_time))
