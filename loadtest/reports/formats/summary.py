"""``summary.md``: Markdown for a GitHub job summary or a pull request comment.

External text is escaped. If the file would exceed GitHub's limit, whole sections are omitted, with a note.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from loadtest.core.units import plural
from loadtest.judge.coverage import CoverageState
from loadtest.judge.criteria.criterion import CriterionOutcome
from loadtest.judge.failures import ONLY_WITH_BASE, FailOn, FailureStatus, JudgedFailure
from loadtest.judge.growth.model import Growth, Trend
from loadtest.judge.known import KnownFailureEntry
from loadtest.judge.verdict import Result, Verdict
from loadtest.reports import against_base, cpu, removed
from loadtest.reports.commands import Commands
from loadtest.reports.evidence import describe, times, title
from loadtest.reports.formats import verdict_json
from loadtest.reports.growth_text import growth_text, storage_text
from loadtest.reports.kpis import closed_loop
from loadtest.reports.terminal import next_step
from loadtest.reports.text import html, markdown, when
from loadtest.results.deployment import Deployment
from loadtest.results.latency import Latency
from loadtest.results.run import Run
from loadtest.results.target import Gateway

T = TypeVar("T")

FILENAME = "summary.md"

LARGEST = 900 * 1024
"""Bytes; GitHub shows nothing of a file above 1 MiB."""
MOST_NEW = 50
MOST_ROWS = 100
MOST_SLOW = 10

_SIGNS = {
    Result.PASS: ":white_check_mark:",
    Result.FAIL: ":x:",
    Result.INCONCLUSIVE: ":grey_question:",
    Result.INTERRUPTED: ":no_entry_sign:",
}


def render(run: Run, verdict: Verdict) -> str:
    """Return the summary, never larger than :data:`LARGEST` bytes."""
    head = f"## {_SIGNS[verdict.result]} {markdown(verdict.headline, 600)}\n"
    sections = [
        ("next step", _next(run, verdict)),
        ("comparison with the base", _against(run, verdict)),
        ("operations no longer offered", _removed(verdict)),
        ("new failures", _new(verdict)),
        ("findings", _findings(verdict)),
        ("run", _settings(run)),
        ("inconclusive failures", _undecided(verdict)),
        ("criteria", _criteria(verdict)),
        ("endurance", _endurance(verdict)),
        ("known failures", _known(verdict)),
        ("stale known failures", _stale(verdict.stale)),
        ("coverage", _coverage(verdict)),
        ("slowest operations", _slowest(run)),
        ("allowed deviations", _acceptances(run)),
        ("time", _phases(run)),
    ]
    parts, size, left_out = [head], len(head.encode()), []
    for name, lines in sections:
        text = "\n".join(lines)
        if not text:
            continue
        size_of_it = len(text.encode()) + 2
        if size + size_of_it > LARGEST:
            left_out.append(name)
            continue
        parts.append(text + "\n")
        size += size_of_it
    if left_out:
        parts.append(f"Omitted to limit the size: {', '.join(left_out)}. See verdict.json.\n")
    return "\n".join(parts)


def _table(
    header: Sequence[str],
    items: Collection[T],
    row: Callable[[T], Sequence[str]],
    most: int = MOST_ROWS,
    *,
    place: str = verdict_json.FILENAME,
) -> Iterator[str]:
    """Yield a table with a row of Markdown cells for each of ``items``; after ``most`` rows, name the file with all."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for item in islice(items, most):
        yield f"| {' | '.join(row(item))} |"
    if len(items) > most:
        yield ""
        yield f"… and {len(items) - most} more (all {len(items)} in {place})."


def _code(text: str) -> str:
    return f"<code>{markdown(text)}</code>"


def _next(run: Run, verdict: Verdict) -> Iterator[str]:
    """Yield the next step, and the commands for the first new failure."""
    advice = next_step(run, verdict)
    commands = Commands()
    first = verdict.failed[0].failure if verdict.failed and verdict.tainted is None else None
    repro = commands.repro(first.fingerprint) if first is not None and first.scenario else ""
    if advice:
        text = markdown(advice[:1].upper() + advice[1:], 2_000)
        yield f"**Next:** {text.replace(markdown(repro), _code(repro)) if repro else text}"
    if first is None:
        return
    yield ""
    if repro and repro not in advice:
        yield f"- Reproduce: {_code(repro)}"
    yield f"- Accept: {_code(commands.accept([first.fingerprint]))}"


def _settings(run: Run) -> Iterator[str]:
    gateway, settings = run.gateway, run.settings
    words = []
    if gateway is not None:
        on = f" on {markdown(str(gateway.deployment))}" if gateway.deployment != Deployment() else ""
        source = f" ({markdown(gateway.source)})" if gateway.source != gateway.version else ""
        words.append(f"gateway {markdown(gateway.version or 'unknown')}{source}{on}")
    if run.source == "csv":
        words.append("read from Locust CSV files")
    else:
        words.append(f"profile {markdown(settings.profile)}")
        words.append(f"{settings.users} users at {settings.spawn_rate:g}/s")
    if settings.scenarios:
        words.append(f"with scenarios of {', '.join(map(_code, settings.scenarios))}")
    words += [f"{run.duration:.0f} s", f"{run.requests} requests"]
    if run.started:
        words.append(f"started {markdown(when(run.started))}")
    yield " · ".join(words)
    if gateway is not None and gateway.changed:
        yield ""
        yield f"Gateway settings changed: {', '.join(_changed(gateway))}."
    if gateway is not None and gateway.notes:
        yield ""
        yield from (f"- **note** {markdown(note)}" for note in gateway.notes)


def _changed(gateway: Gateway) -> Iterator[str]:
    for name, value in sorted(gateway.changed.items()):
        yield _code(f"{name}={value}")


def _findings(verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings:
        name = f"**{finding.severity.value}** {_code(finding.check.value)}"
        yield f"- {name}: {markdown(finding.text)}. {markdown(finding.advice)}"


def _against(run: Run, verdict: Verdict) -> Iterator[str]:
    against = verdict.against
    if against is None:
        return
    yield f"### Compared with {markdown(against.name)}"
    yield ""
    yield from (f"- {markdown(fact)}" for fact in against_base.facts(run, against))
    if against.changes:
        yield ""
        yield from _table(
            ("operation", "breaking change"),
            against.changes,
            lambda one: (_code(one.operation), markdown(one.what)),
            place="run.json",
        )
    if rows := against_base.rows(against):
        yield ""
        yield from _table(
            ("operation", "result", "measure", "base", "head", "ratio (95 % CI)", "pairs"),
            rows,
            lambda one: (
                _code(one.name),
                *map(markdown, (one.result, one.measure, one.base, one.head, one.ratio)),
                str(one.pairs),
            ),
            place="run.json",
        )
    if against.base.added:
        yield ""
        yield from _table(
            ("new operation without a scenario", "handler"),
            against.base.added,
            lambda one: (_code(one), markdown(run.handlers.get(one, ""))),
            place="run.json",
        )
    if against.fixed:
        yield ""
        yield from _table(
            ("fixed", "failure on the base"),
            against.fixed,
            lambda one: (_code(one.operation), markdown(one.message)),
            place="run.json",
        )


def _removed(verdict: Verdict) -> Iterator[str]:
    """Yield all operations that are no longer offered; many are folded by area."""
    gone = verdict.removed
    if not gone:
        return
    yield f"### Operations no longer offered ({len(gone)})"
    yield ""
    if len(gone) <= removed.FEW:
        yield from _table(
            ("operation", "detail"), gone, lambda j: (_code(j.failure.operation), markdown(j.detail))
        )
        return
    for area, members in removed.by_area(verdict).items():
        yield f"<details><summary>{markdown(area)}: {len(members)}</summary>"
        yield ""
        yield from (f"- {_code(one.failure.operation)}: {markdown(one.detail)}" for one in members)
        yield ""
        yield "</details>"


def _new(verdict: Verdict) -> Iterator[str]:
    name = "Failures" if verdict.fail_on is FailOn.ANY else "New failures"
    yield from _with_evidence(name, verdict.failed)


def _undecided(verdict: Verdict) -> Iterator[str]:
    yield from _with_evidence("Failures while the load generator was paused", verdict.undecided)


def _with_evidence(name: str, failing: Sequence[JudgedFailure]) -> Iterator[str]:
    if not failing:
        return
    yield f"### {name} ({len(failing)})"
    yield ""
    for judged in failing[:MOST_NEW]:
        yield from _details(judged)
        yield ""
    if len(failing) > MOST_NEW:
        yield f"… and {len(failing) - MOST_NEW} more (all {len(failing)} in run.json)."


def _fault(judged: JudgedFailure) -> str:
    if judged.status is not FailureStatus.NEW:
        return markdown(f"{judged.status.value}: {judged.reason}")
    if judged.reason:
        return markdown(judged.reason)
    category = judged.category
    return markdown(f"{category.name} ({category.fault.value})") if category else ""


def _details(judged: JudgedFailure) -> Iterator[str]:
    """Yield the evidence, folded. Inside ``pre`` only an end tag is markup, and it is escaped."""
    fault = f" · {_fault(judged)}" if _fault(judged) else ""
    count = times(judged.failure.count)
    yield f"<details><summary>{_code(judged.failure.operation)} {markdown(title(judged))} · {count}{fault}</summary>"
    yield ""
    yield f"<pre>{html(describe([judged]))}</pre>"
    yield ""
    yield "</details>"


def _criteria(verdict: Verdict) -> Iterator[str]:
    if not verdict.criteria:
        return
    yield "### Criteria"
    yield ""
    words = {
        CriterionOutcome.MET: "met",
        CriterionOutcome.MISSED: "**missed**",
        CriterionOutcome.INCONCLUSIVE: "**inconclusive**",
    }
    yield from _table(
        ("criterion", "outcome", "measured"),
        verdict.criteria,
        lambda r: (_code(r.criterion.text), words[r.outcome], markdown(r.text)),
    )


def _endurance(verdict: Verdict) -> Iterator[str]:
    endurance = verdict.endurance
    if not endurance.judged:
        return
    yield "### Endurance"
    yield ""
    shown = [one for trend in (Trend.GROWING, Trend.UNKNOWN) for one in endurance.trending(trend)]
    if shown:
        yield from _table(("series", "trend", "per hour (95 %)", "limit"), shown, _grows)
        yield ""
    stable = len(endurance.trending(Trend.STABLE))
    yield f"{stable} series {'is' if stable == 1 else 'are'} stable."
    if endurance.recovery is not None:
        yield ""
        yield f"After the spike: {markdown(endurance.recovery.text)}"
    if endurance.stored:
        yield ""
        yield from _table(
            ("storage", "rows", "size", "per 1,000 requests", "per week"),
            [storage_text(one) for one in endurance.stored],
            lambda one: (markdown(one.name), one.rows, one.size, one.per_thousand, one.week),
            MOST_SLOW,
        )


def _grows(growth: Growth) -> Sequence[str]:
    shown = growth_text(growth)
    sure = f" ({shown.interval})" if shown.interval else ""
    return markdown(growth.name), f"**{growth.trend.value}**", f"{shown.slope}{sure}", shown.limit


def _known(verdict: Verdict) -> Iterator[str]:
    known = verdict.excused
    if not known:
        return
    only_known = not verdict.with_status(*ONLY_WITH_BASE)
    heading = "Known failures" if only_known else "Failures that do not fail the run"
    yield f"### {heading} ({len(known)})"
    yield ""
    yield f"<details><summary>{verdict.excused_line}, which {'fails' if len(known) == 1 else 'fail'} no run</summary>"
    yield ""
    yield from _table(
        ("operation", "failure", "count", "reason"),
        known,
        lambda j: (
            _code(j.failure.operation),
            markdown(title(j)),
            str(j.failure.count),
            markdown(_why(j), 500),
        ),
        place="run.json",
    )
    yield ""
    yield "</details>"


def _why(judged: JudgedFailure) -> str:
    if judged.entry is None and judged.category is not None:
        return f"{judged.reason}: {judged.category.because}"
    return judged.reason


def _stale(stale: Sequence[KnownFailureEntry]) -> Iterator[str]:
    if not stale:
        return
    yield f"### Stale known failures ({len(stale)})"
    yield ""
    yield "The operations succeed and the failures no longer occur. Delete these entries: they would hide the next one."
    yield ""
    yield from _table(("entry", "reason"), stale, lambda e: (markdown(e.where), markdown(e.known.reason)))


def _coverage(verdict: Verdict) -> Iterator[str]:
    coverage = verdict.coverage
    yield "### Coverage"
    yield ""
    if coverage.known:
        yield f"{coverage.line}."
        if coverage.pace_line:
            yield ""
            yield f"Time to {coverage.pace_line}."
        if coverage.elements.measured:
            yield ""
            level = f"; {verdict.level.line}" if verdict.level else ""
            yield f"Input checked: {coverage.elements.line}{level}."
    else:
        yield "Unknown: this run has no contract. Operations called:"
    yield ""
    shown = [state for state in CoverageState if coverage.count(state)]
    yield from _table(
        ("area", *(state.label for state in shown)),
        coverage.areas().items(),
        lambda item: (markdown(item[0]), *(str(item[1][state] or "") for state in shown)),
        place="report.html",
    )
    order = (
        CoverageState.FAILING,
        CoverageState.NOT_CALLED,
        CoverageState.NOT_UNDERSTOOD,
        CoverageState.NOT_IN_VERSION,
        CoverageState.KNOWN_FAILURE,
        CoverageState.ALLOWED,
        CoverageState.MISMATCH,
    )
    lacking = [o for state in order for o in coverage.operations if o.state is state]
    if lacking:
        yield ""
        yield f"<details><summary>{plural(len(lacking), 'operation')} without a documented success</summary>"
        yield ""
        yield from _table(
            ("operation", "state", "why"),
            lacking,
            lambda o: (_code(o.name), o.state.label, markdown(o.reason)),
            2 * MOST_ROWS,
            place="junit.xml",
        )
        yield ""
        yield "</details>"


def _slowest(run: Run) -> Iterator[str]:
    timed = [(one.name, one.latency) for one in run.operations if one.latency]
    slow = sorted(timed, key=lambda pair: (-pair[1].mean, pair[0]))[:MOST_SLOW]
    if not slow:
        return
    yield "### Slowest operations"
    yield ""
    if closed := closed_loop(run):
        yield closed
        yield ""
    yield from _table(("operation", "requests", "mean", "p95", "max"), slow, _slow_row)


def _slow_row(timed: tuple[str, Latency]) -> Sequence[str]:
    name, latency = timed
    figures = (latency.mean, latency.reported(95), latency.max)
    return _code(name), str(latency.count), *map(_ms, figures)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"


def _acceptances(run: Run) -> Iterator[str]:
    accepted = [(o, a) for o in run.operations for a in o.acceptances]
    if not accepted:
        return
    yield "### Allowed deviations from the contract"
    yield ""
    yield from _table(
        ("operation", "status", "count", "reason"),
        accepted,
        lambda one: (_code(one[0].name), str(one[1].status), times(one[1].count), markdown(one[1].reason)),
        place="run.json",
    )


def _phases(run: Run) -> Iterator[str]:
    if run.phases:
        yield "Phase durations: " + " · ".join(f"{phase.name} {phase.seconds:.1f} s" for phase in run.phases)
    shares = cpu.cpu_line(run)
    if shares:
        yield ""
        yield shares
