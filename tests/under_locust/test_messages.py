"""Messages between master and workers survive the channel, and malformed ones are ignored."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from locust.env import Environment

from loadtest import __version__
from loadtest.core.errors import InconclusiveError
from loadtest.engine.messages import (
    CONFIG_OPTION,
    PREFIX,
    FixtureReady,
    LoadStarted,
    Message,
    NextScenario,
    ScenarioDone,
    ScenarioRequest,
    StopUsers,
    WorkerLeaving,
    WorkerReady,
    WorkerStopped,
    attach_report,
    decode,
    detach_report,
    encode,
    listen,
    publish_config,
    read_config,
    send,
)
from loadtest.fixtures.fixture import Fixture
from loadtest.fixtures.shared_member import SharedMember
from loadtest.recording.aggregator import Aggregator
from loadtest.recording.recorder import WorkerReport
from loadtest.results.deployment import Deployment
from loadtest.results.outcome import CallResult
from loadtest.workload.plan import ArrivalRate


def counts() -> Aggregator:
    aggregator = Aggregator(start=1.0)
    aggregator.add(
        CallResult(operation="GET /a", scenario="s", finished=2.5, duration=12.0, status=200, received=5)
    )
    return aggregator


def report() -> WorkerReport:
    return WorkerReport(counts=counts(), cpu_seconds=1.5, requests=1)


MESSAGES: list[Message] = [
    WorkerReady(tag="ab12", clock=1000.5),
    ScenarioRequest(ticket=3),
    ScenarioDone(name="ToolsUser.lifecycle"),
    WorkerLeaving(reason="it was stopped", took_part=True),
    LoadStarted(started=1000.0, rate=None, paced_since=None),
    LoadStarted(
        started=1000.0,
        rate=ArrivalRate(period=2.0, realistic=0.5, held=60.0, seed=7),
        paced_since=1100.0,
        scenarios=frozenset({"A.b"}),
    ),
    FixtureReady(
        fixtures=(Fixture(gateway_id="g", tools={"echo": "x-echo"}, problems={"siem": "down"}), Fixture())
    ),
    NextScenario(ticket=3, name=None, sweep_over=True),
    StopUsers(),
]


def local() -> Environment:
    environment = Environment()
    environment.create_local_runner()
    return environment


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    environment, received = local(), list[tuple[Message, str]]()
    listen(environment, type(message), lambda message, sender: received.append((message, sender)))
    send(environment, message)
    assert received == [(message, "local")]


def test_every_message_is_tested() -> None:
    assert {type(message) for message in MESSAGES} | {WorkerStopped} == set(Message.__subclasses__())


def test_counts_arrive_with_their_latencies() -> None:
    environment, received = local(), list[WorkerStopped]()
    listen(environment, WorkerStopped, lambda message, _: received.append(message))
    send(environment, WorkerStopped(report=report()))
    (message,) = received
    assert message.report.counts.operation_records(1.0) == counts().operation_records(1.0)
    assert (message.report.cpu_seconds, message.report.requests) == (1.5, 1)


def test_a_report_travels_in_that_of_locust_and_leaves_the_rest() -> None:
    data: dict[str, Any] = {"stats": []}
    attach_report(data, report())
    received = detach_report(data)
    assert received is not None
    assert received.counts.requests == 1
    assert data == {"stats": []}
    assert detach_report(data) is None


@pytest.mark.parametrize("data", [b"", b"\xc1", encode(StopUsers()), None, {"ticket": "x"}])
def test_a_malformed_message_is_ignored_with_a_warning(data: Any, caplog: pytest.LogCaptureFixture) -> None:
    environment = local()
    listen(environment, ScenarioRequest, lambda *_: pytest.fail("called"))
    receive, _ = environment.runner.custom_messages[f"{PREFIX}ScenarioRequest"]  # type: ignore[union-attr]
    with caplog.at_level(logging.WARNING):
        receive(environment=environment, msg=SimpleNamespace(data=data, node_id="stranger_1"))
    assert "Ignored a malformed ScenarioRequest message from stranger_1" in caplog.text


def test_no_token_is_sent_to_another_process() -> None:
    member = SharedMember(email="m@example.com", bearer="top-secret")
    sent = encode(FixtureReady(fixtures=(Fixture(member=member).without_token(),)))
    assert b"top-secret" not in sent
    assert decode(sent, FixtureReady).fixtures[0].member == SharedMember(email="m@example.com")


def test_a_worker_reads_the_configuration_that_its_master_published() -> None:
    environment = Environment(parsed_options=SimpleNamespace())
    assert read_config(environment) is None
    publish_config(environment, Deployment(workers=3), 4)
    config = read_config(environment)
    assert config is not None
    assert (config.loadtest, config.deployment.workers, config.processes) == (__version__, 3, 4)


def test_another_version_of_the_master_is_rejected() -> None:
    packed = {"loadtest": "0.0.1", "deployment": {}, "processes": 1}
    environment = Environment(parsed_options=SimpleNamespace(**{CONFIG_OPTION: packed}))
    with pytest.raises(InconclusiveError, match=r"the master runs version 0\.0\.1"):
        read_config(environment)
