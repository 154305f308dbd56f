"""Counting what Locust's users do, in every process; workers hand theirs to the master."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.env import Environment
from locust.runners import WorkerRunner
from msgspec.structs import replace

from loadtest.client.answer import MissingMember, Problem
from loadtest.core.operations import area_of
from loadtest.core.redact import Redactor
from loadtest.recording.aggregator import Aggregator, WorkerTotals, pack, unpack
from loadtest.results.failures import Example, ProblemKind
from loadtest.results.outcome import CallFailure, CallResult, ScenarioEnd, StreamResult
from loadtest.workload.schedule import Start

if TYPE_CHECKING:
    from loadtest.client.call import CallContext
    from loadtest.client.caller import Caller

_KEY = "loadtest"
"""Under this key a worker's tally travels in the report that Locust sends to the master."""
_CPU = "loadtest_cpu"
"""Under this one its seconds of CPU."""
_MADE = "loadtest_made"
"""Under this one the number of all requests that it has made, so that a report that went astray is noticed."""
_LAST_FRAMES = 30
"""Lines of a scenario's traceback that are kept."""


class Recorder:
    """Turns Locust's request events into a tally."""

    def __init__(self, environment: Environment, redactor: Redactor | None = None) -> None:
        self.environment = environment
        self.redactor = redactor or Redactor()
        self.aggregator = Aggregator()
        self.made = 0
        """Requests of this process in reports to a master."""
        self.workers: dict[str, WorkerTotals] = {}
        """What every worker has reported."""
        self.cpu: dict[str, float] = {}
        """Seconds of CPU by worker."""
        events = environment.events
        events.request.add_listener(self._on_request)
        if isinstance(environment.runner, WorkerRunner):
            events.report_to_master.add_listener(self._on_report)
        else:
            events.worker_report.add_listener(self._on_worker_report)

    def reset(self) -> None:
        """Forget everything: a new run begins."""
        self.aggregator, self.made, self.workers, self.cpu = Aggregator(), 0, {}, {}

    def begin(self, start: float) -> None:
        """The load begins, at the Unix time ``start``; nothing was counted before."""
        self.aggregator.start = start

    def scenario_begins(self, start: Start) -> None:
        """Count a scenario that begins by a schedule."""
        self.aggregator.begin(start)

    def scenarios_missed(self, number: int) -> None:
        """Count scenarios that were due and can begin no more."""
        self.aggregator.starts.missed += number

    def stream(self, outcome: StreamResult) -> None:
        """Count a finished event stream."""
        self.aggregator.add_stream(outcome)

    def scenario_started(self, name: str) -> None:
        """Count a scenario that begins."""
        self.aggregator.scenario_begins(name)

    def scenario_ended(self, name: str, end: ScenarioEnd) -> None:
        """Count the end of a scenario that no failure cut short."""
        self.aggregator.scenario_ends(name, end)

    def scenario_cut_short(self, name: str, operation: str, problem: Problem) -> None:
        """Count a scenario that ended with a failure of ``operation``, which has been counted itself."""
        self.aggregator.scenario_cut_short(name, operation, _fault(problem, None, self.redactor))

    def scenario_error(self, caller: Caller, error: Exception) -> None:
        """Count a scenario that raised, as a failure of the operation whose answer it was reading.

        A problem of the answer, or a member that it lacks, is the answer's fault; anything else is the load test's
        own. Both leave their traceback.
        """
        operation = caller.blamed(error) or "POST /unknown"
        method, _, name = operation.partition(" ")
        problem = _problem_of(error, caller.scenario).masked(self.redactor)
        if caller.scenario is not None:
            self.scenario_cut_short(caller.scenario, operation, problem)
        story = self.redactor.mask("".join(traceback.format_exception(error))).splitlines()
        now = time.time()
        self.environment.stats.log_error(method, name, str(problem))
        self.aggregator.add(
            CallResult(
                operation=operation,
                area=caller.area,
                scenario=caller.scenario,
                finished=now,
                duration=0.0,
                status=0,
                received=0,
                fault=replace(
                    _fault(problem, None, self.redactor),
                    example=Example(at=now, log=tuple(story[-_LAST_FRAMES:])),
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
        call: CallContext | None = context.get("call") if context else None
        operation = f"{request_type} {name}"
        self.aggregator.add(
            CallResult(
                operation=operation,
                area=call.area if call else area_of(operation),
                scenario=call.scenario if call else None,
                finished=time.time(),
                duration=response_time or 0.0,
                status=getattr(response, "status_code", 0) or 0,
                received=response_length or 0,
                validated=call.validated if call else False,
                differs=call.differs if call else None,
                accepted=call.accepted if call else None,
                after=call.after if call else None,
                fault=_fault(exception, call, self.redactor) if exception else None,
            )
        )

    def hand_over(self) -> dict[str, Any]:
        """Return what was counted since the last time, for the master, and forget it."""
        part, self.aggregator = self.aggregator, Aggregator(start=self.aggregator.start)
        self.made += part.requests
        return {_KEY: pack(part), _CPU: cpu_seconds(), _MADE: self.made}

    def take(self, worker: str, data: dict[str, Any]) -> None:
        """Add what a worker handed over."""
        packed = data.pop(_KEY, None)
        if packed is None:
            return
        part, counted = unpack(packed), self.workers.setdefault(worker, WorkerTotals())
        counted.merged += part.requests
        counted.claimed = max(counted.claimed, data.pop(_MADE, 0))
        counted.last_report = time.time()
        self.cpu[worker] = data.pop(_CPU, 0.0)
        self.aggregator.merge(part)

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        data.update(self.hand_over())

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        self.take(client_id, data)


def cpu_seconds() -> float:
    """Return the seconds of CPU that this process has used."""
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
