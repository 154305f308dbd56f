"""Removed operations: offered by a known gateway version, but not by the gateway of a run."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from packaging.version import Version

from loadtest.judge.known import gateway_version
from loadtest.results.failures import Failure, ProblemKind, fingerprint
from loadtest.results.run import Run
from loadtest.versions.data import Exclusion, Removal

MESSAGE = "no longer offered"
"""Message of each failure; it contains no version, so that known failures still match when the version changes."""


@dataclass(frozen=True)
class Removals:
    """Result of comparing the contract of a run with that of a known version."""

    version: str = ""
    """The known version."""
    compared: int = 0
    """Number of operations compared."""
    why_not: str = "no known version to compare with"
    """Why nothing was compared; otherwise empty."""
    removed: Mapping[str, str] = field(default_factory=dict)
    """Operations that are no longer offered, each with a short explanation."""
    intended: Mapping[str, str] = field(default_factory=dict)
    """Intentionally removed operations, each with the reason."""
    unused: tuple[Removal, ...] = ()
    """Intended removals whose operations are all still offered."""

    def failures(self, run: Run) -> tuple[Failure, ...]:
        """Return a failure for each removed operation; its count is 0, because it was not called."""
        callers = {call.operation: one.name for one in reversed(run.plan) for call in one.calls}
        return tuple(
            Failure(
                fingerprint=fingerprint(name, ProblemKind.REMOVED, None, None, MESSAGE),
                operation=name,
                problem=ProblemKind.REMOVED,
                message=MESSAGE,
                count=0,
                scenario=callers.get(name),
            )
            for name in self.removed
        )


NOT_COMPARED = Removals()
"""Result without a comparison."""


def find_removals(
    run: Run,
    version: str | None,
    offered: Collection[str],
    *,
    exclusions: Iterable[Exclusion] = (),
    intended: Iterable[Removal] = (),
) -> Removals:
    """Compare the contract of ``run`` with the operations ``offered`` by ``version``.

    A gateway older than ``version`` is not compared, because the missing operations were added later. Excluded
    operations are skipped, and the names of path parameters are ignored.
    """
    if version is None or not offered:
        return NOT_COMPARED
    if run.contract is None:
        return Removals(version, why_not="the run record does not contain the contract of the gateway")
    own = gateway_version(run.gateway)
    if own is None:
        return Removals(version, why_not="the version of the gateway is unknown")
    if own < Version(version):
        return Removals(version, why_not=f"{own} is older than {version}, the known version")
    patterns = [re.compile(fnmatch.translate(one.operations)) for one in exclusions]
    wanted = [name for name in sorted(offered) if not any(pattern.match(name) for pattern in patterns)]
    present = {_without_names(name) for name in run.contract}
    missing = [name for name in wanted if _without_names(name) not in present]
    known = {_without_names(name) for name in offered}
    new = [name for name in run.contract if _without_names(name) not in known]
    prefix = run.gateway.prefix if run.gateway else ""
    planned = {
        name: one
        for name in missing
        for one in intended
        if fnmatch.fnmatchcase(name, _literal(one.operations))
    }
    return Removals(
        version,
        compared=len(wanted),
        why_not="",
        removed={
            name: f"{version} offers it{_now_at(name, run.contract, new, prefix)}"
            for name in missing
            if name not in planned
        },
        intended={name: one.reason for name, one in planned.items()},
        unused=tuple(one for one in intended if one not in planned.values()),
    )


def _now_at(name: str, contract: Collection[str], new: Iterable[str], prefix: str) -> str:
    """Return ``, now at GET /v1/v1/tools`` if exactly one new operation resembles ``name``."""
    other = name.removesuffix("/") if name.endswith("/") else f"{name}/"
    if other in contract:
        return f"; this gateway offers {other}"
    found = [one for one in new if _same_end(name, one)]
    return f", now at {_served(found[0], prefix)}" if len(found) == 1 else ""


def _same_end(one: str, other: str) -> bool:
    """Return whether both have the same method and the path of one ends with the path of the other."""
    (method, _, path), (other_method, _, other_path) = one.partition(" "), other.partition(" ")
    shorter, longer = sorted((_without_names(path), _without_names(other_path)), key=len)
    return method == other_method and len(shorter) > 1 and longer.endswith(shorter)


def _served(name: str, prefix: str) -> str:
    """Return the name with the served path if that contains a version prefix twice."""
    method, _, path = name.partition(" ")
    return f"{method} {prefix}{path}" if re.match(r"/v\d+/", path) else name


def _without_names(name: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", name)


def _literal(pattern: str) -> str:
    """Return an :mod:`fnmatch` pattern in which only ``*`` and ``?`` are special."""
    return pattern.replace("[", "[[]")
