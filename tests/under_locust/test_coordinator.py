"""The coordinator of a load, its run writer and its workers, without a gateway."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust import User, task
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_MISSING
from msgspec.structs import replace

from loadtest.client.auth import Credentials
from loadtest.client.session import Session
from loadtest.core.errors import InconclusiveError
from loadtest.engine import coordinator as coordinator_module
from loadtest.engine.coordinator import Coordinator
from loadtest.engine.link import GatewayLink
from loadtest.engine.messages import WorkerLeaving, WorkerReady, WorkerStopped, encode
from loadtest.engine.process import LoadProcess
from loadtest.engine.target import Target, target_environment
from loadtest.engine.workers import WorkerPool
from loadtest.fixtures.fixture import Fixture
from loadtest.fixtures.inventory import Leftovers
from loadtest.openapi.contract import read_contract
from loadtest.recording.aggregator import Aggregator
from loadtest.recording.recorder import Recorder, WorkerReport
from loadtest.results.outcome import CallResult
from loadtest.results.run import PlannedCall, RunState, Scenario, read_run

HOST, REPLICA = "http://127.0.0.1:9", "http://127.0.0.1:10"
SCENARIOS = tuple(
    Scenario(
        name=f"ThingsUser.{name}",
        area="things",
        file="f.py",
        line=1,
        calls=(PlannedCall(operation=f"GET /{name}", line=1),),
    )
    for name in ("first", "second", "never_selected")
)


class ThingsUser(User):
    @task
    def first(self) -> None: ...

    @task
    def second(self) -> None: ...


def session(host: str = HOST) -> Session:
    paths = {"/first": {"get": {"responses": {"200": {"description": "ok"}}}}}
    document = {"openapi": "3.1.0", "info": {"version": "1"}, "paths": paths}
    return Session(host, "token", Credentials(email="a@b"), read_contract(document, None), "1", None)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coordinator]:
    """A coordinator in a single process whose gateway is always the same."""
    target = Target(
        host=HOST, credentials=Credentials(email="a@b", jwt_secret="x" * 32), reports=str(tmp_path)
    )
    for name, value in target_environment(target).items():
        monkeypatch.setenv(name, value)
    options = SimpleNamespace(headless=True, run_time=None, num_users=2, spawn_rate=1.0, processes=None)
    environment = Environment(user_classes=[ThingsUser], host=HOST, parsed_options=options)
    environment.create_local_runner()
    process = LoadProcess(environment)

    def connect() -> None:
        process.join(tuple(GatewayLink(session(host)) for host in (HOST, REPLICA)))

    monkeypatch.setattr(process, "connect", connect)
    monkeypatch.setattr("loadtest.engine.process.sign_in", lambda _: None)
    monkeypatch.setattr(coordinator_module, "discover_scenarios", lambda **_: SCENARIOS)
    monkeypatch.setattr(coordinator_module, "count_entities", lambda *_: {"tools": 3})
    monkeypatch.setattr(coordinator_module, "create_fixture", lambda *_, **__: Fixture(gateway_id="g"))
    monkeypatch.setattr(coordinator_module, "delete_fixture", lambda *_: None)
    monkeypatch.setattr(coordinator_module, "delete_leftovers", lambda *_: Leftovers({"tools": 2}))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)}
    yield Coordinator(process)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    environment.events.quit.fire(exit_code=0)


def start(load: Coordinator) -> None:
    load.environment.events.test_start.fire(environment=load.environment)


def stop(load: Coordinator) -> None:
    load.environment.events.test_stopping.fire(environment=load.environment)
    load.environment.events.test_stop.fire(environment=load.environment)


def test_the_sweep_runs_each_selected_scenario_once(load: Coordinator) -> None:
    start(load)
    client = load.process.sweep
    names = []
    while (name := client.next(timeout=0)) is not None:
        names.append(name)
        client.done(name)
    assert sorted(names) == ["ThingsUser.first", "ThingsUser.second"]
    assert client.over
    assert load.queue.finished
    stop(load)
    assert load.run_writer.run is not None
    assert load.run_writer.run.sweep is not None
    assert (load.run_writer.run.sweep.done, load.run_writer.run.settings.left_out) == (2, 1)


def test_users_that_leave_the_sweep_follow_a_rate(load: Coordinator) -> None:
    start(load)
    client, pacing = load.process.sweep, load.process.pacing
    while (name := client.next(timeout=0)) is not None:
        assert pacing.schedule(0.0) is None
        client.done(name)
    assert pacing.started
    assert pacing.schedule(0.0) is not None
    assert {pacing.mix.next() for _ in range(100)} == {"ThingsUser.first", "ThingsUser.second"}
    assert load.process.recorder.aggregator.paced_since is not None
    stop(load)
    assert load.run_writer.run is not None
    mix = load.run_writer.run.timeline.mix
    assert mix is not None
    assert pacing.rate is not None
    assert mix.rate == pytest.approx(2 / pacing.rate.period, abs=0.001)


def test_a_load_for_breadth_leaves_out_scenarios_that_add_no_operation_unless_the_mix_runs_them(
    load: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = tuple(replace(one, calls=SCENARIOS[0].calls) for one in SCENARIOS)
    monkeypatch.setattr(coordinator_module, "discover_scenarios", lambda **_: same)
    load.process.target = replace(load.process.target, breadth=True)
    start(load)
    client = load.process.sweep
    assert client.next(timeout=0) == "ThingsUser.first"
    load.process.recorder.aggregator.add(
        CallResult(operation="GET /first", scenario=None, finished=1.0, duration=1.0, status=200, received=0)
    )
    client.done("ThingsUser.first")
    assert client.next(timeout=0) is None
    assert client.over
    load.process.recorder.scenario_started("ThingsUser.first")
    load.run_writer._write()
    run = load.run_writer.run
    assert run is not None
    assert ([one.name for one in run.plan], run.settings.left_out) == (["ThingsUser.first"], 2)
    assert run.sweep is not None
    assert (run.sweep.planned, run.sweep.done) == (1, 1)
    load.process.recorder.scenario_started("ThingsUser.second")
    stop(load)
    run = load.run_writer.run
    assert run is not None
    assert (len(run.plan), run.settings.left_out) == (2, 1)


def test_the_fixture_is_ready_for_the_users_of_the_same_process(load: Coordinator) -> None:
    start(load)
    with gevent.Timeout(5):
        load.process.wait_for_fixture()
    assert [link.fixture.gateway_id for link in load.process.links] == ["g", "g"]
    stop(load)


def test_the_run_has_the_entities_before_and_after(
    load: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(load)
    counts = {HOST: iter([{"tools": 5}, {"tools": 3}]), REPLICA: iter([{"tools": 3}])}
    monkeypatch.setattr(coordinator_module, "count_entities", lambda one, *_: next(counts[one.host]))
    stop(load)
    assert load.run_writer.run is not None
    (tools,) = load.run_writer.run.entities
    assert (tools.before, tools.after, tools.left) == (6, 6, 2)


def test_without_leftovers_nothing_is_deleted(load: Coordinator, monkeypatch: pytest.MonkeyPatch) -> None:
    start(load)
    monkeypatch.setattr(
        coordinator_module, "delete_leftovers", lambda *_: pytest.fail("nothing was left over")
    )
    stop(load)


def test_a_load_that_cannot_begin_is_aborted_with_its_reason(
    load: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise InconclusiveError("the gateway does not answer")

    monkeypatch.setattr(load.process, "connect", refuse)
    quits = []
    monkeypatch.setattr(load, "_quit", lambda: quits.append(True))
    gevent.spawn(start, load).join(5)
    gevent.sleep(0)
    assert quits
    assert load.run_writer.run is not None
    assert load.run_writer.run.state is RunState.ABORTED
    assert load.run_writer.run.reason == "the gateway does not answer"


@pytest.mark.parametrize(
    ("run_time", "took", "state"),
    [(None, 1.0, RunState.COMPLETE), (60.0, 59.0, RunState.COMPLETE), (60.0, 30.0, RunState.ABORTED)],
)
def test_a_run_is_complete_if_it_took_its_run_time(
    load: Coordinator, tmp_path: Path, run_time: float | None, took: float, state: RunState
) -> None:
    load.run_time = run_time
    start(load)
    load.run_writer.started -= took
    stop(load)
    load.environment.events.quit.fire(exit_code=0)
    run = read_run(tmp_path / "run.json")
    assert run.state is state
    assert run.duration == pytest.approx(took, abs=0.5)


def test_a_signal_interrupts_the_run_and_is_in_it(load: Coordinator, tmp_path: Path) -> None:
    start(load)
    assert load.run_writer._note_signal(signal.SIGTERM)
    assert not load.run_writer._note_signal(signal.SIGINT)
    stop(load)
    load.environment.events.quit.fire(exit_code=0)
    run = read_run(tmp_path / "run.json")
    assert (run.state, run.signal) == (RunState.INTERRUPTED, signal.SIGTERM)


def test_a_run_that_cannot_be_written_is_reported_once_and_the_load_goes_on(
    load: Coordinator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start(load)
    (tmp_path / "run.json").mkdir()
    with caplog.at_level(logging.ERROR):
        load.run_writer._write()
        load.run_writer._write()
    assert len([one for one in caplog.records if "run.json" in one.getMessage()]) == 1
    (tmp_path / "run.json").rmdir()
    stop(load)
    assert read_run(tmp_path / "run.json").state is RunState.RUNNING


class Clients(dict[str, Any]):
    """Locust's list of workers."""

    @property
    def all(self) -> list[Any]:
        return list(self.values())


@pytest.fixture
def pool() -> Iterator[tuple[WorkerPool, Clients, list[tuple[str, str]]]]:
    """A pool, its connected workers, and the messages that it sends or requeues by worker."""
    environment = Environment()
    environment.stop_timeout = 0.0
    runner = environment.create_master_runner("127.0.0.1", 0)
    clients, sent = Clients(), list[tuple[str, str]]()
    runner.clients = clients  # type: ignore[assignment]

    def send(name: str, _data: Any, worker: str | None = None) -> None:
        sent.append((name, str(worker)))

    runner.send_message = send  # type: ignore[method-assign,assignment]
    yield (
        WorkerPool(environment, Recorder(environment), lambda worker: sent.append(("requeue", worker))),
        clients,
        sent,
    )
    runner.greenlet.kill()
    runner.server.close()
    runner.server.socket.context.destroy()


def connect(clients: Clients, *workers: str) -> None:
    for worker in workers:
        clients[worker] = SimpleNamespace(id=worker, state=STATE_INIT)


def receive(pool: WorkerPool, message: Any, worker: str) -> None:
    assert pool.environment.runner is not None
    handle, _ = pool.environment.runner.custom_messages[f"loadtest-{type(message).__name__}"]
    handle(environment=pool.environment, msg=SimpleNamespace(data=encode(message), node_id=worker))


def test_the_pool_waits_until_enough_workers_have_connected(
    pool: tuple[WorkerPool, Clients, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers, clients, _ = pool
    monkeypatch.setattr("loadtest.engine.workers.POLL_INTERVAL", 0.001)
    connect(clients, "a_1")
    waiting = gevent.spawn(workers.wait_for, 2, 5.0, lambda: False)
    gevent.sleep(0.01)
    assert not waiting.ready()
    connect(clients, "b_1")
    waiting.get(timeout=5)


@pytest.mark.parametrize(
    ("stopped", "reason"),
    [(False, "not every worker connected within 0 s"), (True, "stopped while waiting for workers")],
)
def test_a_timeout_waiting_for_workers_names_those_connected(
    pool: tuple[WorkerPool, Clients, Any], stopped: bool, reason: str
) -> None:
    workers, clients, _ = pool
    connect(clients, "a_1")
    with pytest.raises(InconclusiveError, match=rf"{reason}: 1 of 2 connected \(a\), 1 missing"):
        workers.wait_for(2, 0.0, lambda: stopped)


def test_scenarios_of_a_lost_worker_are_requeued(pool: tuple[WorkerPool, Clients, Any]) -> None:
    workers, clients, sent = pool
    connect(clients, "a_1", "b_1")
    workers.begin()
    clients["b_1"].state = STATE_MISSING
    workers.check()
    assert sent == [("requeue", "b_1")]
    (one, other) = workers.records(0.0)
    assert (one.lost, other.lost) == (False, True)


def test_the_pool_waits_until_its_workers_have_stopped(pool: tuple[WorkerPool, Clients, Any]) -> None:
    workers, clients, sent = pool
    connect(clients, "a_1", "b_1")
    workers.begin()
    workers.ready("a_1", 0.0)
    workers.ready("b_1", 0.0)
    stopping = gevent.spawn(workers.stop)
    gevent.sleep(0)
    assert sorted(sent) == [("loadtest-StopUsers", "a_1"), ("loadtest-StopUsers", "b_1")]
    report = WorkerReport(counts=Aggregator(), cpu_seconds=2.0, requests=5)
    receive(workers, WorkerStopped(report=report), "a_1")
    assert not stopping.ready()
    receive(workers, WorkerLeaving(reason="it was stopped", took_part=True), "b_1")
    stopping.get(timeout=5)
    assert [one.unreported for one in workers.records(0.0)] == [5, 0]


def test_a_wrong_clock_is_logged(
    pool: tuple[WorkerPool, Clients, Any], caplog: pytest.LogCaptureFixture
) -> None:
    workers, clients, _ = pool
    connect(clients, "a_1")
    workers.begin()
    message = WorkerReady(tag="t", clock=4_000_000_000.0)
    with caplog.at_level(logging.WARNING):
        workers.ready("a_1", message.clock)
    assert "The clock of worker a is" in caplog.text
