"""What every simulated user can do: call an operation, make an entity that is deleted again, read a stream."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, ClassVar, TypeVar, cast, overload

import gevent
from gevent import GreenletExit
from locust import FastHttpUser, User, between
from locust import task as locust_task
from locust.exception import RescheduleTask, StopTest, StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtest.client.answer import Answer
from loadtest.client.caller import Caller, StepFailed
from loadtest.client.protocols.streams import EventStream
from loadtest.core.operations import renamed
from loadtest.engine.process import LoadProcess, process_of
from loadtest.fixtures.fixture import Fixture
from loadtest.results.outcome import ScenarioEnd
from loadtest.workload.schedule import Schedule

U = TypeVar("U", bound="GatewayUser")

IDLE_UNTIL_STOPPED = 1e6
"""Seconds that somebody waits who is done and will be stopped."""


class FixtureMissing(RescheduleTask):
    """The backend that a scenario needs is not registered with the gateway."""


class GatewayUser(FastHttpUser):
    """A user of the gateway, signed in as its administrator.

    Class attributes of a subclass: ``area`` names the group of operations that it covers; ``holds`` says that its
    scenarios hold a stream open for minutes, so that it takes part in a soak and nowhere else. ``renamed`` gives
    other beginnings to the paths of its operations (:func:`loadtest.core.operations.renamed`), for scenarios of other
    classes that it runs under another name of theirs; where the gateway does not serve those, it has nothing to do.
    """

    abstract = True
    area: ClassVar[str] = ""
    holds_streams: ClassVar[bool] = False
    # Locust's own default accepts any certificate, and would hand the token to whoever shows one.
    insecure = False
    renamed: ClassVar[Mapping[str, str]] = {}
    wait_time = between(0.2, 1.0)
    network_timeout = 60.0
    connection_timeout = 10.0

    def __init__(self, environment: Any) -> None:
        self.process: LoadProcess = process_of(environment)
        if (trust := self.process.session.trust) is not None:
            self.ssl_context_factory = trust.shared_context
        super().__init__(environment)
        self.api = Caller(self.client, self.process.session, self.area, self.process.recorder.stream)
        self.schedule: Schedule | None = None
        self._told_at: float | None = None

    @property
    def fixture(self) -> Fixture:
        """What was put in place before the load: the registered backends and their tools.

        Raises:
            NotStaged: the MCP backend is not there; the scenario ends without a failure, and its operations
                count as planned and not reached.
        """
        if self.process.fixture.gateway_id is None:
            raise FixtureMissing
        return self.process.fixture

    def on_start(self) -> None:
        """Take part in the first sweep: do scenarios of any class until all have been dealt.

        In a soak the users who swept then wait to be stopped. Those who come after them keep to the pace instead,
        and Locust's own loop of tasks and waits becomes their schedule.
        """
        self.process.wait_for_fixture()
        pacing = self.process.pacing
        if not pacing.on:
            while self._state != LOCUST_STATE_STOPPING and (dealt := self.process.sweep.take()):
                self.perform(dealt)
                self.process.sweep.done(dealt)
            if pacing.pace is not None and self._state != LOCUST_STATE_STOPPING:
                vars(self)["wait_time"] = lambda: IDLE_UNTIL_STOPPED
                User.wait(self)
        elif not self.holds_streams:
            self.schedule = pacing.schedule(time.perf_counter())
            self.tasks = [GatewayUser.begin_what_is_due]
            vars(self)["wait_time"] = self.until_due
            User.wait(self)

    def until_due(self) -> float:
        """Return how many seconds there are until this user's next intended start."""
        return self.schedule.wait(time.perf_counter()) if self.schedule else IDLE_UNTIL_STOPPED

    def begin_what_is_due(self) -> None:
        """Do the next scenario of the mix, which is due now or was due while the last one took too long."""
        if self.schedule is not None:
            start = self.schedule.begin(time.perf_counter())
            self.process.recorder.scenario_begins(start)
            self.perform(self.process.pacing.mix.next(), start.due)

    def stop(self, force: bool = False) -> bool:
        """Stop as Locust has it, and note when: what is due from now on is not this user's any more."""
        if self._told_at is None:
            self._told_at = time.perf_counter()
        return bool(super().stop(force))

    @property
    def told_to_stop(self) -> bool:
        """Whether somebody who could go on for long must come to an end."""
        return self._told_at is not None

    def on_stop(self) -> None:
        """Count what was due and can begin no more."""
        if self.schedule is not None:
            until = time.perf_counter() if self._told_at is None else self._told_at
            self.process.recorder.scenarios_missed(self.schedule.backlog(until))
            self.schedule = None

    def perform(self, name: str, due: float | None = None) -> None:
        """Do the scenario ``name`` once, whichever class it belongs to, over this user's connection.

        It was meant to begin when it was ``due`` (``time.perf_counter()``), from which its first call is measured.
        """
        scenario = self.process.scenarios.get(name)
        if scenario is None:
            return
        user_class, method = scenario
        guest = self if type(self) is user_class else user_class(self.environment)
        guest.api.http = self.api.http
        guest.api.due = due
        with suppress(RescheduleTask):
            method(guest)
        guest.api.due = None

    def call(self, operation: str, **arguments: Any) -> Answer:
        """Make one call; see :meth:`loadtest.client.caller.Caller.call`."""
        return self.api.call(renamed(operation, self.renamed), **arguments)

    def rpc(self, operation: str, params: Any = None, **arguments: Any) -> Answer:
        """Make one JSON-RPC call; see :meth:`loadtest.client.caller.Caller.rpc`."""
        return self.api.rpc(renamed(operation, self.renamed), params, **arguments)

    def stream(self, operation: str, **arguments: Any) -> AbstractContextManager[EventStream]:
        """Open an event stream; see :meth:`loadtest.client.caller.Caller.stream`."""
        return self.api.stream(renamed(operation, self.renamed), **arguments)

    def offers(self, operation: str) -> bool:
        """Say whether this gateway's contract has ``operation``."""
        return self.api.offers(renamed(operation, self.renamed))

    def takes_part(self, scenario: str) -> bool:
        """Say whether there is anything to do in ``scenario``.

        The gateway version's data may leave it out, and a gateway may not serve the paths that this class's
        operations are renamed to: the scenario would end at the first of them, having made other entities before.
        """
        served = all(self.api.offers(f"GET {path}") for path in self.renamed.values())
        return served and not self.process.session.skips(scenario)

    def switched_off(self, name: str) -> bool:
        """Say whether the gateway version's data switches a feature off; it answers, and has nothing stored."""
        return self.process.session.switched_off(name)

    def name(self, kind: str) -> str:
        """Return a name for a new entity that no other has."""
        return self.process.session.name(kind)

    def undoing(self) -> AbstractContextManager[None]:
        """Let calls through although the load ends; see :meth:`loadtest.client.caller.Caller.undoing`."""
        return self.api.undoing()

    @contextmanager
    def created(
        self, operation: str, *, delete: str, key: str = "id", parameter: str = "", **arguments: Any
    ) -> Iterator[Answer]:
        """Make an entity, lend it to the ``with`` block, and delete it whatever happens there.

        Args:
            operation: makes the entity; further arguments are those of :meth:`call`.
            delete: the operation that deletes it again.
            key: where its id stands in the answer, as a dotted path.
            parameter: the name of the id in the path of ``delete``; found if there is just one.
        """
        answer = self.call(operation, **arguments)
        identity = str(answer[key])
        target = parameter or delete.rpartition("{")[2].partition("}")[0]
        try:
            yield answer
        except BaseException:
            # What happened in the block is the news; a deletion that fails too has been reported by itself.
            with suppress(StepFailed):
                self.call(delete, **{target: identity})
            raise
        self.call(delete, **{target: identity})

    @contextmanager
    def meanwhile(self, step: Callable[[], object]) -> Iterator[None]:
        """Do ``step`` beside the ``with`` block; at its end wait for the step, or drop it if the block failed.

        The step is done although the load ends: the block may wait for what it brings about, and would accuse
        the gateway of a silence that is ours.

        Raises:
            StepFailed: the step failed, as if it stood at the end of the block.
        """

        def anyway() -> None:
            with self.undoing():
                step()

        beside = gevent.spawn(self._outcome, anyway)
        try:
            yield
            failed = beside.get()
        finally:
            beside.kill()
        if failed is not None:
            error, self.api.last_operation = failed
            raise error

    def _outcome(self, step: Callable[[], object]) -> tuple[Exception, str | None] | None:
        """Return how the step failed, and on which operation: gevent would print what a greenlet raises."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised again by the scenario that waits for it
            return error, self.api.blamed(error)
        return None


@overload
def task(weight: Callable[[U], None]) -> Callable[[U], None]: ...


@overload
def task(weight: int = 1) -> Callable[[Callable[[U], None]], Callable[[U], None]]: ...


def task(weight: int | Callable[[U], None] = 1) -> Any:
    """Mark a method as a scenario: Locust's ``task``, which here also says whose calls the calls are.

    A scenario that raises something else than a failed step is the load test's own fault and reported as such.
    """
    if callable(weight):
        return task(1)(weight)

    def decorate(method: Callable[[U], None]) -> Callable[[U], None]:
        @functools.wraps(method)
        def scenario(user: U) -> None:
            name = f"{type(user).__name__}.{method.__name__}"
            outer, user.api.scenario = user.api.scenario, name
            recorder = user.process.recorder
            recorder.scenario_started(name)
            try:
                if user.takes_part(name):
                    method(user)
            except StepFailed as failed:
                recorder.scenario_cut_short(name, failed.operation, failed.problem)
                raise
            except RescheduleTask:
                recorder.scenario_ended(name, ScenarioEnd.SKIPPED)
                raise
            except (StopUser, StopTest, GreenletExit):
                recorder.scenario_ended(name, ScenarioEnd.STOPPED)
                raise
            except Exception as error:
                recorder.scenario_error(user.api, error)
                raise RescheduleTask from error
            else:
                recorder.scenario_ended(name, ScenarioEnd.COMPLETED)
            finally:
                user.api.scenario = outer

        return cast("Callable[[U], None]", locust_task(weight)(scenario))

    return decorate
