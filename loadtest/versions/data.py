"""The data of each gateway version, one TOML file each: how to boot it and what to expect of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace
from packaging.version import InvalidVersion, Version

from loadtest.core.errors import UsageError
from loadtest.core.files import read_json, read_toml
from loadtest.core.record import Record
from loadtest.results.deployment import AppliesTo, Deployment
from loadtest.results.failures import ProblemKind

DIRECTORY = Path(__file__).parent


class KnownFailure(AppliesTo, frozen=True, kw_only=True):
    """An entry that excuses a failure of an operation until a date."""

    operation: str
    problem: ProblemKind
    reason: str
    owner: str
    expires: dt.date
    """The last day on which the entry is valid."""
    link: str | None = None
    status: int | None = None
    """None: any."""
    code: str | None = None
    """A JSON-RPC code; None: any."""
    message: str | None = None
    """The normalised message; None: any."""
    gateway: str | None = None
    """A version or a PEP 440 specifier, ``>=1.0,<1.1``; None: any."""
    sometimes: bool = False
    """Whether it occurs by chance, for example depending on the worker: a run without it does not make it stale."""
    title: str | None = None
    """For a fault of the gateway: the title of an issue; entries of one fault share it."""
    curl: str | None = None
    """For a fault of the gateway: a short command that reproduces it."""
    source: str | None = None
    """For a fault of the gateway: ``mcpgateway/admin.py:569``."""


GATEWAY = "gateway"
"""The owner of a known failure that is a fault of the gateway."""


class Exclusion(Record, frozen=True, kw_only=True):
    """Operations that are not called, and why."""

    operations: str
    """A pattern of :mod:`fnmatch` over ``METHOD /path``: ``* /_internal/*``."""
    reason: str


class Unchecked(Record, frozen=True, kw_only=True):
    """Documented elements of the input of operations that no call checks, and why."""

    operations: str
    """A name, or a pattern of :mod:`fnmatch` over ``METHOD /path``."""
    elements: tuple[str, ...]
    """Names as ``loadtest coverage --parameters`` shows them, or patterns: ``query render``, ``body tool.auth*``."""
    reason: str


class Removal(Record, frozen=True, kw_only=True):
    """Operations whose removal from the gateway is intended, and why."""

    operations: str
    """A name, or a pattern of :mod:`fnmatch` over ``METHOD /path``: ``* /admin/*``."""
    reason: str


class SkippedScenarios(Record, frozen=True, kw_only=True):
    """Scenarios that are not run on a version although it offers their operations, and why."""

    scenarios: tuple[str, ...]
    """Names: ``McpUser.progress``."""
    reason: str


class Drift(AppliesTo, frozen=True, kw_only=True):
    """A contract mismatch: a response that is correct although the contract does not describe it."""

    operation: str
    """A name, or a pattern of :mod:`fnmatch` over ``METHOD /path``."""
    reason: str
    status: int | None = None
    """An undocumented status."""
    media_type: str | None = None
    """The media type of a body that is not the documented JSON, ``text/html``; empty for a body without one."""
    violations: tuple[str, ...] = ()
    """Violations of the documented schema, as ``run.json`` shows them under ``differs`` of the operation:
    ``body: id is missing``. A body with any other violation is a failure."""


class Turns(AppliesTo, frozen=True, kw_only=True):
    """Operations that are called one at a time by all Locust processes of a machine."""

    reason: str
    """Why the gateway cannot handle them at the same time; shown in reports."""
    operations: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    others: tuple[str, ...] = ()
    """Patterns of matching operations that can be called at any time."""
    settle: float = 0.0
    """Seconds to wait after each response, for a gateway that responds before it commits."""


class InFlight(AppliesTo, frozen=True, kw_only=True):
    """The maximum number of concurrent requests."""

    reason: str
    """Why the gateway cannot handle more; shown in reports."""
    most: int
    """For all Locust processes of a machine together."""


class AllowedOperation(Record, frozen=True, kw_only=True):
    """An operation for which a scenario allows a response, and which never succeeds otherwise."""

    operation: str
    reason: str


class Switches(AppliesTo, frozen=True, kw_only=True):
    """Environment variables of a gateway on one deployment."""

    environment: dict[str, str]


class VersionData(Record, frozen=True, kw_only=True):
    """One gateway version: how to boot it and what to expect of it."""

    version: str
    python: str
    """Supported interpreters, as a PEP 440 specifier: ``>=3.11,<3.14``."""
    extras: tuple[str, ...] = ()
    """Extras of the package in the lock, which some features need."""
    requirements: tuple[str, ...] = ()
    """Further packages in the lock, as PEP 508 requirements."""
    exclude_newer: dt.date | None = None
    """The day whose package index the lock was resolved with; None: the day of locking."""
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings in addition to those of every version."""
    switches: tuple[Switches, ...] = ()
    """Those that only some deployments need; they go before ``environment``."""
    allowed: tuple[AllowedOperation, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    not_yet: dict[str, tuple[str, ...]] | None = None
    """Elements of each operation's input that are not checked yet, from the file next to the data file; None if there
    is no such file, in which case none are required."""
    skipped: tuple[SkippedScenarios, ...] = ()
    removed: tuple[Removal, ...] = ()
    """Operations whose removal in a later version is intended."""
    drift: tuple[Drift, ...] = ()
    known: tuple[KnownFailure, ...] = ()
    turns: Turns | None = None
    in_flight: InFlight | None = None

    def on(self, deployment: Deployment) -> VersionData:
        """Return what of it holds for a gateway on ``deployment``."""
        variables = [one.environment for one in self.switches if one.applies_to(deployment)]
        return replace(
            self,
            environment={
                name: value for each in (self.environment, *variables) for name, value in each.items()
            },
            switches=(),
            drift=tuple(one for one in self.drift if one.applies_to(deployment)),
            known=tuple(one for one in self.known if one.applies_to(deployment)),
            turns=self.turns if self.turns and self.turns.applies_to(deployment) else None,
            in_flight=self.in_flight if self.in_flight and self.in_flight.applies_to(deployment) else None,
        )

    def booted_as(self, other: VersionData) -> VersionData:
        """Return this data for a gateway that was booted with the settings of ``other``."""
        return replace(self, environment=other.environment, switches=other.switches)

    @property
    def lock(self) -> Path:
        """The hashed lock file next to the data file."""
        return DIRECTORY / f"{self.version}.lock"


def available() -> tuple[str, ...]:
    """Return every version that has a data file, newest first."""
    names = [path.stem for path in DIRECTORY.glob("*.toml")]
    return tuple(sorted(names, key=Version, reverse=True))


def load(version: str) -> VersionData:
    """Return the data of ``version``.

    Raises:
        UsageError: there is no such version, or its file is invalid.
    """
    path = DIRECTORY / f"{version}.toml"
    if version not in available():
        raise UsageError(f"unknown gateway {version!r}: expected {', '.join(available())}, path:DIR or a URL")
    data = read_toml(path, VersionData)
    listed = not_yet_path(version)
    if not listed.is_file():
        return data
    return replace(data, not_yet=read_json(listed, dict[str, tuple[str, ...]], "a list of elements"))


def not_yet_path(version: str) -> Path:
    """Return the path of the list of elements that no call checks yet."""
    return DIRECTORY / f"{version}.unchecked.json"


def nearest(version: str | None, candidates: Sequence[str]) -> str:
    """Return the candidate whose number is nearest to ``version``; the newest if ``version`` is no version.

    Of the next older and the next newer candidate, it is the one that shares more parts of the release number, then the
    one fewer patches away, then the older one. ``1.0.6`` is nearer to ``1.0.7`` than to ``1.0.0rc1``, ``1.1.0`` nearer
    to ``1.0.7`` than to ``1.2.0``. ``1.0.0-RC-1``, as the gateway writes it, is ``1.0.0rc1``.
    Where a contract is available, :func:`loadtest.openapi.contracts.closest` is used instead.
    """
    ordered = sorted(candidates, key=Version)
    try:
        own = Version(version or "")
    except InvalidVersion:
        return ordered[-1]
    before = [one for one in ordered if Version(one) <= own][-1:]
    after = [one for one in ordered if Version(one) > own][:1]
    return min((*before, *after), key=lambda one: _distance(own, Version(one)))


def _distance(one: Version, other: Version) -> tuple[int, int]:
    """Return the number of parts from the first different one of the release number on, and its difference."""
    parts = ((one.major, other.major), (one.minor, other.minor), (one.micro, other.micro))
    for index, (left, right) in enumerate(parts):
        if left != right:
            return len(parts) - index, abs(left - right)
    return 0, 0
