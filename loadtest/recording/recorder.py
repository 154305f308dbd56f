"""Recorder of one process: counts calls, streams and scenarios, and exchanges the counts with other processes."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from loadtest.client.answer import MissingMember, Problem
from loadtest.client.call import CallContext, unexpected_in
from loadtest.core import clock
from loadtest.core.redact import Redactor
from loadtest.recording.aggregator import Aggregator
from loadtest.recording.pauses import PauseMonitor
from loadtest.results.failures import Example, ProblemKind
from loadtest.results.outcome import (
    CallFailure,
    CallResult,
    RefusalResult,
    RequestResult,
    ScenarioEnd,
    StreamResult,
)
from loadtest.workload.schedule import Start

if TYPE_CHECKING:
    from locust.env import Environment

    from loadtest.client.caller import Caller

BATCH = 200
"""Results that are counted together: in a loop over them, counting takes half of the CPU time."""
_TIMEOUTS = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT)
_TIMED_OUT = re.compile(r"(?i)\btimed? ?out\b")
_TRACEBACK_LINES = 30
"""Lines kept of the traceback of a scenario."""


class WorkerReport(msgspec.Struct, kw_only=True):
    """Counts of one worker since its last report."""

    counts: Aggregator
    cpu_seconds: float
    """CPU time of the process since it started."""
    requests: int
    """Requests since the start of the load; shows whether an earlier report was lost."""


@dataclass
class WorkerTotals:
    """Requests that one worker has reported."""

    received: int = 0
    """Requests in the reports that arrived."""
    claimed: int = 0
    """Requests it had made by its last report, including those in lost reports."""
    last_report: float | None = None
    """Unix time."""


class Recorder:
    """Feeds an aggregator from Locust's request events and from the reports of workers."""

    def __init__(self, environment: Environment, redactor: Redactor | None = None) -> None:
        self.environment = environment
        self.redactor = redactor or Redactor()
        self._aggregator = Aggregator()
        self.sent: set[str] = set()
        """Texts of requests, for the comparison of texts in responses; also those before the load."""
        self._results: list[CallResult] = []
        """Not counted yet."""
        self.reported = 0
        """Requests of this process in its reports so far."""
        self.workers: dict[str, WorkerTotals] = {}
        self.cpu: dict[str, float] = {}
        """CPU seconds by worker."""
        self.pauses = PauseMonitor(clock.now)
        self.observers: list[Callable[[RequestResult], None]] = []
        """Called with each result."""
        environment.events.request.add_listener(self._on_request)

    @property
    def aggregator(self) -> Aggregator:
        """All counts so far."""
        self._count()
        return self._aggregator

    def _count(self) -> None:
        for result in self._results:
            self._aggregator.add(result)
        self._results.clear()

    def failures_of(self, scenario: str) -> int:
        """Return the number of failures that were first seen in ``scenario``."""
        return sum(one.count for one in self.aggregator.failures.values() if one.scenario == scenario)

    def reset(self) -> None:
        """Discard all counts before a new run."""
        self._aggregator, self.reported, self.workers, self.cpu = Aggregator(), 0, {}, {}
        self._results.clear()
        self.pauses.start()

    def begin(self, start: float, paced_since: float | None = None) -> None:
        """Set the start of the load, and when users began to follow an arrival rate, in Unix seconds."""
        self.aggregator.start, self.aggregator.paced_since = start, paced_since

    def check_pauses(self) -> None:
        """Count a pause of this process, if there was one; call it every :data:`TICK` seconds."""
        self.pauses.tick()
        self.aggregator.add_pauses(self.pauses.take())

    def scenario_begins(self, start: Start) -> None:
        """Count the start of a scheduled scenario."""
        self.aggregator.begin(start)

    def scenarios_missed(self, number: int) -> None:
        """Count scheduled scenarios that were due and never started."""
        self.aggregator.starts.missed += number

    def stream(self, outcome: StreamResult) -> None:
        """Count a finished event stream."""
        self.aggregator.add_stream(outcome)

    def checked(self, operation: str, elements: Collection[str]) -> None:
        """Count the documented ``elements`` of a successful request whose effect was checked."""
        self._aggregator.add_checked(operation, elements)

    def refusal(self, result: RefusalResult) -> None:
        """Count one negative case. Locust's own statistics do not contain it."""
        self.aggregator.add_refusal(result)
        self._observe(result)

    def _add(self, result: CallResult) -> None:
        self._results.append(result)
        if len(self._results) >= BATCH:
            self._count()
        self._observe(result)

    def _observe(self, result: RequestResult) -> None:
        for observer in self.observers:
            observer(result)

    def scenario_started(self, name: str) -> None:
        """Count the start of a scenario."""
        self._aggregator.scenario_begins(name)

    def scenario_ended(self, name: str, end: ScenarioEnd) -> None:
        """Count the end of a scenario that had no failure."""
        self._aggregator.scenario_ends(name, end)

    def scenario_cut_short(self, name: str, operation: str, problem: Problem) -> None:
        """Count a scenario that ended early because ``operation`` failed; the failure is counted separately."""
        self.aggregator.scenario_cut_short(name, operation, _fault(problem, None, self.redactor))

    def scenario_error(self, caller: Caller, error: Exception) -> None:
        """Count an exception in a scenario as a failure of the operation whose response it was reading.

        A problem of the response, such as a missing member, counts against the gateway; any other exception is a bug
        of the load test. The traceback is kept in either case.
        """
        operation = caller.blamed(error) or "POST /unknown"
        method, _, name = operation.partition(" ")
        problem = _problem_of(error, caller.scenario).masked(self.redactor)
        if caller.sync is not None:
            caller.sync.failed(operation, problem)
        if caller.scenario is not None:
            self.scenario_cut_short(caller.scenario, operation, problem)
        lines = self.redactor.mask("".join(traceback.format_exception(error))).splitlines()
        now = clock.now()
        self.environment.stats.log_error(method, name, str(problem))
        self._add(
            CallResult(
                operation=operation,
                scenario=caller.scenario,
                finished=now,
                duration=0.0,
                status=0,
                received=0,
                fault=replace(
                    self._judged(_fault(problem, None, self.redactor), problem, None),
                    example=Example(at=now, log=tuple(lines[-_TRACEBACK_LINES:])),
                ),
            )
        )

    def _on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None,
        exception: BaseException | None,
        context: Mapping[str, Any],
        response: Any = None,
        **_: Any,
    ) -> None:
        own: CallContext | None = context.get("call") if context else None
        call = own or CallContext(f"{request_type} {name}", None, began=0.0)
        fault = None
        if exception is not None:
            fault = self._judged(_fault(exception, own, self.redactor), exception, own)
        self._add(
            CallResult(
                operation=f"{request_type} {name}",
                scenario=call.scenario,
                finished=clock.now(),
                began=call.began,
                duration=response_time or 0.0,
                status=getattr(response, "status_code", 0) or 0,
                received=response_length or 0,
                validated=call.validated,
                media_type=call.media_type,
                compared=call.compared,
                shape=call.shape,
                recorded_as=call.recorded_as,
                added=call.added,
                unexpected=unexpected_in(call),
                differs=call.differs,
                accepted=call.accepted,
                refused=call.refused,
                rejected=call.rejected,
                after=call.after,
                example=call.example if call.keeps_example else None,
                fault=fault,
            )
        )

    def _judged(self, fault: CallFailure, exception: BaseException, call: CallContext | None) -> CallFailure:
        """Return ``fault`` with whether a pause of this process may explain it."""
        waited = waited_for(exception, call, clock.now())
        return replace(fault, paused=True) if waited and self.pauses.may_explain(waited) else fault

    def take_report(self) -> WorkerReport:
        """Return the counts since the last report and start again from zero."""
        counts = self.aggregator
        self._aggregator = Aggregator(start=counts.start, paced_since=counts.paced_since)
        self.reported += counts.requests
        return WorkerReport(counts=counts, cpu_seconds=cpu_seconds(), requests=self.reported)

    def add_report(self, worker: str, report: WorkerReport) -> None:
        """Add the report of a worker."""
        totals = self.workers.setdefault(worker, WorkerTotals())
        totals.received += report.counts.requests
        totals.claimed = max(totals.claimed, report.requests)
        totals.last_report = clock.now()
        self.cpu[worker] = report.cpu_seconds
        self.aggregator.merge(report.counts)


def waited_for(exception: BaseException, call: CallContext | None, now: float) -> float:
    """Return the seconds of waiting after which a call failed; 0 if the failure does not depend on time.

    The gateway has timeouts, too, and a connection that is idle for too long is closed.
    """
    if not isinstance(exception, Problem):
        return 0.0
    if exception.waited or call is None:
        return exception.waited
    lasted = now - call.began
    timed_out = exception.status in _TIMEOUTS or _TIMED_OUT.search(exception.message)
    if exception.kind in (ProblemKind.TIMEOUT, ProblemKind.CONNECTION) or timed_out:
        return lasted
    if exception.kind in (ProblemKind.CONTENT, ProblemKind.STATUS) and call.waits:
        return max(call.waits, lasted)
    return 0.0


def cpu_seconds() -> float:
    """Return the CPU time of this process, in seconds."""
    return time.process_time()


def _problem_of(error: Exception, scenario: str | None) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, MissingMember):
        return Problem(ProblemKind.CONTENT, f"expected a member {error.path!r}, there is none")
    file = Path(traceback.extract_tb(error.__traceback__)[-1].filename).name
    return Problem(ProblemKind.SCENARIO, f"{scenario}: {type(error).__name__}: {error} ({file})")


def _fault(exception: BaseException, call: CallContext | None, redactor: Redactor) -> CallFailure:
    example = call.example if call else None
    if isinstance(exception, Problem):
        return CallFailure(
            problem=exception.kind,
            message=exception.message,
            status=exception.status,
            code=exception.code,
            example=example,
        )
    return CallFailure(problem=ProblemKind.OTHER, message=redactor.mask(str(exception)), example=example)
