"""The verdict on a terminal: checks by name, failures, and the next step. Not a file."""

from __future__ import annotations

from collections.abc import Iterator

from loadtest.core.console import Console
from loadtest.core.units import some
from loadtest.judge.checks.check import Severity
from loadtest.judge.criteria.criterion import CriterionOutcome
from loadtest.judge.failures import FailureStatus
from loadtest.judge.verdict import Result, Verdict
from loadtest.reports import cpu, removed
from loadtest.reports.commands import Commands
from loadtest.reports.evidence import title
from loadtest.reports.text import no_commands, one_line, printable
from loadtest.results.run import Run

MOST = 15
_COLOURS = {Result.PASS: "green", Result.FAIL: "red"}
_BAD = {Severity.FAILURE: "red", Severity.INCONCLUSIVE: "magenta", Severity.WARNING: "yellow"}


def print_verdict(
    run: Run, verdict: Verdict, console: Console | None = None, commands: Commands | None = None
) -> None:
    """Print checks, new failures, the next step, the ``commands`` for the reports and, last, the headline.

    Passed checks are listed only if the run passed.
    """
    console = console or Console()
    if verdict.tainted is not None:
        for line in verdict.tainted.items:
            console.line(plain(line, longest=500), dim=True)
    if run.gateway is not None and run.gateway.changed:
        console.line(plain(f"gateway settings changed: {run.gateway.changes}"))
    for check in verdict.checks:
        if check.severity is Severity.PASSED and verdict.result is Result.PASS:
            console.line(plain(f"passed: {check.check.value}: {check.text}"), dim=True)
    for finding in verdict.findings:
        console.line(
            plain(f"{finding.severity.value}: {finding.check.value}: {finding.text}"),
            fg=_BAD[finding.severity],
        )
    for result in verdict.criteria:
        if result.outcome is not CriterionOutcome.MET and verdict.tainted is None:
            console.line(plain(f"criterion {result.criterion.text}: {result.text}"), fg="red")
    if verdict.removed and verdict.tainted is None:
        _print_removed(verdict, console)
    failing = verdict.failed
    if failing and verdict.tainted is None:
        rows = [
            (
                plain(judged.failure.operation),
                plain(title(judged)),
                str(judged.failure.count),
                plain(judged.failure.fingerprint),
            )
            for judged in failing[:MOST]
        ]
        console.table(("operation", "failure", "count", "fingerprint"), rows)
        if len(failing) > MOST:
            console.line(f"… and {len(failing) - MOST} more (all {len(failing)} in run.json)")
    for line in (verdict.coverage.pace_line, cpu.cpu_line(run)):
        if line and verdict.tainted is None:
            console.line(line, dim=True)
    advice = next_step(run, verdict)
    if advice:
        console.line(no_commands(one_line(f"Next: {advice}", 2_000)))
    if commands is not None:
        for line in _closing(verdict, commands):
            console.line(plain(line, 1_000))
    console.line(
        no_commands(printable(verdict.headline)), fg=_COLOURS.get(verdict.result, "magenta"), bold=True
    )


def _closing(verdict: Verdict, commands: Commands) -> Iterator[str]:
    """Yield where the report is and how to open it, and for new failures how to reproduce and accept them."""
    yield f"Report: {commands.page}"
    yield f"Open it: {commands.open_page()}"
    if again := next((one.failure for one in verdict.failed if one.failure.scenario), None):
        yield f"Reproduce: {commands.repro(again.fingerprint)}"
    if verdict.failed:
        yield f"Accept new failures: {commands.accept()}"


def _print_removed(verdict: Verdict, console: Console) -> None:
    console.line(plain(f"{removed.headline(verdict)}:"), fg="red")
    if len(verdict.removed) <= removed.FEW:
        for judged in verdict.removed:
            console.line(plain(f"  {judged.failure.operation}: {judged.detail}"))
        return
    for area, members in removed.by_area(verdict).items():
        names = some((one.failure.operation for one in members), 2)
        console.line(plain(f"  {area} ({len(members)}): {names}"))
    console.line("  (all by name in summary.md, report.html and junit.xml)")


def next_step(run: Run, verdict: Verdict) -> str:
    """Return the next step; empty if there is nothing to do."""
    if verdict.tainted is not None:
        return verdict.tainted.advice
    failing = verdict.failing
    if failing:
        worst = failing[0]
        if worst.status is FailureStatus.EXPIRED and worst.entry is not None:
            return f"fix it, or extend {worst.entry.where} with a new expiry date and reason."
        if worst.category is not None:
            return worst.category.advice
        if worst.failure.scenario:
            return f"reproduce it: loadtest repro {worst.failure.fingerprint}"
        evidence = next((example.curl for example in worst.failure.examples if example.curl), "")
        return f"reproduce: {evidence}" if evidence else "read the evidence in summary.md."
    order = (Severity.INCONCLUSIVE, Severity.FAILURE, Severity.WARNING)
    for severity in order:
        for finding in verdict.findings:
            if finding.severity is severity:
                return finding.advice
    if any(result.outcome is CriterionOutcome.MISSED for result in verdict.criteria):
        return "compare with a run of the main branch: summary.md lists the slowest operations."
    if verdict.result is Result.INCONCLUSIVE:
        return "give the run more time or users, so that each criterion has enough samples."
    return ""


def plain(text: str, longest: int = 300) -> str:
    """Return external text as one line of plain text that neither a terminal nor a CI runner interprets."""
    return no_commands(one_line(text, longest)).replace("::", ": :")
