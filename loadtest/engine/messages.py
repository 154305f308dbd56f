"""Messages between the master and its workers: one record per message, sent and received by the functions here.

A single Locust process sends the same messages to itself. Locust's channel is neither encrypted nor authenticated: any
process that reaches the port of the master is accepted as a worker. No message contains a secret; each worker has its
own credentials and signs in by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from loadtest import __version__
from loadtest.core.errors import InconclusiveError
from loadtest.fixtures.fixture import Fixture
from loadtest.generated.requests import GeneratedOperation
from loadtest.recording.recorder import WorkerReport
from loadtest.results.deployment import Deployment
from loadtest.results.latency import Histogram
from loadtest.workload.plan import ArrivalRate

if TYPE_CHECKING:
    from locust.env import Environment

logger = logging.getLogger(__name__)

PREFIX = "loadtest-"
"""Starts the name of each message on Locust's channel."""
CONFIG_OPTION = "loadtest_config"
"""The option that carries the :class:`WorkerConfig`. Locust sends its options with every change of users."""
REPORT_KEY = "loadtest"
"""The key of the :class:`WorkerReport` in the report that Locust sends to the master every few seconds."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all messages. The class name is the message name."""


class WorkerReady(Message, frozen=True, kw_only=True):
    """Worker to master: signed in and waiting for the start of the load."""

    tag: str
    """Random part of the names of this worker's entities."""
    clock: float
    """The worker's time, in Unix seconds."""


class ScenarioRequest(Message, frozen=True, kw_only=True):
    """Worker to master: a user is free for the next scenario of the first sweep."""

    ticket: int
    """Repeated in the reply."""


class ScenarioDone(Message, frozen=True, kw_only=True):
    """Worker to master: a scenario of the first sweep has ended."""

    name: str


class WorkerStopped(Message, frozen=True, kw_only=True):
    """Worker to master: all users have stopped and deleted their entities."""

    report: WorkerReport
    """The counts since the last report."""


class WorkerLeaving(Message, frozen=True, kw_only=True):
    """Worker to master: this process is about to end."""

    reason: str
    took_part: bool


class LoadStarted(Message, frozen=True, kw_only=True):
    """Master to workers: the load has started, or the first sweep is over."""

    started: float
    """Start of the load, in Unix seconds."""
    rate: ArrivalRate | None
    """None in the first sweep of a load without a plan."""
    paced_since: float | None
    """When users began to follow the arrival rate, in Unix seconds; None in the first sweep."""
    scenarios: frozenset[str] = frozenset()
    """Names of the selected scenarios, from which users choose then: workers do not know the selection."""


class FixtureReady(Message, frozen=True, kw_only=True):
    """Master to workers: the fixture has been created."""

    fixtures: tuple[Fixture, ...]
    """Of each gateway."""
    generated: tuple[GeneratedOperation, ...] = ()
    """Requests for operations without a scenario."""
    new: bool = True
    """The gateways had no entities before: texts, flags and numbers are compared with recorded ones."""


class NextScenario(Message, frozen=True, kw_only=True):
    """Master to worker: the reply to a :class:`ScenarioRequest`."""

    ticket: int
    name: str | None
    """None if no scenario is left."""
    sweep_over: bool


class StopUsers(Message, frozen=True, kw_only=True):
    """Master to worker: stop all users."""


M = TypeVar("M", bound=Message)
T = TypeVar("T")


class Incoming(Protocol):
    """What Locust passes to the listener of a message."""

    data: bytes
    node_id: str


def send(environment: Environment, message: Message, worker: str | None = None) -> None:
    """Send ``message`` to the master; from the master, to ``worker`` or to all of them."""
    if environment.runner is not None:
        environment.runner.send_message(_name(type(message)), encode(message), worker)


def listen(
    environment: Environment, kind: type[M], handle: Callable[[M, str], object], *, concurrent: bool = False
) -> None:
    """Call ``handle`` with each message of this ``kind`` and the id of its sender; ignore malformed ones.

    A ``concurrent`` handler may wait for I/O without delaying later messages.
    """

    def receive(msg: Incoming, **_: Any) -> None:
        try:
            message = decode(msg.data, kind)
        except (msgspec.DecodeError, TypeError) as error:
            logger.warning("Ignored a malformed %s message from %s: %s", kind.__name__, msg.node_id, error)
            return
        handle(message, msg.node_id)

    if environment.runner is not None:
        environment.runner.register_message(_name(kind), receive, concurrent=concurrent)


def attach_report(data: dict[str, Any], report: WorkerReport) -> None:
    """Add ``report`` to the ``data`` of Locust's own report."""
    data[REPORT_KEY] = encode(report)


def detach_report(data: dict[str, Any]) -> WorkerReport | None:
    """Remove and return the report in ``data``; None if there is none.

    Raises:
        msgspec.DecodeError: it is malformed.
    """
    packed = data.pop(REPORT_KEY, None)
    return None if packed is None else decode(packed, WorkerReport)


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration that workers receive from their master, besides the address under test."""

    loadtest: str
    """Version of this program; another version may count differently."""
    deployment: Deployment
    processes: int
    """Workers that share the concurrency limits of the gateway."""


def publish_config(environment: Environment, deployment: Deployment, processes: int) -> None:
    """Send the configuration to every worker, including those that join later."""
    if environment.parsed_options is not None:
        config = WorkerConfig(loadtest=__version__, deployment=deployment, processes=processes)
        setattr(environment.parsed_options, CONFIG_OPTION, msgspec.to_builtins(config))


def read_config(environment: Environment) -> WorkerConfig | None:
    """Return the configuration from the master; None if the master is not this program.

    Raises:
        InconclusiveError: the master runs another version of this program.
    """
    packed = getattr(environment.parsed_options, CONFIG_OPTION, None)
    if packed is None:
        return None
    if packed.get("loadtest") != __version__:
        raise InconclusiveError(
            f"the master runs version {packed.get('loadtest')} of contextforge-loadtest and this worker "
            f"{__version__}: expected the same on every machine"
        )
    return msgspec.convert(packed, WorkerConfig)


def encode(record: msgspec.Struct) -> bytes:
    """Return ``record`` as MessagePack."""
    return msgspec.msgpack.encode(record, enc_hook=_encode_histogram)


def decode(data: bytes, kind: type[T]) -> T:
    """Return the record of this ``kind`` that :func:`encode` wrote.

    Raises:
        msgspec.DecodeError: ``data`` is not such a record.
    """
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_decode_histogram)


def _name(kind: type[Message]) -> str:
    return PREFIX + kind.__name__


def _encode_histogram(value: Any) -> Any:
    if isinstance(value, Histogram):
        return value.encode()
    raise NotImplementedError(type(value))


def _decode_histogram(kind: type, value: Any) -> Any:
    if kind is Histogram:
        return Histogram.decode(value)
    raise NotImplementedError(kind)
