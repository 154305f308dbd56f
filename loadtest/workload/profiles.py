"""."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from loadtest.core.env import PROCESSES, RATE, SPAWN_RATE, USERS, seconds
from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.workload.plan import Soak

PROFILES = Path(__file__).parent / "profiles.toml"


class Profile(Record, frozen=True, kw_only=True):
    """A named size of run."""

    users: int
    spawn_rate: float
    """Users per second."""
    run_time: str
    """``60s``, ``10m``, ``1h30m``."""
    about: str
    criteria: tuple[str, ...] = ()
    """What its runs must measure up to, unless a person asks for something else; see ``docs/verdict.md``."""
    plan: Soak | None = None
    """The plan of a load with an arrival rate; without one users begin again when they are done."""


class Size(Record, frozen=True, kw_only=True):
    """How much load is made."""

    profile: str
    users: int
    spawn_rate: float
    run_time: float
    """Seconds."""
    processes: int
    soak: Soak | None = None

    @property
    def words(self) -> str:
        """The size in a few words."""
        rate = f", {self.soak.rate:g} scenarios/s" if self.soak else ""
        return f"{self.users} users{rate} for {self.run_time:.0f} s"


def profiles() -> dict[str, Profile]:
    """Return the profiles by name."""
    return read_toml(PROFILES, dict[str, Profile])


def criteria_of(profile: str) -> tuple[str, ...]:
    """Return what the runs of ``profile`` must measure up to; nothing for one that is not known."""
    known = profiles().get(profile)
    return known.criteria if known else ()


def size(
    *,
    profile: str | None = None,
    users: int | None = None,
    spawn_rate: float | None = None,
    run_time: str | None = None,
    processes: int | None = None,
    rate: float | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Size:
    """Return the size that options, then the environment, then the profile ask for.

    Raises:
        UsageError: an unknown profile, a figure that is none or not positive, or a rate for a profile that has
            none.
    """
    name = profile or environ.get("LOADTEST_PROFILE") or "pr"
    known = profiles()
    if name not in known:
        raise UsageError(f"unknown profile {name!r}: expected {', '.join(known)}")
    base = known[name]
    wanted = RATE.chosen(rate, environ, 0)
    if wanted:
        if base.plan is None:
            having = ", ".join(one for one, other in known.items() if other.plan)
            raise UsageError(f"rate {wanted:g}: profile {name!r} has no arrival rate, expected {having}")
        base = _at_rate(base, base.plan, wanted)
    return Size(
        profile=name,
        soak=base.plan,
        users=int(USERS.chosen(users, environ, base.users)),
        spawn_rate=SPAWN_RATE.chosen(spawn_rate, environ, base.spawn_rate),
        run_time=seconds(run_time or environ.get("LOADTEST_RUN_TIME") or base.run_time),
        processes=int(PROCESSES.chosen(processes, environ, 1)),
    )


def _at_rate(profile: Profile, plan: Soak, rate: float) -> Profile:
    """Return ``profile`` at another rate, with as many users as leave each of them the time that it has now."""
    users = math.ceil(plan.streams + (profile.users - plan.streams) * rate / plan.rate)
    return replace(profile, users=users, plan=replace(plan, rate=rate))
