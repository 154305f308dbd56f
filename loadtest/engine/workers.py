"""The master's workers, on this machine or on others: waited for, told what to drive, stopped, and missed.

Locust's channel is neither encrypted nor signed: whoever reaches the master's port is taken for a worker. So
nothing secret goes over it. A worker has its credentials from its own environment and signs in by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

import gevent
import msgspec
from locust.env import Environment
from locust.runners import STATE_MISSING, STATE_RUNNING, MasterRunner

from loadtest import __version__
from loadtest.core.errors import InconclusiveError
from loadtest.core.redact import redact
from loadtest.engine.membership import Membership
from loadtest.recording.recorder import Recorder
from loadtest.results.deployment import Deployment
from loadtest.results.run import Worker

logger = logging.getLogger(__name__)

CLEANUP_TIMEOUT = 10.0
"""Seconds that a worker has, beyond the time that its users have to stop, to say that they did."""

LOG_INTERVAL = 10.0
"""Seconds between two words on who is still waited for."""

POLL_INTERVAL = 0.5
"""Seconds between two looks at who is there."""

TOLD = "loadtest_told"
"""Under this name what workers are told travels among the options that Locust sends with every order."""


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the master tells its workers beside the address of the gateway, which Locust tells; no secret."""

    loadtest: str
    """The version of this program; another one may count otherwise."""
    deployment: Deployment
    processes: int
    """Workers that share what the gateway takes at once."""


class Message(Protocol):
    """What Locust hands to who listens for a message."""

    data: Any
    node_id: str


def tell(environment: Environment, deployment: Deployment, processes: int) -> None:
    """Let every worker that is given users be told, one that comes later, too."""
    if environment.parsed_options is not None:
        told = WorkerConfig(loadtest=__version__, deployment=deployment, processes=processes)
        setattr(environment.parsed_options, TOLD, msgspec.to_builtins(told))


def told(environment: Environment) -> WorkerConfig | None:
    """Return what the master told this worker; None if the master is another program.

    Raises:
        InconclusiveError: the master runs another version of this program.
    """
    packed = getattr(environment.parsed_options, TOLD, None)
    if packed is None:
        return None
    if packed.get("loadtest") != __version__:
        raise InconclusiveError(
            f"the master runs version {packed.get('loadtest')} of contextforge-loadtest and this worker "
            f"{__version__}: expected the same on every machine"
        )
    return msgspec.convert(packed, WorkerConfig)


class WorkerPool:
    """What a master knows of its workers. A load of one process has none, and nothing here happens."""

    def __init__(
        self, environment: Environment, recorder: Recorder, take_back: Callable[[str], object]
    ) -> None:
        self.environment = environment
        self.recorder = recorder
        self.membership = Membership()
        self._take_back = take_back
        """Takes back what a lost worker was dealt."""
        self._at_work: set[str] = set()
        if isinstance(environment.runner, MasterRunner):
            environment.events.heartbeat_sent.add_listener(
                lambda client_id, timestamp, **_: self.membership.heard(client_id, timestamp)
            )
            environment.runner.register_message("loadtest-stopped", self._on_stopped)
            environment.runner.register_message("loadtest-leaving", self._on_leaving)

    @property
    def _master(self) -> MasterRunner | None:
        runner = self.environment.runner
        return runner if isinstance(runner, MasterRunner) else None

    def present(self) -> tuple[str, ...]:
        """Return who is connected and sends signs of life."""
        if self._master is None:
            return ()
        return tuple(one.id for one in self._master.clients.values() if one.state != STATE_MISSING)

    def expect(self, number: int, within: float, stopped: Callable[[], bool]) -> None:
        """Wait for so many workers, ``within`` seconds, or until ``stopped``.

        Raises:
            InconclusiveError: they did not all come.
        """
        began = last = time.monotonic()
        logger.info("Waiting for %s, for %g s at most", _workers(number), within)
        while len(self.present()) < number:
            here, now = self.present(), time.monotonic()
            if stopped():
                raise InconclusiveError(f"stopped while it waited for workers: {_those(here, number)}")
            if now - began > within:
                raise InconclusiveError(f"not every worker came within {within:g} s: {_those(here, number)}")
            if now - last > LOG_INTERVAL:
                last = now
                logger.info("%s; %.0f s left", _those(here, number), within - (now - began))
            gevent.sleep(POLL_INTERVAL)
        logger.info("%s: %s", _workers(number), ", ".join(map(_machine, sorted(self.present()))))

    def begin(self) -> None:
        """The load begins with those who are present."""
        self._at_work.clear()
        self.membership.begin(self.present(), time.time())
        if self._master is not None:
            gevent.spawn(self._watch)

    def at_work(self, worker: str, clock: float) -> None:
        """Note that ``worker`` has users, and what its clock says, in Unix seconds."""
        self._at_work.add(worker)
        if ahead := self.membership.clock(worker, clock, time.time()):
            logger.warning("The clock of worker %s is %.0f s ahead of ours", _machine(worker), ahead)

    def look(self) -> None:
        """Find out who went and who came back; what a lost one held is dealt again."""
        if self._master is None:
            return
        lost, returned = self.membership.compare(self.present(), time.time())
        for worker in lost:
            logger.warning("Worker %s is lost: it sends no sign of life", _machine(worker))
            self._take_back(worker)
        for worker in returned:
            logger.warning("Worker %s is back", _machine(worker))
        if returned and self._master.state == STATE_RUNNING and self.environment.shape_class is None:
            # Locust does so only for the first that returns: its dispatcher stays "in progress" after that.
            gevent.spawn(self._master.start, self._master.target_user_count, self._master.spawn_rate)

    def stop(self) -> None:
        """Have the users of every worker stop, and wait until they have undone what they made.

        A Locust master that quits says that the test has stopped before it tells its workers.
        """
        if self._master is None:
            return
        self.look()
        for worker in self._at_work:
            self._master.send_message("loadtest-stop", {}, worker)
        deadline = time.monotonic() + self.environment.stop_timeout + CLEANUP_TIMEOUT
        while self._at_work - self.membership.away():
            if time.monotonic() > deadline:
                logger.warning(
                    "Workers that did not stop in time: %s", ", ".join(map(_machine, sorted(self._at_work)))
                )
                break
            gevent.sleep(0.1)
            self.look()
        self.membership.close()

    def records(self, started: float) -> tuple[Worker, ...]:
        """Return the record of every worker; ``started`` is when the load did, in Unix seconds."""
        return self.membership.records(self.recorder.workers, started)

    def _watch(self) -> None:
        while self._master is not None and self._master.state not in ("stopping", "stopped"):
            self.look()
            gevent.sleep(POLL_INTERVAL)

    def _on_stopped(self, msg: Message, **_: Any) -> None:
        self.recorder.take(msg.node_id, msg.data)
        self._at_work.discard(msg.node_id)

    def _on_leaving(self, msg: Message, **_: Any) -> None:
        why, ready = redact(str(msg.data.get("why", ""))), bool(msg.data.get("took_part"))
        self._at_work.discard(msg.node_id)
        self.membership.left(msg.node_id, time.time(), why, silent=not ready)
        self._take_back(msg.node_id)
        logger.warning("Worker %s leaves: %s", _machine(msg.node_id), why)


def _workers(number: int) -> str:
    return f"{number} worker{'' if number == 1 else 's'}"


def _those(here: Collection[str], number: int) -> str:
    names = f" ({', '.join(sorted(map(_machine, here)))})" if here else ""
    return f"{len(here)} of {number} there{names}, {number - len(here)} missing"


def _machine(worker: str) -> str:
    return worker.rpartition("_")[0] or worker
