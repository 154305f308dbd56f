"""Judge a stored run and write its reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadtest.app.past_runs import read_past_runs
from loadtest.core.errors import ExitCode, InconclusiveError
from loadtest.core.files import prepare_directory
from loadtest.judge.against_base import FailOnBreaking
from loadtest.judge.categories import load_categories
from loadtest.judge.comparison import compare
from loadtest.judge.criteria.criterion import Criterion, parse, read_criteria
from loadtest.judge.failures import FailOn, FailureStatus, judge_failures
from loadtest.judge.history import history, past_run
from loadtest.judge.known import KnownFailures, entries, gateway_version
from loadtest.judge.known_file import read_baseline
from loadtest.judge.verdict import Verdict, judge
from loadtest.openapi.contracts import contract_of, path_of, with_areas
from loadtest.reports.writer import write_reports
from loadtest.results.run import Run, read_run
from loadtest.versions.data import load


@dataclass(frozen=True)
class JudgingOptions:
    """Options of ``loadtest run`` and ``loadtest report`` that determine the verdict."""

    known_failures: tuple[Path, ...] = ()
    categories: tuple[Path, ...] = ()
    criteria: tuple[str, ...] = ()
    """Expressions."""
    criteria_files: tuple[Path, ...] = ()
    fail_on: FailOn = FailOn.NEW
    fail_on_breaking: FailOnBreaking = FailOnBreaking.REMOVED
    """Breaking changes of the API against a base."""
    require_scenarios: bool = False
    """An operation without a scenario fails the run if no call from the contract succeeded."""
    baseline: Path | None = None
    """Earlier run for comparison."""
    history: Path | None = None
    """Directory with earlier runs."""


class ReportError(InconclusiveError):
    """Some reports could not be written, for instance because the disk is full."""

    def __init__(self, run: Run, verdict: Verdict, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.run = run
        self.verdict = verdict
        self.problems = problems
        """One line per file."""
        # Without its reports a pass is inconclusive; other verdicts keep their exit code.
        if verdict.exit_code != ExitCode.PASS:
            self.exit_code = ExitCode(verdict.exit_code)


def judge_run(run: Run, options: JudgingOptions, today: dt.date) -> Verdict:
    """Return the verdict on ``run``, with ``options`` and the data of its gateway version.

    Raises:
        UsageError: a file or an expression in ``options`` is not valid.
    """
    return _judge(with_areas(run), options, today)


def _judge(run: Run, options: JudgingOptions, today: dt.date) -> Verdict:
    """Return the verdict on ``run``, which has the areas of its gateway version."""
    data = run.gateway.data if run.gateway else None
    foreign = run.source == "csv"
    asked = criteria_in(options, any_name=foreign)
    baselines = [read_baseline(path) for path in options.known_failures]
    verdict = judge(
        run,
        known=[entry for one in baselines for entry in one.known],
        intended=[removal for one in baselines for removal in one.removed],
        offered=contract_of(data).operations if data and path_of(data).is_file() else (),
        categories=load_categories(options.categories),
        criteria=(*_usual(run, asked), *asked),
        version_data=load(data) if data else None,
        today=today,
        fail_on=options.fail_on,
        fail_on_breaking=options.fail_on_breaking,
        require_scenarios=options.require_scenarios,
    )
    if options.history is not None:
        now = past_run(run, verdict.result.value, current=True)
        verdict = replace(verdict, history=history(read_past_runs(options.history), now))
    if options.baseline is None:
        return verdict
    return replace(verdict, comparison=compare(run, read_run(options.baseline)))


def criteria_in(options: JudgingOptions, *, any_name: bool = False) -> tuple[Criterion, ...]:
    """Return the criteria that ``options`` contain; ``any_name`` allows any name as a scope.

    Raises:
        UsageError: a file or an expression is not valid.
    """
    expressions = (parse(text, any_name=any_name) for text in options.criteria)
    files = (one for path in options.criteria_files for one in read_criteria(path, any_name=any_name))
    return (*expressions, *files)


def _usual(run: Run, asked: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Return the criteria of the profile, without those for a metric and scope that ``asked`` contains."""
    own = {(one.metric, one.scope) for one in asked}
    usual = (parse(text, origin=f"profile {run.settings.profile}") for text in run.settings.criteria)
    return tuple(one for one in usual if (one.metric, one.scope) not in own)


@dataclass(frozen=True)
class FailureCounts:
    """Distinct failures of a run that has not ended."""

    new: int
    """New ones, and those whose known-failure entry has expired."""
    known: int
    undecided: int = 0
    """Those that the gateway's log may explain, which is read after the load."""


def count_all_as_new(run: Run) -> FailureCounts:
    """Count every failure as new."""
    return FailureCounts(len(run.failures), 0)


class FailureCounter:
    """Counts new and known failures of a run while it is measured; reads the options and the version data once."""

    def __init__(self, options: JudgingOptions, today: dt.date) -> None:
        self._today = today
        self._categories = load_categories(options.categories)
        self._own = [entry for path in options.known_failures for entry in read_baseline(path).known]
        self._matcher: KnownFailures | None = None

    def __call__(self, run: Run) -> FailureCounts:
        """Return the number of new, known and undecided failures so far."""
        if self._matcher is None:
            self._matcher = self._matcher_for(run)
        judged, _ = judge_failures(run.failures, self._matcher, self._categories, self._today, FailOn.NEW)
        failing = [one.failure for one in judged if one.fails]
        undecided = sum(self._categories.depends_on_log(one) for one in failing)
        return FailureCounts(
            len(failing) - undecided,
            sum(one.status in (FailureStatus.KNOWN, FailureStatus.CATEGORY) for one in judged),
            undecided,
        )

    def _matcher_for(self, run: Run) -> KnownFailures:
        data = run.gateway.data if run.gateway else None
        listed = (*self._own, *(entries(load(data).known, f"gateway version {data}") if data else ()))
        deployment = run.gateway.deployment if run.gateway else None
        return KnownFailures(listed, gateway_version(run.gateway), deployment)


def check_options(options: JudgingOptions) -> None:
    """Read all files in ``options``, so that an error is reported before the load starts.

    Raises:
        UsageError: a file or an expression is not valid.
    """
    for path in options.known_failures:
        read_baseline(path)
    load_categories(options.categories)
    criteria_in(options)
    if options.baseline is not None:
        read_run(options.baseline)
    if options.history is not None:
        read_past_runs(options.history)


def judge_and_report(run: Run, options: JudgingOptions, directory: Path, today: dt.date) -> Verdict:
    """Judge ``run``, write every report into ``directory``, and return the verdict.

    Raises:
        UsageError: something in ``options`` is not valid, or ``directory`` cannot be written to.
        ReportError: some reports could not be written.
    """
    prepare_directory(directory)
    run = with_areas(run)
    verdict = _judge(run, options, today)
    if problems := write_reports(run, verdict, directory):
        raise ReportError(run, verdict, problems)
    return verdict
