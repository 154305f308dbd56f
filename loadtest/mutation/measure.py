"""Measure the mutation score: a load without faults through the proxy, then loads with them."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec.structs import replace

from loadtest.app.drive import target_of
from loadtest.app.enrich import enrich
from loadtest.app.judging import FailureCounter, JudgingOptions, judge_run
from loadtest.app.locust_process import locust_environment
from loadtest.app.supervision import run_locust
from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.files import prepare_directory
from loadtest.core.progress import Progress
from loadtest.core.units import plural
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.gateway.running import RunningGateway
from loadtest.judge.checks.check import Severity
from loadtest.judge.verdict import Result, Verdict
from loadtest.mutation.batches import Batch, callers, make_batches
from loadtest.mutation.candidates import choose
from loadtest.mutation.faults import FaultKind, read_kinds
from loadtest.mutation.proxy import FaultProxy, running_proxy
from loadtest.mutation.report import MutationReport
from loadtest.mutation.routing import Router
from loadtest.mutation.score import Detection, Outcome, Seen, attribute, score
from loadtest.openapi.contracts import contract_of
from loadtest.results.run import Run, RunState, Scenario, read_run
from loadtest.workload.profiles import Size

USERS = 20
SPAWN_RATE = 20.0
MAX_LOAD = 900.0
"""Seconds that one load may take; it ends as soon as each of its scenarios has run."""


@dataclass(frozen=True)
class MutationOptions:
    """Which faults to inject."""

    seed: int = 0
    most: int | None = None
    """Operations for each kind of fault; None for all."""
    kinds: Collection[FaultKind] = tuple(FaultKind)
    operations: Sequence[str] = ()
    """Patterns of operations; empty for all."""
    tags: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all scenarios take part in the load without faults."""
        return not self.operations and not self.tags


@dataclass(frozen=True)
class _Load:
    """One load through the proxy."""

    run: Run
    verdict: Verdict


def measure(
    gateway: RunningGateway, options: MutationOptions, reports: Path, progress: Progress
) -> Iterator[MutationReport]:
    """Yield the mutation score of the load test on ``gateway`` after each load with faults; the last one is complete.

    The runs are written below ``reports``.

    Raises:
        UsageError: no scenario calls one of the operations.
        InconclusiveError: the load without faults failed, so that nothing can be concluded from the others.
    """
    scenarios = discover_scenarios()
    wanted = _wanted(scenarios, options.operations)
    with running_proxy(_proxy(gateway, scenarios)) as proxy:
        proxy.recording = True
        progress.log("baseline", f"{plural(len(wanted), 'scenario')} without faults")
        baseline = _load(gateway, proxy, wanted, options, reports / "baseline", progress)
        _check_baseline(baseline, options)
        proxy.recording = False
        observed = {
            name: found for name, found in proxy.exchanges.items() if _selected(name, options.operations)
        }
        faults = choose(observed, seed=options.seed, most=options.most, kinds=options.kinds)
        calls = callers(baseline.run.plan)
        batches, uncalled = make_batches(faults, calls)
        outcomes = [Outcome(fault=fault, detection=Detection.NOT_APPLIED) for fault in uncalled]
        unexplained: list[str] = []
        all_names = {one.name for one in discover_scenarios(deep=True)}
        usual = {check.text for check in baseline.verdict.checks}
        if not batches:
            yield _report(gateway, options, 0, outcomes, unexplained)
        for number, batch in enumerate(batches, start=1):
            names = all_names if batch.of_all else batch.scenarios
            words = f"{number} of {len(batches)}: {plural(len(batch.faults), 'fault')}"
            progress.log("load", f"{words} in {plural(len(names), 'scenario')}")
            proxy.inject(batch.faults)
            try:
                load = _load(
                    gateway, proxy, names, options, reports / f"load-{number}", progress, deep=batch.of_all
                )
            except InconclusiveError as error:
                # The other loads are still evidence; these faults count as not applied.
                progress.log("load", f"not judged: {error}")
                outcomes += [
                    Outcome(fault=fault, detection=Detection.NOT_APPLIED, example="the load did not finish")
                    for fault in batch.faults
                ]
            else:
                found, others = attribute(batch.faults, calls, proxy.applied, _seen(load, usual))
                outcomes += found
                unexplained += others
                progress.log("load", _result(batch, found, others))
            yield _report(gateway, options, number, outcomes, unexplained)


def _report(
    gateway: RunningGateway,
    options: MutationOptions,
    loads: int,
    outcomes: Sequence[Outcome],
    unexplained: Sequence[str],
) -> MutationReport:
    return MutationReport(
        gateway=gateway.source,
        version=gateway.version,
        seed=options.seed,
        loads=loads,
        kinds=score(outcomes, read_kinds()),
        outcomes=tuple(
            sorted(outcomes, key=lambda one: (list(FaultKind).index(one.fault.kind), one.fault.operation))
        ),
        unexplained=tuple(unexplained),
    )


def _wanted(scenarios: Sequence[Scenario], operations: Sequence[str]) -> frozenset[str]:
    """Return the names of the scenarios that call one of ``operations``; all of them without one."""
    found = frozenset(
        scenario.name
        for scenario in scenarios
        if not operations or any(_selected(call.operation, operations) for call in scenario.calls)
    )
    if not found:
        raise UsageError(f"--operation: no scenario calls {', '.join(operations)}")
    return found


def _selected(operation: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(operation, one.replace("[", "[[]")) for one in patterns)


def _proxy(gateway: RunningGateway, scenarios: Sequence[Scenario]) -> FaultProxy:
    named = {call.operation for scenario in scenarios for call in scenario.calls}
    return FaultProxy(
        target=gateway.host,
        admin=gateway.credentials.email,
        bearer=gateway.credentials.bearer(),
        router=Router({*named, *contract_of(gateway.data_version).operations}),
    )


def _load(
    gateway: RunningGateway,
    proxy: FaultProxy,
    scenarios: Collection[str],
    options: MutationOptions,
    reports: Path,
    progress: Progress,
    *,
    deep: bool = False,
) -> _Load:
    size = Size(
        profile="mutation",
        users=USERS,
        spawn_rate=SPAWN_RATE,
        run_time=MAX_LOAD,
        processes=1,
        soak=None,
        deep=deep,
    )
    prepare_directory(reports)
    with contextlib.suppress(FileNotFoundError):
        (reports / "run.json").unlink()
    target = replace(target_of(gateway, size, reports), host=proxy.address, only=tuple(sorted(scenarios)))
    arguments = ("--tags", *options.tags) if options.tags else ()
    judging, today = JudgingOptions(), dt.datetime.now(dt.UTC).date()
    run_locust(
        arguments,
        locust_environment(target, size),
        takes=MAX_LOAD,
        reports=reports,
        gateways=(gateway,),
        progress=progress,
        count=FailureCounter(judging, today),
    )
    path = reports / "run.json"
    if not path.exists():
        raise InconclusiveError(f"{reports / 'locust.log'}: Locust ended before it measured anything")
    run = enrich(read_run(path), gateway)
    if run.state is not RunState.COMPLETE:
        raise InconclusiveError(f"{path}: the load is {run.state}: {run.reason or 'see locust.log'}")
    return _Load(run, judge_run(run, judging, today))


def _check_baseline(load: _Load, options: MutationOptions) -> None:
    failing = [f"{one.failure.operation}: {one.failure.message}" for one in load.verdict.failing]
    if failing:
        raise InconclusiveError(f"the load without faults has failures: {'; '.join(failing[:3])}")
    if options.is_complete and load.verdict.result is not Result.PASS:
        raise InconclusiveError(f"the load without faults did not pass: {load.verdict.headline}")
    if load.run.sweep is None or load.run.sweep.unfinished:
        raise InconclusiveError("the load without faults did not finish")


def _seen(load: _Load, usual: Collection[str]) -> Seen:
    checks = [
        " ".join((check.text, *check.items))
        for check in load.verdict.checks
        if check.severity is Severity.FAILURE and check.text not in usual
    ]
    failures = [one.failure for one in load.verdict.failing if not one.removed]
    return Seen(failures=failures, scenarios=load.run.scenarios or (), checks=checks)


def _result(batch: Batch, outcomes: Sequence[Outcome], others: Sequence[str]) -> str:
    counts: Mapping[Detection, int] = {
        detection: sum(one.detection is detection for one in outcomes) for detection in Detection
    }
    words = ", ".join(f"{count} {detection}" for detection, count in counts.items() if count)
    return words + (f"; {plural(len(others), 'other failure')}" if others else "")
