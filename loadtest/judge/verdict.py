"""The verdict: pass, fail or inconclusive, with the evidence. ``docs/verdict.md`` lists the rules."""

from __future__ import annotations

import datetime as dt
import signal
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain
from operator import attrgetter

from loadtest.core.errors import ExitCode
from loadtest.core.units import clock, plural
from loadtest.judge.against_base import AgainstBase, FailOnBreaking, compare_with_base
from loadtest.judge.categories import Categories
from loadtest.judge.checks.check import CheckInput, CheckResult, Severity
from loadtest.judge.checks.registry import run_checks
from loadtest.judge.comparison import Comparison
from loadtest.judge.coverage import Coverage, CoverageState, coverage_of
from loadtest.judge.coverage_level import CoverageLevel, coverage_level
from loadtest.judge.criteria.criterion import Criterion, CriterionOutcome, CriterionResult
from loadtest.judge.criteria.evaluate import CriteriaInput, judge_criteria
from loadtest.judge.failures import (
    FailOn,
    FailureStatus,
    JudgedFailure,
    by_status,
    in_report_order,
    judge_failures,
    removed_operations,
)
from loadtest.judge.growth.assess import assess_endurance
from loadtest.judge.growth.model import NOT_JUDGED, Endurance, Growth
from loadtest.judge.history import PastRun
from loadtest.judge.known import KnownFailureEntry, KnownFailures, entries, gateway_version
from loadtest.judge.removed import find_removals
from loadtest.pairs.assess import Speed
from loadtest.results.deployment import Deployment
from loadtest.results.failures import ProblemKind
from loadtest.results.latency import Latency
from loadtest.results.run import Run, RunState, latencies
from loadtest.versions.data import Removal, VersionData


class Result(StrEnum):
    """The result of a run."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INTERRUPTED = "interrupted"


_NOT_EXCUSED = frozenset({FailureStatus.NEW, FailureStatus.EXPIRED})
_OPERATION = attrgetter("failure.operation")


@dataclass(frozen=True)
class Verdict:
    """The judgement of one run."""

    result: Result
    exit_code: int
    headline: str
    """One line, shown first in every report."""
    fail_on: FailOn
    failures: tuple[JudgedFailure, ...]
    """Ordered by status, worst first, then by count."""
    by_operation: Mapping[str, Sequence[JudgedFailure]]
    """The failures of each operation, in the same order."""
    failing_operations: frozenset[str]
    """Operations with a failure that makes the run fail."""
    stale: tuple[KnownFailureEntry, ...]
    """Known failures to delete, because they no longer occur."""
    criteria: tuple[CriterionResult, ...]
    coverage: Coverage
    level: CoverageLevel | None
    """None if the run does not record what the contract documents."""
    checks: tuple[CheckResult, ...]
    """The result of every check, in order."""
    latency: Latency | None
    """Of all requests together, in ms."""
    area_latency: Mapping[str, Latency]
    """Of each area with requests, in ms."""
    endurance: Endurance = NOT_JUDGED
    """Growth, storage and recovery of a long run."""
    against: AgainstBase | None = None
    """Comparison with the base of the run, if it has one."""
    comparison: Comparison | None = None
    """Comparison with a baseline run, if one was given; informational only."""
    history: tuple[PastRun, ...] = ()
    """Earlier runs and this one, oldest first, if a directory of runs was given; informational only."""

    @property
    def growth(self) -> tuple[Growth, ...]:
        """The trend of each series of a long run; growing series first."""
        return self.endurance.growth

    @cached_property
    def failing(self) -> tuple[JudgedFailure, ...]:
        """The failures that make the run fail."""
        return _joined(self._failing)

    @cached_property
    def removed(self) -> tuple[JudgedFailure, ...]:
        """The operations among :attr:`failing` that are no longer offered."""
        return _joined(map(removed_operations, self._failing))

    @cached_property
    def failed(self) -> tuple[JudgedFailure, ...]:
        """The failed calls among :attr:`failing`."""
        return (
            tuple(judged for judged in self.failing if not judged.removed) if self.removed else self.failing
        )

    @cached_property
    def excused(self) -> tuple[JudgedFailure, ...]:
        """The failures that do not make the run fail: a known failure or a category excuses them."""
        groups = {status: group for status, group in self._by_status.items() if not group[0].fails}
        groups.pop(FailureStatus.INCONCLUSIVE, None)
        return _joined(groups.values())

    @property
    def excused_line(self) -> str:
        """``3 known failures, 2 failures also on base``: how many failures are :attr:`excused`, by status."""
        statuses = Counter(
            {status: len(group) for status, group in self._by_status.items() if not group[0].fails}
        )
        known = statuses[FailureStatus.KNOWN] + statuses[FailureStatus.CATEGORY]
        only = (FailureStatus.ALSO_ON_BASE, FailureStatus.UNCONFIRMED)
        parts = [plural(known, "known failure")] if known else []
        parts += [
            f"{plural(statuses[status], 'failure')} {status.value}" for status in only if statuses[status]
        ]
        return ", ".join(parts)

    @cached_property
    def undecided(self) -> tuple[JudgedFailure, ...]:
        """The failures that are no evidence, because the load generator was paused."""
        return self.with_status(FailureStatus.INCONCLUSIVE)

    @cached_property
    def _by_status(self) -> dict[FailureStatus, tuple[JudgedFailure, ...]]:
        return by_status(self.failures)

    @property
    def _failing(self) -> list[tuple[JudgedFailure, ...]]:
        """The failures that make the run fail, by status: all of one status do, or none."""
        return [group for group in self._by_status.values() if group[0].fails]

    @cached_property
    def findings(self) -> tuple[CheckResult, ...]:
        """The checks that did not pass."""
        ignored = (Severity.PASSED, Severity.NOT_MEASURED)
        return tuple(one for one in self.checks if one.severity not in ignored)

    @property
    def tainted(self) -> CheckResult | None:
        """The check that invalidates the failures of this run as evidence, if any."""
        return next((one for one in self.checks if one.taints), None)

    def with_status(self, *statuses: FailureStatus) -> tuple[JudgedFailure, ...]:
        """Return the failures with one of ``statuses``."""
        if len(statuses) == 1:
            return self._by_status.get(statuses[0], ())
        return _joined(group for status, group in self._by_status.items() if status in statuses)


def judge(
    run: Run,
    *,
    known: Iterable[KnownFailureEntry] = (),
    categories: Categories,
    criteria: Sequence[Criterion] = (),
    version_data: VersionData | None = None,
    offered: Collection[str] = (),
    intended: Iterable[Removal] = (),
    today: dt.date,
    fail_on: FailOn = FailOn.NEW,
    fail_on_breaking: FailOnBreaking = FailOnBreaking.REMOVED,
    require_scenarios: bool = False,
) -> Verdict:
    """Return the verdict on ``run``. ``known`` and ``intended`` extend the lists in ``version_data``.

    ``offered`` are the operations of that version: an operation that the gateway does not offer is a failure unless
    its removal is ``intended``.

    Raises:
        UsageError: a known failure of ``version_data`` or a histogram of ``run`` is invalid.
    """
    version = gateway_version(run.gateway)
    deployment = run.gateway.deployment if run.gateway else None
    listed = tuple(known)
    if version_data is not None:
        listed += entries(version_data.known, f"gateway version {version_data.version}")
        version_data = version_data.on(deployment or Deployment())
    matcher = KnownFailures(listed, version, deployment)
    removals = find_removals(
        run,
        version_data.version if version_data else None,
        offered,
        exclusions=version_data.excluded if version_data else (),
        intended=(*intended, *(version_data.removed if version_data else ())),
    )
    found, seen = judge_failures(
        (*run.failures, *removals.failures(run)),
        matcher,
        categories.on(version),
        today,
        fail_on,
        removals.removed,
    )
    against, judged = compare_with_base(run, found, fail_on, fail_on_breaking)
    counts = _counts(judged)
    failures, by_operation = in_report_order(judged)
    grouped = by_status(failures)
    undecided = grouped.get(FailureStatus.INCONCLUSIVE, ())
    undecided_operations = set(map(_OPERATION, undecided))
    coverage = coverage_of(
        run,
        excused=counts.others - counts.new.keys() - undecided_operations,
        exclusions=version_data.excluded if version_data else (),
        drift=version_data.drift if version_data else (),
        required=version_data is not None,
        allowed={one.operation for one in version_data.allowed} if version_data else (),
        interrupting=counts.new.keys()
        | undecided_operations
        | {
            one.failure.operation
            for one in grouped.get(FailureStatus.KNOWN, ())
            if one.entry and one.entry.known.sometimes
        },
        removed=removals.removed,
        intended=removals.intended,
        unchecked=version_data.unchecked if version_data else (),
        not_yet=version_data.not_yet if version_data else None,
    )
    succeeded = {
        o.name: o.area for o in coverage.operations if o.state is CoverageState.SUCCEEDED and not o.within
    }
    stale = matcher.stale(run, seen)
    unapplied = tuple(entry for entry in listed if version is None and entry.known.gateway is not None)
    endurance = assess_endurance(run, counts.new_by_minute)
    blocking = sum(len(group) for group in grouped.values() if group[0].fails)
    checks = run_checks(
        CheckInput(
            *(run, coverage, blocking, stale, unapplied, endurance, removals, against, undecided),
            require_scenarios=require_scenarios,
        )
    )
    latency, area_latency = latencies(run)
    results = judge_criteria(
        run, criteria, CriteriaInput(counts.new, succeeded, latency, counts.new_by_minute)
    )
    result = decide(run.state, [group[0] for group in grouped.values()], checks, results)
    return Verdict(
        result=result,
        exit_code=_exit_code(run, result, fail_on),
        headline=_headline(
            run, result, fail_on, grouped, blocking, stale, checks, results, coverage, latency, against
        ),
        fail_on=fail_on,
        failures=failures,
        by_operation=by_operation,
        failing_operations=frozenset(counts.failing),
        stale=stale,
        criteria=results,
        coverage=coverage,
        level=coverage_level(run, coverage),
        checks=checks,
        latency=latency,
        area_latency=area_latency,
        endurance=endurance,
        against=against,
    )


@dataclass(frozen=True)
class _Counts:
    """What is counted of the failures of a run by operation and minute."""

    others: set[str]
    """Operations with a failure that is excused, or that are no longer offered."""
    failing: set[str]
    """Operations with a failure that makes the run fail."""
    new: dict[str, int]
    """Calls that failed with a failure that is not excused, by operation."""
    new_by_minute: dict[int, int]


def _counts(failures: Iterable[JudgedFailure]) -> _Counts:
    others, failing = set[str](), set[str]()
    new, by_minute = defaultdict[str, int](int), defaultdict[int, int](int)
    for one in failures:
        failure = one.failure
        operation = failure.operation
        if one.fails:
            failing.add(operation)
        if one.status not in _NOT_EXCUSED or failure.problem is ProblemKind.REMOVED:
            others.add(operation)
            continue
        new[operation] += failure.count
        for minute, count in failure.minutes.items():
            by_minute[minute] += count
    return _Counts(others, failing, dict(new), dict(by_minute))


def _joined(groups: Iterable[tuple[JudgedFailure, ...]]) -> tuple[JudgedFailure, ...]:
    """Return the failures of all ``groups``; of a single group without a copy, as it may hold a million."""
    listed = list(groups)
    return listed[0] if len(listed) == 1 else tuple(chain.from_iterable(listed))


def decide(
    state: RunState,
    failures: Iterable[JudgedFailure],
    checks: Sequence[CheckResult],
    criteria: Sequence[CriterionResult],
) -> Result:
    """Return the result; the first rule that applies counts, as in the table in ``docs/verdict.md``."""
    if state is RunState.INTERRUPTED:
        return Result.INTERRUPTED
    if any(one.taints for one in checks):
        return Result.INCONCLUSIVE
    if any(judged.fails for judged in failures):
        return Result.FAIL
    severities = {one.severity for one in checks}
    if Severity.INCONCLUSIVE in severities:
        return Result.INCONCLUSIVE
    outcomes = {result.outcome for result in criteria}
    if Severity.FAILURE in severities or CriterionOutcome.MISSED in outcomes:
        return Result.FAIL
    if CriterionOutcome.INCONCLUSIVE in outcomes:
        return Result.INCONCLUSIVE
    return Result.PASS


def _exit_code(run: Run, result: Result, fail_on: FailOn) -> int:
    if result is Result.INTERRUPTED:
        return ExitCode.after(run.signal)
    if fail_on is FailOn.NEVER:
        return ExitCode.PASS
    codes = {
        Result.PASS: ExitCode.PASS,
        Result.FAIL: ExitCode.FAIL,
        Result.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    }
    return codes[result]


def _headline(
    run: Run,
    result: Result,
    fail_on: FailOn,
    failures: Mapping[FailureStatus, tuple[JudgedFailure, ...]],
    blocking: int,
    stale: tuple[KnownFailureEntry, ...],
    checks: tuple[CheckResult, ...],
    criteria: tuple[CriterionResult, ...],
    coverage: Coverage,
    latency: Latency | None,
    against: AgainstBase | None,
) -> str:
    gone = {
        status: len(removed_operations(members)) if members[0].fails else 0
        for status, members in failures.items()
    }
    statuses = Counter({status: len(members) - gone[status] for status, members in failures.items()})
    new, expired = statuses[FailureStatus.NEW], statuses[FailureStatus.EXPIRED]
    also, unconfirmed = statuses[FailureStatus.ALSO_ON_BASE], statuses[FailureStatus.UNCONFIRMED]
    known = statuses[FailureStatus.KNOWN] + statuses[FailureStatus.CATEGORY]
    removed = sum(gone.values())
    tainted = any(one.taints for one in checks)
    parts = []
    match result:
        case Result.INTERRUPTED:
            name = f" ({signal.Signals(run.signal).name})" if run.signal in set(signal.Signals) else ""
            parts.append(f"at {clock(run.duration)}{name}")
        case Result.INCONCLUSIVE:
            causes = [one.text for one in checks if one.severity is Severity.INCONCLUSIVE]
            causes += [
                f"{one.criterion.text}: {one.text}"
                for one in criteria
                if one.outcome is CriterionOutcome.INCONCLUSIVE
            ]
            parts.append(causes[0])
        case Result.PASS if coverage.total:
            parts.append(coverage.line)
    if tainted:
        parts += [f"{plural(blocking, 'failure')} not judged"] if blocking else []
    else:
        parts += [f"{plural(removed, 'operation')} no longer offered"] if removed else []
        if fail_on is FailOn.ANY:
            counts = ((new, "new"), (expired, "expired"), (known, "known"))
            listed = ", ".join(f"{count} {word}" for count, word in counts if count)
            if listed:
                parts.append(f"{plural(blocking - removed, 'failure')} ({listed})")
            elif not removed:
                parts.append("no failures")
        else:
            if new:
                parts.append(plural(new, "new failure"))
            elif not removed and result in (Result.PASS, Result.FAIL):
                parts.append("nothing new")
            if expired:
                parts.append(plural(expired, "expired known failure"))
    if known and fail_on is not FailOn.ANY:
        parts.append(plural(known, "known failure"))
    if stale:
        parts.append(plural(len(stale), "stale known failure"))
    if result is Result.FAIL:
        parts += [one.text for one in criteria if one.outcome is CriterionOutcome.MISSED]
        parts += [one.text for one in checks if one.severity is Severity.FAILURE]
    warnings = sum(one.severity is Severity.WARNING for one in checks) - bool(stale)
    if warnings:
        parts.append(plural(warnings, "warning"))
    if coverage.total and result is not Result.PASS:
        parts.append(coverage.line)
    p95 = latency.reported(95) if latency else None
    if p95 is not None:
        parts.append(f"p95 {p95:.0f} ms")
    word = result.value.upper()
    if against is None:
        return " · ".join((word, *parts))
    others = ((also, "also on base"), (unconfirmed, "unconfirmed"))
    parts += [f"{plural(number, 'failure')} {words}" for number, words in others if number]
    parts += [f"{len(against.fixed)} fixed"] if against.fixed else []
    faster = against.assessment.with_speed(Speed.FASTER)
    parts += [f"{plural(len(faster), 'operation')} faster"] if faster else []
    whole = against.assessment.overall
    parts += [f"all operations together {whole.text}"] if whole is not None and whole.faster else []
    return f"{word} vs {against.name}: " + " · ".join(parts)
