"""The recorder counts Locust's requests, and the master adds up what its workers report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from locust.env import Environment

from loadtest.client.answer import MissingMember, Problem
from loadtest.client.call import CallContext
from loadtest.core.redact import Redactor
from loadtest.recording.pauses import PauseMonitor
from loadtest.recording.recorder import Recorder, WorkerTotals, waited_for
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


def test_requests_since_users_follow_a_rate_have_a_latency_of_their_own() -> None:
    counted = recorder()
    request(counted)
    counted.begin(1000.0, paced_since=0.0)
    request(counted)
    reported = counted.take_report().counts.timeline(1000.0, {}).latency
    request(counted)
    kept = counted.aggregator.timeline(1000.0, {}).latency
    assert reported is not None
    assert kept is not None
    assert (reported.count, kept.count) == (1, 1)


def test_the_details_of_a_call_are_recorded() -> None:
    counted = recorder()
    request(counted, call=CallContext("GET /tools", "S.one", validated=True, differs="status 303"))
    (operation,) = counted.aggregator.operation_records(1000.0)
    assert figures(counted) == (1, 0, 0, 1)
    assert (operation.area, operation.scenario, operation.validated) == ("tools", "S.one", 1)


def test_a_problem_is_a_failure_with_its_kind_and_any_other_exception_is_masked() -> None:
    counted = recorder("hush-hush")
    request(counted, status=500, error=Problem(ProblemKind.STATUS, "boom", status=500))
    request(counted, status=0, error=OSError("no route with hush-hush"))
    assert figures(counted) == (2, 0, 2, 0)
    by_kind = {failure.problem: failure for failure in counted.aggregator.failure_records(1000.0)}
    assert by_kind[ProblemKind.STATUS].status == 500
    assert "hush-hush" not in by_kind[ProblemKind.OTHER].message


def test_an_exception_in_a_scenario_is_a_failure_of_the_operation_it_was_reading() -> None:
    caller: Any = SimpleNamespace(sync=None, blamed=lambda _: "GET /tools", scenario="S.one")
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


def problem_of(kind: ProblemKind, message: str = "it", **more: Any) -> Problem:
    return Problem(kind, message, **more)


def test_what_depends_on_time() -> None:
    """Timeouts, connections that were closed, timeouts in the gateway, and waits that expired."""
    at = 1000.0
    call, waiting = (CallContext("GET /tools", "S.one", began=at - 4.0, waits=waits) for waits in (0.0, 10.0))
    for problem, context, waited in (
        (problem_of(ProblemKind.TIMEOUT), call, 4.0),
        (problem_of(ProblemKind.CONNECTION), call, 4.0),
        (problem_of(ProblemKind.STATUS, status=504), call, 4.0),
        (problem_of(ProblemKind.JSONRPC, "MCP call timed out", status=200), call, 4.0),
        (problem_of(ProblemKind.STREAM_STALLED, waited=12.0), call, 12.0),
        (problem_of(ProblemKind.STREAM_STALLED, waited=12.0), None, 12.0),
        (problem_of(ProblemKind.CONTENT), waiting, 10.0),
        (problem_of(ProblemKind.STATUS, status=404), waiting, 10.0),
        (problem_of(ProblemKind.CONTENT), call, 0.0),
        (problem_of(ProblemKind.STATUS, status=500), call, 0.0),
        (problem_of(ProblemKind.SCHEMA), waiting, 0.0),
        (problem_of(ProblemKind.TIMEOUT), None, 0.0),
        (OSError("timed out"), call, 0.0),
    ):
        assert waited_for(problem, context, at) == waited, (problem, context)
        if isinstance(problem, Problem):
            masked = problem.masked(Redactor({problem.raw}))
            assert masked.waited == problem.waited


def test_a_failure_in_a_pause_is_marked_and_the_pause_is_recorded() -> None:
    for pause, marked in ((0.0, 0), (3.0, 1)):
        times = iter([5000.0, *[5000.0 + pause] * 10])
        counted = recorder()
        counted.pauses = PauseMonitor(times.__next__, lambda: 0.0)
        stalled = Problem(ProblemKind.STREAM_STALLED, "no event", waited=10.0)
        request(counted, error=stalled, call=CallContext("GET /tools", "S.one"))
        counted.check_pauses()
        (failure,) = counted.aggregator.failure_records(1000.0)
        assert (failure.count, failure.paused) == (1, marked)
        assert len(counted.aggregator.pause_records(1000.0)) == marked


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
