"""The recorder counts Locust's requests, and the master adds up what its workers report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from locust.env import Environment

from loadtest.client.answer import MissingMember, Problem
from loadtest.client.call import CallContext
from loadtest.core.redact import Redactor
from loadtest.recording.recorder import Recorder, WorkerTotals
from loadtest.results.failures import ProblemKind
from loadtest.results.outcome import ScenarioEnd
from loadtest.workload.schedule import Start


def recorder(*secrets: str) -> Recorder:
    made = Recorder(Environment(), Redactor(set(secrets)))
    made.begin(1000.0)
    return made


def request(
    of: Recorder, *, status: int = 200, call: CallContext | None = None, error: Exception | None = None
) -> None:
    of.environment.events.request.fire(
        request_type="GET",
        name="/tools",
        response_time=12.0,
        response_length=5,
        exception=error,
        context={"call": call} if call else {},
        response=SimpleNamespace(status_code=status),
    )


def figures(of: Recorder) -> tuple[Any, ...]:
    (operation,) = of.aggregator.operation_records(1000.0)
    return (operation.requests, operation.successes, operation.failures, operation.drift)


def test_a_request_without_an_exception_is_a_success() -> None:
    counted = recorder()
    request(counted)
    assert figures(counted) == (1, 1, 0, 0)


def test_the_details_of_a_call_are_recorded() -> None:
    counted = recorder()
    request(
        counted, call=CallContext("GET /tools", "registry", "S.one", validated=True, differs="status 303")
    )
    (operation,) = counted.aggregator.operation_records(1000.0)
    assert figures(counted) == (1, 0, 0, 1)
    assert (operation.area, operation.scenario, operation.validated) == ("registry", "S.one", 1)


def test_a_problem_is_a_failure_with_its_kind_and_any_other_exception_is_masked() -> None:
    counted = recorder("hush-hush")
    request(counted, status=500, error=Problem(ProblemKind.STATUS, "boom", status=500))
    request(counted, status=0, error=OSError("no route with hush-hush"))
    assert figures(counted) == (2, 0, 2, 0)
    by_kind = {failure.problem: failure for failure in counted.aggregator.failure_records(1000.0)}
    assert by_kind[ProblemKind.STATUS].status == 500
    assert "hush-hush" not in by_kind[ProblemKind.OTHER].message


def test_an_exception_in_a_scenario_is_a_failure_of_the_operation_it_was_reading() -> None:
    caller: Any = SimpleNamespace(blamed=lambda _: "GET /tools", scenario="S.one", area="registry")
    for error, kind in (
        (MissingMember("GET /tools", "a.b"), ProblemKind.CONTENT),
        (ZeroDivisionError(), ProblemKind.SCENARIO),
    ):
        counted = recorder()
        try:
            raise error
        except (MissingMember, ZeroDivisionError) as raised:
            counted.scenario_error(caller, raised)
        (failure,) = counted.aggregator.failure_records(1000.0)
        assert (failure.operation, failure.problem) == ("GET /tools", kind)
        assert type(error).__name__ in failure.examples[0].log[-1]


def test_scenarios_and_starts_are_counted() -> None:
    counted = recorder()
    counted.scenario_started("S.one")
    counted.scenario_ended("S.one", ScenarioEnd.COMPLETED)
    counted.scenario_started("S.one")
    counted.scenario_cut_short("S.one", "GET /tools", Problem(ProblemKind.STATUS, "boom", status=500))
    counted.scenario_begins(Start(due=1.0, late=0.25, free=True))
    counted.scenarios_missed(3)
    (runs,) = counted.aggregator.scenario_records()
    assert (runs.started, runs.completed, [cut.count for cut in runs.cut_short]) == (2, 1, [1])
    starts = counted.aggregator.starts
    assert (len(starts.late), len(starts.scheduling_delay), starts.missed) == (1, 1, 3)


def test_reports_of_workers_add_up_and_a_lost_report_is_noticed() -> None:
    worker, master = recorder(), recorder()
    request(worker)
    master.add_report("w", worker.take_report())
    request(worker)
    worker.take_report()  # lost on the way
    request(worker)
    master.add_report("w", worker.take_report())
    totals: WorkerTotals = master.workers["w"]
    assert (totals.received, totals.claimed) == (2, 3)
    assert master.aggregator.requests == 2
    assert master.cpu["w"] > 0
    assert worker.take_report().counts.requests == 0


def test_a_new_run_starts_from_zero() -> None:
    counted = recorder()
    request(counted)
    counted.add_report("w", counted.take_report())
    counted.reset()
    assert (counted.aggregator.requests, counted.reported, counted.workers, counted.cpu) == (0, 0, {}, {})
