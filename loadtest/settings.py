"""What a run is asked to do, from options, the environment and named profiles; and what Locust is told of it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from loadtest.address import parse_address
from loadtest.client.auth import Credentials
from loadtest.errors import UsageError
from loadtest.files import read_toml
from loadtest.footing import Footing, declared
from loadtest.locust_options import Mode
from loadtest.record import Record
from loadtest.soak.plan import Soak
from loadtest.versions import VersionData, load

PROFILES = Path(__file__).parent / "profiles.toml"
DEFAULT_HOST = "http://localhost:8080"
DEFAULT_ADMIN = "admin@example.com"


class Figure(Record, frozen=True):
    """A number that a person may set: the one declaration of its names and of what it may be."""

    variable: str
    option: str
    """Empty if only the variable sets it."""
    least: float
    most: float
    whole: bool = True

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return f"a {'whole ' if self.whole else ''}number from {self.least:g} to {self.most:.0f}"

    def read(self, environ: Mapping[str, str]) -> float | None:
        """Return what the variable says, None if it is not set or empty.

        Raises:
            UsageError: it is no number, or none of those that are expected.
        """
        text = environ.get(self.variable, "").strip()
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        return self._checked(number, f"{self.variable}={text[:_SHOWN]}")

    def chosen(self, given: float | None, environ: Mapping[str, str], default: float) -> float:
        """Return what the option says (``given``), else the variable, else the ``default``.

        Raises:
            UsageError: as :meth:`read`, for the option, too.
        """
        if given is not None:
            return self._checked(given, f"{self.option} {given:.15g}")
        read = self.read(environ)
        return default if read is None else read

    def _checked(self, number: float, shown: str) -> float:
        if not self.least <= number <= self.most or (self.whole and number != int(number)):
            raise UsageError(f"{shown}: expected {self.expected}")
        return number


USERS = Figure("LOADTEST_USERS", "--users", 1, 100_000)
SPAWN_RATE = Figure("LOADTEST_SPAWN_RATE", "--spawn-rate", 0.001, 10_000, whole=False)
PROCESSES = Figure("LOADTEST_PROCESSES", "--processes", 1, 1_000)
RATE = Figure("LOADTEST_RATE", "--rate", 0.001, 10_000, whole=False)
SETUP_SECONDS = Figure("LOADTEST_SETUP_SECONDS", "", 0, 86_400, whole=False)
LONGEST = 30 * 86_400
"""Seconds; no run and no wait takes longer."""
_SHOWN = 60
"""Characters of a wrong value that a message repeats."""


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


class Target(Record, frozen=True, kw_only=True):
    """What a Locust process must know to drive one gateway."""

    host: str
    """In the one spelling of :func:`loadtest.address.parse_address`; empty for a worker, whose master names it."""
    credentials: Credentials
    mode: Mode | None = None
    """None if Locust was started without ``loadtest``."""
    ui: bool = False
    """With Locust's web page."""
    secrets: tuple[str, ...] = ()
    """Further values that must not appear in anything that is written for others."""
    source: str = ""
    """What ``GATEWAY=`` said."""
    data: str | None = None
    """The version whose data file applies, if whoever booted the gateway knows it."""
    switches: str | None = None
    """The version with whose switches it was booted, if that is another one."""
    footing: Footing = Footing()
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings of the gateway that ``--set`` changed, as the record of the run shows them."""
    profile: str = "custom"
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of the backends that are up, by name."""
    failed_backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend did not come up, by name."""
    reports: str = "reports"
    processes: int = 1
    """Locust processes on this machine."""
    seed: int = 0
    soak: Soak | None = None
    run_time: float | None = None
    """Seconds that the profile says, for a load whose plan needs to know and that nobody told."""
    expect_workers: int = 0
    """Workers that a master waits for; 0 where Locust's own processes make the load."""
    workers_within: float = 0.0
    """Seconds that it waits for them."""

    @property
    def version_data(self) -> VersionData | None:
        """What is known of its version, with the switches that it was booted with; None if nothing is said of it."""
        if self.data is None:
            return None
        data = load(self.data)
        return data if self.switches is None else data.booted_as(load(self.switches))

    @property
    def turn_file(self) -> Path:
        """The file by which processes on this machine know whose turn it is."""
        return Path(self.reports) / ".turn"


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


def seconds(text: str, what: str = "run time") -> float:
    """Return the seconds of ``90``, ``90s``, ``1m30s`` or ``2h``; an error says ``what`` it is.

    Raises:
        UsageError: the text is no duration, or one of no time at all or of more than 30 days.
    """
    match = re.fullmatch(r"(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s?)?", text.strip())
    total = (
        sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
        if match
        else 0
    )
    if not 0 < total <= LONGEST:
        most = f"{LONGEST // 3600}h"
        raise UsageError(
            f"{what} {text[:_SHOWN]!r}: expected a duration such as 60s, 10m or 1h30m, at most {most}"
        )
    return float(total)


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that keeps gateway environments, templates and the state of a running gateway."""
    return Path(environ.get("LOADTEST_HOME") or ".loadtest").absolute()


def reports_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that reports are written to."""
    return Path(environ.get("LOADTEST_REPORTS_DIR") or "reports")


def credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials that a person gave for a gateway that runs already."""
    return Credentials(
        email=environ.get("LOADTEST_ADMIN_EMAIL") or environ.get("PLATFORM_ADMIN_EMAIL") or DEFAULT_ADMIN,
        password=environ.get("LOADTEST_ADMIN_PASSWORD") or environ.get("PLATFORM_ADMIN_PASSWORD") or None,
        jwt_secret=environ.get("LOADTEST_JWT_SECRET") or environ.get("JWT_SECRET_KEY") or None,
        token=environ.get("LOADTEST_TOKEN") or environ.get("MCPGATEWAY_BEARER_TOKEN") or None,
    )


def read_target(environ: Mapping[str, str] = os.environ) -> Target:
    """Return what this Locust process is to drive: what ``loadtest`` handed on, or what the environment says.

    Its host is empty if neither names one: Locust's own options or its master then do.

    Raises:
        UsageError: ``LOADTEST_TARGET`` is not what ``loadtest`` writes there, ``LOADTEST_HOST`` is no address, or no
            number of workers is one.
    """
    handed = environ.get("LOADTEST_TARGET")
    if handed:
        try:
            return msgspec.json.decode(handed, type=Target)
        except msgspec.DecodeError as error:
            raise UsageError(f"LOADTEST_TARGET: {error}") from error
    host = environ.get("LOADTEST_HOST", "").strip()
    return target_from(parse_address(host, "LOADTEST_HOST") if host else "", environ)


def target_from(host: str, environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target at ``host`` with the credentials and the deployment that the environment states."""
    return Target(
        host=host,
        credentials=credentials(environ),
        source=host,
        footing=declared(environ.get("DATABASE"), environ),
        reports=str(reports_directory(environ)),
    )


def hand_on(target: Target) -> dict[str, str]:
    """Return the environment variables by which :func:`read_target` reads ``target`` in another process.

    They hold secrets and belong into a child's environment only.
    """
    return {"LOADTEST_TARGET": msgspec.json.encode(target).decode()}
