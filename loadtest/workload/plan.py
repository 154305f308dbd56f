"""Plan of a soak: its arrival rate, and its stages scaled to the run time; the arrival rate of the mix of other loads.

Pure data and arithmetic; :mod:`loadtest.workload.execution` executes the plan.
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
"""Seconds after which the plan starts even if a scenario of the first sweep hangs."""

MIX_LOAD = 0.5
"""Rate of the mix of a load without a plan, as a share of the scenarios per second that the first sweep measured."""

MIX_REALISTIC = 0.85
"""Share of the realistic mix in it."""

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]


class StageShare(Record, frozen=True, kw_only=True):
    """Share of the run time that a stage takes."""

    share: Share
    most: Positive | None = None
    """Maximum in seconds; in a longer run the plateau is longer instead."""

    def seconds(self, run_time: float) -> float:
        """Return the length of the stage in a run of ``run_time`` seconds."""
        return min(self.share * run_time, self.most or run_time)


class Soak(Record, frozen=True, kw_only=True):
    """A load with an arrival rate and a plan of stages."""

    rate: Positive
    """Scenario starts per second on the plateau."""
    spike_factor: Annotated[float, Meta(ge=1)]
    """Factor of the rate in the spike."""
    realistic: Annotated[float, Meta(ge=0, le=1)]
    """Share of the realistic mix among the scenario starts; the others take turns."""
    streams: Annotated[int, Meta(ge=0)]
    """Users that hold a stream open instead; at most half of all users."""
    held: Positive
    """Seconds that each stream stays open, if the run is long enough."""
    sweepers: Annotated[int, Meta(ge=1)]
    """Users of the first sweep."""
    ramp_up: StageShare
    spike: StageShare
    recovery: StageShare
    cool_down: StageShare

    def __post_init__(self) -> None:
        """Reject a plan without a plateau.

        Raises:
            ValueError: the other stages take the whole run time.
        """
        if sum(part.share for part in (self.ramp_up, self.spike, self.recovery, self.cool_down)) >= 1:
            raise ValueError("shares of ramp_up, spike, recovery and cool_down: expected less than 1 in all")


class ArrivalRate(msgspec.Struct, frozen=True, kw_only=True):
    """Arrival rate as a user follows it."""

    period: float
    """Seconds between two scheduled starts of one user."""
    realistic: float
    held: float
    """Seconds that a stream stays open."""
    seed: int = 0


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """Users of a soak, by task."""

    holders: int
    """Users that hold streams."""
    paced: int
    """Users that start scenarios on schedule, on the plateau."""
    extra: int
    """Additional users in the spike."""

    @property
    def plateau(self) -> int:
        """All users on the plateau."""
        return self.holders + self.paced

    @property
    def peak(self) -> int:
        """All users in the spike."""
        return self.plateau + self.extra


def allocate_users(soak: Soak, users: int, *, streams: bool = True) -> Staffing:
    """Divide ``users``, the number on the plateau, into tasks; without ``streams`` none holds a stream."""
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


def mix_rate(scenarios: int, seconds: float, gateways: int) -> float:
    """Return the scenario starts per second of the mix on one gateway, which are below what it can sustain.

    In a first sweep of ``seconds``, ``gateways`` ran ``scenarios``, as fast as they could.
    """
    return MIX_LOAD * scenarios / seconds / gateways


def plan_stages(soak: Soak, staffing: Staffing, run_time: float) -> tuple[LoadStage, ...]:
    """Return the stages of a run of ``run_time`` seconds, from 0 on, without gaps."""
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

    def stages() -> Iterator[LoadStage]:
        at = 0.0
        for name in ("ramp-up", "plateau", "spike", "recovery", "cool-down"):
            if lengths[name] > 0:
                yield LoadStage(name=name, start=at, end=at + lengths[name], rate=rates.get(name, soak.rate))
            at += lengths[name]

    *before, last = stages()
    return (*before, replace(last, end=run_time))
