"""Counting what Locust's users do, in every process; workers hand theirs to the master."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest.client.problem import Problem
from loadtest.operations import area_of
from loadtest.outcome import Fault, Outcome, StreamOutcome
from loadtest.redact import redact
from loadtest.run import Example, ProblemKind
from loadtest.schedule import Start
from loadtest.tally import Tally, pack, unpack

if TYPE_CHECKING:
    from loadtest.client.caller import Call, Caller

_KEY = "loadtest"
"""Under this key a worker's tally travels in the report that Locust sends to the master."""
_CPU = "loadtest_cpu"
"""Under this one its seconds of CPU."""
_LAST_FRAMES = 30
"""Lines of a scenario's traceback that are kept."""


class Recorder:
    """Turns Locust's request events into a tally."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.tally = Tally()
        self.workers: dict[str, int] = {}
        """Requests by worker, as far as they have been reported."""
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
        self.tally, self.workers, self.cpu = Tally(), {}, {}

    def begin(self, start: float) -> None:
        """The load begins, at the Unix time ``start``; nothing was counted before."""
        self.tally.start = start

    def scenario_begins(self, start: Start) -> None:
        """Count a scenario that begins by a schedule."""
        self.tally.begin(start)

    def scenarios_missed(self, number: int) -> None:
        """Count scenarios that were due and can begin no more."""
        self.tally.starts.missed += number

    def stream(self, outcome: StreamOutcome) -> None:
        """Count a finished event stream."""
        self.tally.add_stream(outcome)

    def scenario_error(self, caller: Caller, error: Exception) -> None:
        """Count a scenario that raised: the load test's own fault, told with its traceback."""
        operation = caller.last_operation or "POST /unknown"
        method, _, name = operation.partition(" ")
        file = Path(traceback.extract_tb(error.__traceback__)[-1].filename).name
        words = f"{caller.scenario}: {type(error).__name__}: {error} ({file})"
        problem = Problem(ProblemKind.SCENARIO, redact(words))
        story = redact("".join(traceback.format_exception(error))).splitlines()
        now = time.time()
        self.environment.stats.log_error(method, name, str(problem))
        self.tally.add(
            Outcome(
                operation=operation,
                area=caller.area,
                scenario=caller.scenario,
                finished=now,
                duration=0.0,
                status=0,
                received=0,
                fault=Fault(
                    problem=problem.kind,
                    message=problem.message,
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
        call: Call | None = context.get("call") if context else None
        operation = f"{request_type} {name}"
        self.tally.add(
            Outcome(
                operation=operation,
                area=call.area if call else area_of(operation),
                scenario=call.scenario if call else None,
                finished=time.time(),
                duration=response_time or 0.0,
                status=getattr(response, "status_code", 0) or 0,
                received=response_length or 0,
                validated=call.validated if call else False,
                drift=call.drift if call else False,
                accepted=call.accepted if call else None,
                fault=_fault(exception, call) if exception else None,
            )
        )

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        data[_KEY] = pack(self.tally)
        data[_CPU] = cpu_seconds()
        self.tally = Tally(start=self.tally.start)

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        self.cpu[client_id] = data.pop(_CPU, 0.0)
        packed = data.pop(_KEY, None)
        if packed:
            part = unpack(packed)
            self.workers[client_id] = self.workers.get(client_id, 0) + part.requests
            self.tally.merge(part)


def cpu_seconds() -> float:
    """Return the seconds of CPU that this process has used."""
    return time.process_time()


def _fault(exception: BaseException, call: Call | None) -> Fault:
    example = call.example if call else None
    if isinstance(exception, Problem):
        return Fault(
            problem=exception.kind,
            message=exception.message,
            status=exception.status,
            code=exception.code,
            example=example,
        )
    return Fault(problem=ProblemKind.OTHER, message=redact(str(exception)), example=example)
