"""One Locust process of a load: its session, its share of the sweep and its counts, connected to Locust's events.

A single process, a master and a worker are set up alike: Locust's local runner delivers messages to itself.
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, NoReturn, cast

import gevent
import psutil
import requests
from gevent.event import Event
from gevent.queue import Queue
from locust.env import Environment
from locust.runners import STATE_INIT, MasterRunner, WorkerRunner

from loadtest.client.auth import Credentials
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.session import Session, connect
from loadtest.core import clock
from loadtest.core.address import parse_address
from loadtest.core.errors import ExitCode, LoadTestError, UsageError
from loadtest.core.log_filter import drop_messages_on_ended_users, hide_secrets_in_logs
from loadtest.core.redact import Redactor, redact
from loadtest.engine.link import GatewayLink
from loadtest.engine.locust_options import Mode
from loadtest.engine.messages import (
    FixtureReady,
    LoadStarted,
    NextScenario,
    ScenarioDone,
    ScenarioRequest,
    StopUsers,
    WorkerLeaving,
    WorkerReady,
    WorkerStopped,
    attach_report,
    listen,
    read_config,
    send,
)
from loadtest.engine.pacing import Pacing, is_deep
from loadtest.engine.paired.director import PairDirector
from loadtest.engine.sweep import SweepClient, is_slow
from loadtest.engine.target import DEFAULT_HOST, Base, Target, read_target
from loadtest.fixtures.fixture import Fixture
from loadtest.fixtures.shared_member import sign_in
from loadtest.generated.requests import GeneratedOperation
from loadtest.recording.call_trace import CallTrace
from loadtest.recording.pauses import TICK
from loadtest.recording.recorder import Recorder

logger = logging.getLogger(__name__)

Task = Callable[[Any], None]

SWEEP_USERS = 4
"""Users of a process that run scenarios of the first sweep on one gateway at the same time; more would only queue."""

PARENT_POLL_INTERVAL = 1.0
"""Seconds between two checks whether the command that started a worker is still alive."""

FIXTURE_TIMEOUT = 60.0
"""Seconds after which a user begins without the fixture."""


class LoadProcess:
    """What the users of one Locust process share."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.target: Target = read_target()
        self.address = start_address(environment, self.target)
        """The only address that receives the credentials; empty in a worker until its master has sent it."""
        redactor = Redactor({*self.target.secrets, *self.target.credentials.secrets()})
        hide_secrets_in_logs(redactor)
        drop_messages_on_ended_users()
        self.recorder = Recorder(environment, redactor)
        if self.target.trace:
            self.recorder.observers.append(CallTrace(Path(self.target.trace), self.target.stop_at))
        self.links: tuple[GatewayLink, ...] = ()
        """The gateways under test. All but the first take part in the first sweep only."""
        self.base: GatewayLink | None = None
        """The gateway that is called in pairs with the first one."""
        self.paired: PairDirector | None = None
        """Directs the load if it is made in pairs."""
        self._for_base: LoadProcess | None = None
        self.scenarios: dict[str, tuple[type, Task]] = {}
        self.generated: tuple[GeneratedOperation, ...] = ()
        """Requests for operations without a scenario."""
        self.slow: frozenset[str] = frozenset()
        """Names of the scenarios that take many seconds."""
        self.pacing = Pacing(environment)
        self.sweep = SweepClient(
            request=lambda ticket: send(environment, ScenarioRequest(ticket=ticket)),
            report_done=lambda name: send(environment, ScenarioDone(name=name)),
        )
        self._places: Queue[GatewayLink] = Queue()
        """One item for each user that may take part in the sweep at the same time."""
        self._connected = Event()
        self._fixture_ready = Event()
        self._watching = False
        """Pauses of this process are measured."""
        self._failure = ""
        """Why this worker cannot take part."""
        self.abort: Callable[[str], None] = lambda _reason: None
        """Ends the load for a reason, one sentence; set by the coordinator."""
        self._listen()

    def _listen(self) -> None:
        environment, events = self.environment, self.environment.events
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        if isinstance(environment.runner, WorkerRunner):
            events.report_to_master.add_listener(self._on_report)
            events.test_stop.add_listener(self._on_worker_stopped)
            events.quitting.add_listener(self._on_quitting)
            gevent.spawn(self._watch_parents)
            if environment.runner.worker_state != STATE_INIT:
                # A late worker receives the order to start before Locust's init event, which leads here.
                gevent.spawn(self._on_test_start)
        if not isinstance(environment.runner, MasterRunner):
            listen(environment, LoadStarted, self._on_load_started)
            listen(environment, FixtureReady, self._on_fixture_ready, concurrent=True)
            listen(environment, NextScenario, self._on_next_scenario)
            listen(environment, StopUsers, self._on_stop_users)

    @property
    def connected(self) -> bool:
        """Whether there is a session with the gateway."""
        return bool(self.links)

    @property
    def session(self) -> Session:
        """This process's session with the first gateway; waits until there is one."""
        return self.link.session

    @property
    def link(self) -> GatewayLink:
        """The first gateway, which all users call after the sweep; waits until there is a session."""
        while not self.links:
            self._connected.wait()
        return self.links[0]

    def sweep_scenarios(self, going: Callable[[], bool]) -> Generator[tuple[str, GatewayLink], None, None]:
        """Yield the scenarios of the first sweep that a user is to run while ``going``, each with the gateway to call.

        Waits while :data:`SWEEP_USERS` others run scenarios on each gateway. Slow scenarios do not count: they wait
        for something most of the time.
        """
        link: GatewayLink | None = None
        try:
            while not self.sweep.over and going():
                link = link or self._places.get()
                if (name := self.sweep.next()) is None:
                    return
                gateway = link
                if name in self.slow:
                    self._places.put(link)
                    link = None
                yield name, gateway
                self.sweep.done(name)
        finally:
            if link is not None:
                self._places.put(link)

    def wait_for_fixture(self) -> None:
        """Wait until the fixture has been created, for 60 seconds at most."""
        self._fixture_ready.wait(FIXTURE_TIMEOUT)

    def connect(self) -> None:
        """Read the contract of each gateway, and join the load.

        Raises:
            LoadTestError: the gateway does not answer or rejects the token.
        """
        host = self._host()
        self.sweep.over = False
        target = self.target
        first = GatewayLink(
            self._connect(host, target.credentials), Fixture(backends=target.backends), target.pid
        )
        replicas = (
            GatewayLink(self._connect(one.host, one.credentials), Fixture(backends=one.backends))
            for one in target.replicas
        )
        self.join((first, *replicas))
        if target.base is not None and target.pairs is not None:
            self.base = self._connect_base(target.base)
            check_alike(first.session, self.base.session)
            self._for_base = self._copy_for(self.base)
            self.paired = PairDirector(
                target.pairs,
                first,
                self.base,
                slow=self.slow,
                deep=frozenset(name for name, (one, _) in self.scenarios.items() if is_deep(one)),
                failures_of=self.recorder.failures_of,
                seed=target.seed,
                sweep_over=lambda: vars(self.sweep).update(over=True),
            )

    def join(self, links: tuple[GatewayLink, ...]) -> None:
        """Take part in a load on these gateways, with the scenarios of the selected user classes."""
        self.links = links
        self._places = Queue()
        for link in links * SWEEP_USERS:
            self._places.put(link)
        self.scenarios = self._scenarios()
        self.slow = frozenset(name for name, (_, task) in self.scenarios.items() if is_slow(task))
        self._connected.set()

    @property
    def all_links(self) -> tuple[GatewayLink, ...]:
        """The gateways under test, and the base."""
        return self.links if self.base is None else (*self.links, self.base)

    def for_base(self) -> LoadProcess:
        """Return this process as the users of the base see it: their calls are counted separately."""
        if self._for_base is None:
            raise LookupError("this load has no base")
        return self._for_base

    def _connect_base(self, base: Base) -> GatewayLink:
        session = connect(
            base.host,
            base.credentials,
            data=base.version_data,
            deployment=self.target.deployment,
            secrets=self.target.secrets,
        )
        session.changed = base.changed
        session.custom = self._custom_classes()
        if base.changed:
            session.shapes = _not_compared(base.changed)
        return GatewayLink(session, Fixture(backends=base.backends), base.pid)

    def _copy_for(self, base: GatewayLink) -> LoadProcess:
        environment = Environment(host=base.session.host)
        process = copy.copy(self)
        process.environment, process.links = environment, (base,)
        process.recorder = Recorder(environment, self.recorder.redactor)
        process.recorder.pauses = self.recorder.pauses
        environment.__dict__["loadtest"] = process
        return process

    def _connect(self, host: str, credentials: Credentials) -> Session:
        config = read_config(self.environment)
        session = connect(
            host,
            credentials,
            data=self.target.version_data,
            deployment=config.deployment if config else self.target.deployment,
            processes=config.processes if config else self.target.processes,
            lock=self.target.writer_lock,
            secrets=self.target.secrets,
            sent=self.recorder.sent,
        )
        session.changed = self.target.changed
        session.keeps_examples = self.target.keep_exchanges
        session.custom = self._custom_classes()
        if self.target.changed:
            session.shapes = _not_compared(self.target.changed)
        elif not self._is_complete:
            session.shapes = session.shapes.of_some_scenarios()
        session.on_token_rejected = self._on_token_rejected
        return session

    @property
    def _is_complete(self) -> bool:
        """Whether the load consists of all built-in scenarios and of no others."""
        options = self.environment.parsed_options
        limits = ("tags", "exclude_tags", "user_classes")
        limited = any(getattr(options, name, None) for name in limits)
        only = self.target.only
        return (
            self.target.deep
            and not limited
            and (not only or self._scenarios().keys() <= set(only))
            and not self._custom_classes()
        )

    def _scenarios(self) -> dict[str, tuple[type, Task]]:
        """Return the scenarios of the selected user classes, by name."""
        return {
            f"{user_class.__name__}.{getattr(task, '__name__', task)}": (user_class, cast("Task", task))
            for user_class in self.environment.user_classes
            for task in user_class.tasks
        }

    def _custom_classes(self) -> frozenset[str]:
        """Return the names of the user classes that are not built in."""
        classes = self.environment.user_classes
        return frozenset(one.__name__ for one in classes if not one.__module__.startswith("loadtest."))

    def _host(self) -> str:
        """Return the address under test; it cannot change after the first load.

        Raises:
            UsageError: another address is requested.
        """
        requested = self.environment.host
        host = parse_address(requested, "host") if requested else self.address
        self.address = self.address or host
        if host != self.address:
            raise UsageError(
                f"host {host}: this load was started for {self.address}, and its credentials are sent nowhere else"
            )
        self.environment.host = host
        return host

    def _on_test_start(self, **_: Any) -> None:
        if not isinstance(self.environment.runner, WorkerRunner):
            return
        self.recorder.reset()
        try:
            self.connect()
        except LoadTestError as error:
            self._refuse(str(error), error)
        except Exception as error:  # the edge: Locust would log it and start users that have no session
            logger.exception("This worker cannot take part")
            self._refuse(f"{type(error).__name__}: {error}", error)
        logger.info("Takes part in the load on %s", redact(str(self.environment.host)))
        send(self.environment, WorkerReady(tag=self.session.tag, clock=clock.now()))

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        attach_report(data, self.recorder.take_report())

    def _on_worker_stopped(self, **_: Any) -> None:
        send(self.environment, WorkerStopped(report=self.recorder.take_report()))
        logger.info("Stopped; reported %d requests in total", self.recorder.reported)

    def _refuse(self, reason: str, error: Exception) -> NoReturn:
        logger.error("This worker cannot take part: %s", redact(reason))
        self._failure = f"cannot take part: {reason}"
        self.environment.process_exit_code = int(ExitCode.INCONCLUSIVE)
        gevent.spawn(self._quit)
        # Ends the greenlet that is about to spawn users.
        raise gevent.GreenletExit from error

    def _on_token_rejected(self) -> None:
        reason = "the gateway no longer accepts the token of LOADTEST_TOKEN; it may have expired"
        logger.error("%s", reason)
        if isinstance(self.environment.runner, WorkerRunner):
            self._failure = reason
            self.environment.process_exit_code = int(ExitCode.INCONCLUSIVE)
            gevent.spawn(self._quit)
        else:
            self.abort(reason)

    def _quit(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _on_test_stopping(self, **_: Any) -> None:
        self.sweep.stop()
        for link in self.all_links:
            link.session.stopping = True
        if self.paired is not None:
            self.paired.stop()

    def _on_quitting(self, **_: Any) -> None:
        """Stop the users and send their last counts before Locust announces the end of this process."""
        if self.connected and self.environment.runner is not None:
            self.environment.runner.stop()
        if self.environment.process_exit_code is None:
            self.environment.process_exit_code = int(ExitCode.PASS)  # the verdict decides about failures
        reason = redact(self._failure or "it was stopped")
        send(self.environment, WorkerLeaving(reason=reason, took_part=not self._failure))

    def _watch_parents(self) -> None:
        """End this worker when the command that started it was killed and could not end it."""
        parent, command = os.getppid(), self.target.parent
        while os.getppid() == parent and (not command or psutil.pid_exists(command)):
            gevent.sleep(PARENT_POLL_INTERVAL)
        self._quit()

    def _watch_pauses(self) -> None:
        self.recorder.pauses.start()
        while True:
            gevent.sleep(TICK)
            self.recorder.check_pauses()

    def _on_stop_users(self, _message: StopUsers, _sender: str) -> None:
        if self.environment.runner is not None:
            gevent.spawn(self.environment.runner.stop)

    def _on_load_started(self, message: LoadStarted, _sender: str) -> None:
        self.recorder.begin(message.started, message.paced_since)
        if self._for_base is not None:
            self._for_base.recorder.begin(message.started)
        if not self._watching:
            self._watching = True
            gevent.spawn(self._watch_pauses)
        chosen = {name: one for name, one in self.scenarios.items() if name in message.scenarios}
        self.pacing.update(message.rate, started=message.paced_since is not None, scenarios=chosen)

    def _on_fixture_ready(self, message: FixtureReady, _sender: str) -> None:
        if not self.connected:
            return  # the master sends it again when this worker has signed in
        self.generated = message.generated
        if not message.new:
            for link in self.all_links:
                link.session.shapes = link.session.shapes.without_literals()
        for link, fixture in zip(self.all_links, message.fixtures, strict=False):
            if fixture.member is not None:
                try:
                    fixture.member = sign_in(link.session)
                except requests.RequestException as error:
                    logger.error("The shared member cannot sign in: %s", redact(str(error)))  # noqa: TRY400
                    fixture.member = None
            link.fixture = fixture
        self._fixture_ready.set()

    def _on_next_scenario(self, message: NextScenario, _sender: str) -> None:
        self.sweep.receive(message.ticket, message.name, over=message.sweep_over)


def check_alike(head: Session, base: Session) -> None:
    """Compare recorded shapes on both sides or on neither: a failure that only one side can have proves nothing."""
    if reason := head.shapes.why_not or base.shapes.why_not:
        head.shapes, base.shapes = ResponseShapes(why_not=reason), ResponseShapes(why_not=reason)


def _not_compared(changed: Iterable[str]) -> ResponseShapes:
    names = ", ".join(sorted(changed))
    return ResponseShapes(why_not=f"the gateway has other settings than usual: {names}")


def start_address(environment: Environment, target: Target) -> str:
    """Return the address under test as known when Locust starts; empty for a worker whose master will send it.

    Raises:
        UsageError: Locust's own options or files name another address or mode than ``target``.
    """
    runner, processes = environment.runner, getattr(environment.parsed_options, "processes", None)
    distributed = isinstance(runner, MasterRunner | WorkerRunner) and not processes
    worker = isinstance(runner, WorkerRunner)
    mode = target.mode
    if mode is not None and (
        (mode is Mode.WORKER and not worker)
        or (mode is Mode.MASTER and not isinstance(runner, MasterRunner))
        or (mode is Mode.ALONE and distributed)
        or (not worker and (environment.web_ui is not None) != target.ui)
    ):
        raise UsageError(f"an option of Locust's contradicts the mode in which loadtest started it ({mode})")
    stated = parse_address(environment.host, "--host") if environment.host else ""
    if mode is Mode.WORKER:
        return target.host
    if stated and target.host and stated != target.host:
        raise UsageError(
            f"--host={stated}: the address under test is {target.host}: expected the same or none"
        )
    return stated or target.host or ("" if worker else DEFAULT_HOST)


def process_of(environment: Environment) -> LoadProcess:
    """Return the load process that was attached to ``environment`` when Locust started."""
    return cast("LoadProcess", environment.__dict__["loadtest"])
