"""The master's workers, on this machine or on others: waiting for them, watching and stopping them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.runners import STATE_MISSING, STATE_RUNNING, MasterRunner

from loadtest.core import clock
from loadtest.core.errors import InconclusiveError
from loadtest.core.redact import redact
from loadtest.engine.membership import Membership
from loadtest.engine.messages import (
    StopUsers,
    WorkerLeaving,
    WorkerStopped,
    detach_report,
    listen,
    send,
)
from loadtest.recording.recorder import Recorder
from loadtest.results.run import Worker

logger = logging.getLogger(__name__)

CLEANUP_TIMEOUT = 10.0
"""Seconds that a worker has for its clean-up, beyond Locust's stop timeout."""

LOG_INTERVAL = 10.0
"""Seconds between two log lines while waiting for workers."""

POLL_INTERVAL = 0.5


class WorkerPool:
    """The workers of one master. In a load of a single process it is empty and does nothing."""

    def __init__(
        self, environment: Environment, recorder: Recorder, requeue: Callable[[str], object]
    ) -> None:
        """Create the pool; ``requeue`` is called with each worker that is lost or leaves during a load."""
        self.environment = environment
        self.recorder = recorder
        self.membership = Membership()
        self._requeue = requeue
        self._active: set[str] = set()
        if isinstance(environment.runner, MasterRunner):
            environment.events.heartbeat_sent.add_listener(
                lambda client_id, **_: self.membership.seen(client_id, clock.now())
            )
            environment.events.worker_report.add_listener(self._on_report)
            listen(environment, WorkerStopped, self._on_stopped)
            listen(environment, WorkerLeaving, self._on_leaving)

    @property
    def _master(self) -> MasterRunner | None:
        runner = self.environment.runner
        return runner if isinstance(runner, MasterRunner) else None

    def present(self) -> tuple[str, ...]:
        """Return the workers that are connected and send heartbeats."""
        if self._master is None:
            return ()
        return tuple(one.id for one in self._master.clients.values() if one.state != STATE_MISSING)

    def wait_for(self, number: int, within: float, stopped: Callable[[], bool]) -> None:
        """Wait until ``number`` workers are connected, for ``within`` seconds or until ``stopped``.

        Raises:
            InconclusiveError: fewer workers have connected.
        """
        began = last = time.monotonic()
        logger.info("Waiting for %s, up to %g s", _workers(number), within)
        while len(self.present()) < number:
            here, now = self.present(), time.monotonic()
            if stopped():
                raise InconclusiveError(f"stopped while waiting for workers: {_connected(here, number)}")
            if now - began > within:
                raise InconclusiveError(
                    f"not every worker connected within {within:g} s: {_connected(here, number)}"
                )
            if now - last > LOG_INTERVAL:
                last = now
                logger.info("%s; %.0f s left", _connected(here, number), within - (now - began))
            gevent.sleep(POLL_INTERVAL)
        logger.info("%s: %s", _workers(number), ", ".join(map(_machine, sorted(self.present()))))

    def begin(self) -> None:
        """Start a load with the workers that are connected."""
        self._active.clear()
        self.membership.begin(self.present(), clock.now())
        if self._master is not None:
            gevent.spawn(self._watch)

    def ready(self, worker: str, reading: float) -> None:
        """Record that ``worker`` takes part, and the ``reading`` of its clock in Unix seconds."""
        self._active.add(worker)
        if ahead := self.membership.compare_clock(worker, reading, clock.now()):
            logger.warning(
                "The clock of worker %s is %.0f s ahead of this machine's", _machine(worker), ahead
            )

    def check(self) -> None:
        """Find workers that were lost or came back; requeue the scenarios of lost ones."""
        if self._master is None:
            return
        lost, returned = self.membership.update(self.present(), clock.now())
        for worker in lost:
            logger.warning("Lost worker %s: no heartbeat", _machine(worker))
            self._requeue(worker)
        for worker in returned:
            logger.warning("Worker %s is back", _machine(worker))
        if returned and self._master.state == STATE_RUNNING and self.environment.shape_class is None:
            # Locust does so only for the first that returns: its dispatcher stays "in progress" after that.
            gevent.spawn(self._master.start, self._master.target_user_count, self._master.spawn_rate)

    def stop(self) -> None:
        """Stop the users of every worker, and wait until they have deleted their entities.

        A Locust master that quits fires ``test_stop`` before it stops its workers.
        """
        if self._master is None:
            return
        self.check()
        for worker in self._active:
            send(self.environment, StopUsers(), worker)
        deadline = time.monotonic() + self.environment.stop_timeout + CLEANUP_TIMEOUT
        while self._active - self.membership.away():
            if time.monotonic() > deadline:
                logger.warning(
                    "Workers that did not stop in time: %s", ", ".join(map(_machine, sorted(self._active)))
                )
                break
            gevent.sleep(0.1)
            self.check()
        self.membership.close()

    def records(self, started: float) -> tuple[Worker, ...]:
        """Return a record of each worker; ``started`` is the start of the load, in Unix seconds."""
        return self.membership.records(self.recorder.workers, started)

    def _watch(self) -> None:
        while self._master is not None and self._master.state not in ("stopping", "stopped"):
            self.check()
            gevent.sleep(POLL_INTERVAL)

    def _on_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        try:
            report = detach_report(data)
        except msgspec.DecodeError as error:
            logger.warning("Ignored a malformed report from %s: %s", _machine(client_id), error)
            return
        if report is not None:
            self.recorder.add_report(client_id, report)

    def _on_stopped(self, message: WorkerStopped, worker: str) -> None:
        self.recorder.add_report(worker, message.report)
        self._active.discard(worker)

    def _on_leaving(self, message: WorkerLeaving, worker: str) -> None:
        reason = redact(message.reason)
        self._active.discard(worker)
        self.membership.left(worker, clock.now(), reason, lost=not message.took_part)
        self._requeue(worker)
        logger.warning("Worker %s is leaving: %s", _machine(worker), reason)


def _workers(number: int) -> str:
    return f"{number} worker{'' if number == 1 else 's'}"


def _connected(here: Collection[str], number: int) -> str:
    names = f" ({', '.join(sorted(map(_machine, here)))})" if here else ""
    return f"{len(here)} of {number} connected{names}, {number - len(here)} missing"


def _machine(worker: str) -> str:
    return worker.rpartition("_")[0] or worker
