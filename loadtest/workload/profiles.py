"""Profiles, the named sizes of a run, and the size that results from a profile and the settings."""

from __future__ import annotations

import math
from pathlib import Path

from msgspec.structs import replace

from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.core.settings import PROCESSES, PROFILE, RUN_TIME
from loadtest.workload.plan import Soak

PROFILES = Path(__file__).parent / "profiles.toml"

SWEEP_GRACE = 8
"""Run times by which an unfinished first sweep extends the load, so that a slow machine reaches a verdict too."""
SCENARIO_GRACE = 1.0
"""Seconds for each scenario of the sweep by which it does so if that is more: one gateway runs two of them a second."""
MAX_SWEEP_GRACE = 600.0
"""Seconds."""


def sweep_grace(run_time: float, scenarios: int) -> float:
    """Return the seconds by which an unfinished first sweep of ``scenarios`` extends a load of ``run_time`` seconds."""
    return min(max(run_time * SWEEP_GRACE, scenarios * SCENARIO_GRACE), MAX_SWEEP_GRACE)


class Profile(Record, frozen=True, kw_only=True):
    """A named size of a run."""

    users: int
    spawn_rate: float
    """Users per second."""
    run_time: str
    """``60s``, ``10m``, ``1h30m``."""
    about: str
    deep: bool = False
    """Whether scenarios of depth run: refusals and roles."""
    breadth: bool = False
    """Whether the first sweep ends once every operation was called."""
    criteria: tuple[str, ...] = ()
    """Criteria for its runs, unless others are given for the same metric; see ``docs/verdict.md``."""
    plan: Soak | None = None
    """Plan of a load with stages; without one, the mix follows after the first sweep, at a constant rate."""


class Size(Record, frozen=True, kw_only=True):
    """The size of a run."""

    profile: str
    users: int
    spawn_rate: float
    run_time: float
    """Seconds."""
    processes: int
    soak: Soak | None = None
    rate: float | None = None
    """Scenario starts per second of the mix; None to derive it from the first sweep."""
    deep: bool = False
    breadth: bool = False

    @property
    def words(self) -> str:
        """A short description."""
        given = self.soak.rate if self.soak else self.rate
        rate = "" if given is None else f", {given:g} scenarios/s"
        return f"{self.users} users{rate} for {self.run_time:.0f} s"


def profiles() -> dict[str, Profile]:
    """Return the profiles by name."""
    return read_toml(PROFILES, dict[str, Profile])


def criteria_of(profile: str) -> tuple[str, ...]:
    """Return the criteria of ``profile``; none if it is unknown."""
    known = profiles().get(profile)
    return known.criteria if known else ()


def size(
    *,
    profile: str | None = None,
    users: int | None = None,
    spawn_rate: float | None = None,
    run_time: float | None = None,
    processes: int | None = None,
    rate: float | None = None,
) -> Size:
    """Return the size of the profile, with the values that are given in place of its own.

    Raises:
        UsageError: the profile is unknown.
    """
    name = PROFILE.or_default(profile)
    known = profiles()
    if name not in known:
        raise UsageError(f"unknown profile {name!r}: expected {', '.join(known)}")
    base = known[name]
    if rate is not None and base.plan is not None:
        base = _at_rate(base, base.plan, rate)
    default_time = RUN_TIME.parse(base.run_time, f"{PROFILES.name}: {name}.run_time = ")
    return Size(
        profile=name,
        soak=base.plan,
        rate=None if base.plan else rate,
        deep=base.deep,
        breadth=base.breadth,
        users=base.users if users is None else users,
        spawn_rate=base.spawn_rate if spawn_rate is None else spawn_rate,
        run_time=default_time if run_time is None else run_time,
        processes=PROCESSES.or_default(processes),
    )


def _at_rate(profile: Profile, plan: Soak, rate: float) -> Profile:
    """Return ``profile`` at another rate, with the number of users that gives each of them the same time."""
    users = math.ceil(plan.streams + (profile.users - plan.streams) * rate / plan.rate)
    return replace(profile, users=users, plan=replace(plan, rate=rate))
