"""One Locust process's part in the run: the session, the sweep, the records, wired to Locust's events.

The same wiring serves a single process, a master and a worker: Locust's local runner delivers the messages
to itself.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any, NoReturn, cast

import gevent
import psutil
import requests
from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_INIT, MasterRunner, WorkerRunner

from loadtest.client.session import Session, connect
from loadtest.core.address import parse_address
from loadtest.core.errors import ExitCode, LoadTestError, UsageError
from loadtest.core.log_filter import hide_secrets_in_logs
from loadtest.core.redact import Redactor, redact
from loadtest.engine.locust_options import Mode
from loadtest.engine.pacing import Pacing
from loadtest.engine.sweep import SweepClient
from loadtest.engine.target import DEFAULT_HOST, Target, read_target
from loadtest.engine.workers import Message, told
from loadtest.fixtures.fixture import Fixture
from loadtest.fixtures.shared_member import sign_in
from loadtest.recording.recorder import Recorder

logger = logging.getLogger(__name__)

Task = Callable[[Any], None]

PARENT_POLL_INTERVAL = 1.0
"""Seconds between two looks at whether the command that started a worker still lives."""

FIXTURE_TIMEOUT = 60.0
"""Seconds that a user waits for the stage before it goes on without."""


class LoadProcess:
    """What the users of one process share, and how it hears of the stage and of its share of the sweep."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.target: Target = read_target()
        self.address = start_address(environment, self.target)
        """Where the credentials go, and nowhere else; empty until the master of a worker has named it."""
        redactor = Redactor({*self.target.secrets, *self.target.credentials.secrets()})
        hide_secrets_in_logs(redactor)
        self.recorder = Recorder(environment, redactor)
        self.fixture = Fixture()
        self.scenarios: dict[str, tuple[type, Task]] = {}
        self.pacing = Pacing(environment)
        self.sweep = SweepClient(
            ask=lambda ticket: self.send("loadtest-want", {"ticket": ticket}),
            tell_done=lambda name: self.send("loadtest-done", {"name": name}),
        )
        self._session: Session | None = None
        self._connected = Event()
        self._staged = Event()
        self._why = ""
        """Why this worker does not take part."""
        environment.events.test_start.add_listener(self._on_test_start)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        if isinstance(environment.runner, WorkerRunner):
            events = environment.events
            events.test_stop.add_listener(self._on_worker_stopped)
            events.quitting.add_listener(self._on_quitting)
            gevent.spawn(self._watch_parents)
            if environment.runner.worker_state != STATE_INIT:
                # A late worker is told to begin before Locust lets anybody listen.
                gevent.spawn(self._on_test_start)
        if environment.runner is not None and not isinstance(environment.runner, MasterRunner):
            environment.runner.register_message("loadtest-begin", self._on_begin)
            environment.runner.register_message("loadtest-stage", self._on_stage, concurrent=True)
            environment.runner.register_message("loadtest-deal", self._on_deal)
            environment.runner.register_message("loadtest-stop", self._on_stop)

    @property
    def connected(self) -> bool:
        """Say whether there is a session with the gateway."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """This process's session with the gateway; waits until there is one."""
        while self._session is None:
            self._connected.wait()
        return self._session

    def wait_for_fixture(self) -> None:
        """Wait for the backends to be registered with the gateway; for 60 seconds at most."""
        self._staged.wait(FIXTURE_TIMEOUT)

    def send(self, message: str, data: Any) -> None:
        """Send a message to the master, or to ourselves where there is no other."""
        if self.environment.runner is not None:
            self.environment.runner.send_message(message, data)

    def connect(self) -> None:
        """Learn the gateway's contract and which scenarios take part.

        Raises:
            LoadTestError: the gateway does not answer or refuses our token.
        """
        host = self._host()
        self.sweep.over = False
        ours = told(self.environment)
        self._session = connect(
            host,
            self.target.credentials,
            data=self.target.version_data,
            deployment=ours.deployment if ours else self.target.deployment,
            processes=ours.processes if ours else self.target.processes,
            lock=self.target.turn_file,
            secrets=self.target.secrets,
        )
        self._session.changed = self.target.changed
        self.scenarios = {
            f"{user_class.__name__}.{getattr(task, '__name__', task)}": (user_class, cast("Task", task))
            for user_class in self.environment.user_classes
            for task in user_class.tasks
        }
        self._connected.set()

    def _host(self) -> str:
        """Return the address under test; the first one stays the only one."""
        asked = self.environment.host
        host = parse_address(asked, "host") if asked else self.address
        self.address = self.address or host
        if host != self.address:
            raise UsageError(
                f"asked to test {host}: this load was started for {self.address}, and its credentials go nowhere else"
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
        self.send("loadtest-hello", {"tag": self.session.tag, "clock": time.time()})

    def _on_worker_stopped(self, **_: Any) -> None:
        self.send("loadtest-stopped", self.recorder.hand_over())
        logger.info("Has stopped and handed in %d requests in all", self.recorder.made)

    def _refuse(self, why: str, error: Exception) -> NoReturn:
        logger.error("This worker cannot take part: %s", redact(why))
        self._why = f"cannot take part: {why}"
        self.environment.process_exit_code = int(ExitCode.INCONCLUSIVE)
        gevent.spawn(self._leave)
        # Ends the greenlet that is about to spawn users.
        raise gevent.GreenletExit from error

    def _leave(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _on_test_stopping(self, **_: Any) -> None:
        self.sweep.end()
        if self._session is not None:
            self._session.stopping = True

    def _on_quitting(self, **_: Any) -> None:
        """Leave in good order: users stop and what they did is handed in before Locust says that we quit."""
        if self._session is not None and self.environment.runner is not None:
            self.environment.runner.stop()
        if self.environment.process_exit_code is None:
            self.environment.process_exit_code = int(ExitCode.PASS)  # failures are for the judge
        self.send(
            "loadtest-leaving", {"why": redact(self._why or "it was stopped"), "took_part": not self._why}
        )

    def _watch_parents(self) -> None:
        """End when the command that started this worker was killed, which could tell nobody."""
        parent, command = os.getppid(), int(os.environ.get("LOADTEST_PARENT") or 0)
        while os.getppid() == parent and (not command or psutil.pid_exists(command)):
            gevent.sleep(PARENT_POLL_INTERVAL)
        self._leave()

    def _on_stop(self, **_: Any) -> None:
        if self.environment.runner is not None:
            gevent.spawn(self.environment.runner.stop)

    def _on_begin(self, msg: Message, **_: Any) -> None:
        self.recorder.begin(msg.data["started"])
        self.pacing.told(msg.data["pacing"], self.scenarios)

    def _on_stage(self, msg: Message, **_: Any) -> None:
        if self._session is None:
            return  # a worker asks for the stage when it has signed in
        stage = Fixture.unpacked(msg.data)
        if stage.member is not None:
            try:
                stage.member = sign_in(self._session)
            except requests.RequestException as error:
                logger.error("The account that stays cannot sign in here: %s", redact(str(error)))  # noqa: TRY400
                stage.member = None
        self.fixture = stage
        self._staged.set()

    def _on_deal(self, msg: Message, **_: Any) -> None:
        self.sweep.deal(msg.data["ticket"], msg.data["name"], msg.data["over"])


def start_address(environment: Environment, target: Target) -> str:
    """Return the address under test as it is known when Locust starts; empty for a worker that knows none yet.

    Raises:
        UsageError: an option or configuration file of Locust names another than ``target``, or starts another mode.
    """
    runner, processes = environment.runner, getattr(environment.parsed_options, "processes", None)
    distributed = isinstance(runner, MasterRunner | WorkerRunner) and not processes
    worker = isinstance(runner, WorkerRunner)
    wanted = target.mode
    if wanted is not None and (
        (wanted is Mode.WORKER and not worker)
        or (wanted is Mode.MASTER and not isinstance(runner, MasterRunner))
        or (wanted is Mode.ALONE and distributed)
        or (not worker and (environment.web_ui is not None) != target.ui)
    ):
        raise UsageError(
            f"an option of Locust's contradicts the mode in which loadtest started it ({wanted})"
        )
    stated = parse_address(environment.host, "--host") if environment.host else ""
    if wanted is Mode.WORKER:
        return target.host
    if stated and target.host and stated != target.host:
        raise UsageError(
            f"--host={stated}: the address under test is {target.host}: expected the same or none"
        )
    return stated or target.host or ("" if worker else DEFAULT_HOST)


def process_of(environment: Environment) -> LoadProcess:
    """Return the load that was attached to ``environment`` when Locust started."""
    return cast("LoadProcess", environment.__dict__["loadtest"])
