"""Base class of all users: calls, streams, entities that are deleted again, and the ``task`` decorator."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from types import FunctionType, MappingProxyType
from typing import Any, ClassVar, TypeVar, cast, overload

import gevent
from gevent import GreenletExit
from locust import FastHttpUser, User, between
from locust import task as locust_task
from locust.exception import RescheduleTask, StopTest, StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtest.client.answer import Answer, Problem
from loadtest.client.call_sync import CallSync
from loadtest.client.caller import Caller, Check, Effect, StepFailed
from loadtest.client.mismatch import Mismatch
from loadtest.client.negative_caller import NegativeCaller
from loadtest.client.protocols.streams import EventStream
from loadtest.client.request import Query
from loadtest.core.operations import renamed
from loadtest.engine.link import GatewayLink
from loadtest.engine.process import LoadProcess, process_of
from loadtest.fixtures.fixture import Fixture
from loadtest.results.outcome import ScenarioEnd
from loadtest.scenarios.data_files import refusals_files
from loadtest.users.change_record import changed_by, made_by
from loadtest.users.read_back import (
    Entity,
    NotReadable,
    ReadBack,
    item_of,
    keeps,
    parameters_of,
    properties_of,
    sent_values,
    shows,
    snake,
    untouched,
)
from loadtest.users.stated_entities import StatedEntities
from loadtest.versions.refusals import Outcomes, RefusalRules, load_rules
from loadtest.workload.schedule import Schedule

U = TypeVar("U", bound="GatewayUser")

TAG_SET = "locust_tag_set"
"""Attribute of a task in which Locust stores its tags."""
IDLE_UNTIL_STOPPED = 1e6
"""Wait time of a user that has finished its work."""


class FixtureMissing(RescheduleTask):
    """The backend that a scenario needs is not registered with the gateway."""


class GatewayUser(FastHttpUser):
    """A user of the gateway, signed in as its administrator.

    Class attributes of a subclass: ``area`` groups its scenarios and is a tag of each. ``holds_streams`` marks
    scenarios that keep a stream open for minutes and therefore run in a soak only; ``deep`` marks those that run only
    in profiles with ``deep = true``. ``renamed`` replaces the start of operation paths
    (:func:`loadtest.core.operations.renamed`) for scenarios taken from another class; they are skipped if the gateway
    does not serve the renamed paths. ``replaces`` is the name of the built-in class whose place a custom class takes.
    """

    abstract = True
    area: ClassVar[str] = ""
    replaces: ClassVar[str] = ""
    holds_streams: ClassVar[bool] = False
    deep: ClassVar[bool] = False
    # Locust's default accepts any certificate, and would send the token to any server.
    insecure = False
    renamed: ClassVar[Mapping[str, str]] = {}
    wait_time = between(0.2, 1.0)
    network_timeout = 60.0
    connection_timeout = 10.0

    def __init_subclass__(cls, **options: Any) -> None:
        """Tag the scenarios of the class with its ``area``, so that ``--tags`` can select them."""
        super().__init_subclass__(**options)
        # A task may be that of another class, too, which has another tag.
        own = {one: _copied(one) for one in cls.tasks} if cls.area else {}
        for copy in own.values():
            copy.__dict__[TAG_SET] = {*copy.__dict__.get(TAG_SET, ()), cls.area}
        cls.tasks = [own.get(one, one) for one in cls.tasks]

    def __init__(self, environment: Any) -> None:
        self.process: LoadProcess = process_of(environment)
        if (trust := self.process.session.trust) is not None:
            self.ssl_context_factory = trust.shared_context
        super().__init__(environment)
        recorder, self.link = self.process.recorder, self.process.link
        self.api = Caller(self.client, self.link.session, recorder.stream, recorder.checked)
        self.api.agrees = self.disagreement
        self.schedule: Schedule | None = None
        self._stopped_at: float | None = None

    @property
    def fixture(self) -> Fixture:
        """The registered backends and their tools.

        Raises:
            FixtureMissing: the MCP backend is not registered. The scenario ends without a failure, and its operations
                count as not called.
        """
        if self.link.fixture.gateway_id is None:
            raise FixtureMissing
        return self.link.fixture

    def entity(self, name: str) -> str:
        """Return the identifier of the fixture ``name``, which ``fixtures.toml`` beside a custom scenario declares.

        Raises:
            FixtureMissing: it could not be created. The scenario ends without a failure, and its operations count as
                not called.
        """
        identity = self.link.fixture.custom.get(name)
        if identity is None:
            raise FixtureMissing
        return identity

    def backend(self, name: str) -> str:
        """Return the address of the backend ``name``, a module of this project or beside a custom scenario.

        Raises:
            FixtureMissing: it does not run, as the run reports. The scenario ends without a failure, and its operations
                count as not called.
        """
        address = self.link.fixture.backends.get(name)
        if address is None:
            raise FixtureMissing
        return address

    @functools.cached_property
    def _known(self) -> dict[str, dict[str, Any]]:
        """The properties of entities by id, as the response that created or last changed each states them."""
        return {}

    @functools.cached_property
    def _entities(self) -> StatedEntities:
        """The same entities, with which the responses of lists, searches and exports are compared."""
        return StatedEntities()

    def disagreement(self, answer: Answer) -> Mismatch | None:
        """Return what of a response contradicts an earlier one."""
        return self._entities.disagreement(answer)

    @functools.cached_property
    def refusal_rules(self) -> RefusalRules:
        """The rules for requests that must be refused, of the gateway's version and of custom scenarios."""
        data = self.link.session.data
        return load_rules(data.version if data else None, refusals_files(self.process.target.custom))

    def negative_caller(self, outcomes: Outcomes = MappingProxyType({})) -> NegativeCaller:
        """Return a caller for requests that must be refused, which are counted apart.

        ``outcomes`` are those recorded, with which responses are compared.
        """
        return NegativeCaller(self.api, outcomes, self.refusal_rules, self.process.recorder.refusal)

    def use(self, link: GatewayLink) -> None:
        """Call the gateway of ``link`` from now on."""
        self.link, self.api.session = link, link.session

    def on_start(self) -> None:
        """Take part in the first sweep: run scenarios of any class until none is left.

        In a soak, and if only some scenarios are run once, the users of the sweep then wait to be stopped. Otherwise,
        and if they are started later, they follow the arrival rate: their schedule replaces Locust's loop of tasks and
        waits.
        """
        self.process.wait_for_fixture()
        if (paired := self.process.paired) is not None:
            paired.serve(self, type(self)(self.process.for_base().environment))
            if self._going():
                self._idle()
            return
        pacing = self.process.pacing
        if not pacing.started:
            with closing(self.process.sweep_scenarios(self._going)) as scenarios:
                for name, link in scenarios:
                    self.use(link)
                    self.perform(name)
            self.use(self.process.link)
            soak = pacing.rate is not None and not pacing.started
            if (soak or self.process.target.only) and self._going():
                self._idle()
        if pacing.started and not self.holds_streams and self._going():
            self.schedule = pacing.schedule(time.perf_counter())
            self.tasks = [GatewayUser.start_next]
            vars(self)["wait_time"] = self.until_due
            User.wait(self)

    def _idle(self) -> None:
        vars(self)["wait_time"] = lambda: IDLE_UNTIL_STOPPED
        User.wait(self)

    def _going(self) -> bool:
        return bool(self._state != LOCUST_STATE_STOPPING)

    def until_due(self) -> float:
        """Return the seconds until this user's next scheduled start."""
        return self.schedule.wait(time.perf_counter()) if self.schedule else IDLE_UNTIL_STOPPED

    def start_next(self) -> None:
        """Run the next scenario of the mix, which is due now or overdue."""
        # A timer that has fired already may resume this user before the exception that ends it arrives.
        if self.schedule is not None and not self.stop_requested:
            start = self.schedule.begin(time.perf_counter())
            self.process.recorder.scenario_begins(start)
            self.perform(self.process.pacing.mix.next(), start.due)

    def stop(self, force: bool = False) -> bool:
        """Stop as Locust does, and record the time: later starts do not count as missed."""
        if self._stopped_at is None:
            self._stopped_at = time.perf_counter()
        return bool(super().stop(force))

    @property
    def stop_requested(self) -> bool:
        """Whether this user must end; for scenarios that take long."""
        return self._stopped_at is not None

    def on_stop(self) -> None:
        """Count the scheduled starts that did not happen."""
        if self.schedule is not None:
            until = time.perf_counter() if self._stopped_at is None else self._stopped_at
            self.process.recorder.scenarios_missed(self.schedule.backlog(until))
            self.schedule = None

    def perform(self, name: str, due: float | None = None, sync: CallSync | None = None) -> None:
        """Run the scenario ``name`` of any class once, over this user's connection.

        ``due`` is its scheduled start (``time.perf_counter()``), from which its first call is measured. ``sync``
        synchronises its calls with those of another user.
        """
        scenario = self.process.scenarios.get(name)
        if scenario is None:
            return
        user_class, method = scenario
        other = self if type(self) is user_class else user_class(self.environment)
        other.use(self.link)
        other.api.http = self.api.http
        other.api.due, other.api.sync = due, sync
        try:
            with suppress(RescheduleTask):
                method(other)
        finally:
            other.api.due, other.api.sync = None, None

    def call(
        self,
        operation: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        refusals: Collection[int] = (),
        check: Check | None = None,
        effect: Effect | None = None,
        problem: Callable[[Answer], Problem | None] | None = None,
        unlisted: bool = False,
        waits: float = 0.0,
        **path: str,
    ) -> Answer:
        """Make one call and return its response, which is valid against the contract.

        A response with another status or body than documented is a failure, which ends the scenario.

        Args:
            operation: ``METHOD /path/{template}``, as in the gateway's OpenAPI document, without ``/v1``.
            json: body, sent as JSON.
            form: body, sent URL-encoded, instead of ``json``.
            params: query.
            headers: additional headers, which replace default ones.
            bearer: token to use instead of the administrator's; empty for none.
            accept: statuses to allow although the contract does not document them, each with its reason.
            refusals: statuses of an expected refusal, which counts neither as a success nor as a failure. A scenario
                that requires the refusal compares the ``status`` of the response. ``check`` is not called for it,
                so what it must contain is an ``effect``.
            check: checks the content of a response: returns None, or what was expected.
            effect: verifies with further calls what this one did. What it finds is a failure of this operation.
            problem: finds a problem of the protocol above HTTP, before ``check``.
            unlisted: the gateway serves the operation although its contract does not list it.
            waits: seconds that the scenario has waited for this result, or that ``check`` waits.
            path: the parameters of the template, each by its name.

        Raises:
            StepFailed: the response was a failure, which has been reported. It ends the scenario; a scenario only
                catches it to clean up.
            LookupError: a parameter of the template is missing in ``path``.
        """
        self._entities.call_made(operation, path.values())
        return self.api.call(
            renamed(operation, self.renamed),
            json=json,
            form=form,
            params=params,
            headers=headers,
            bearer=bearer,
            accept=accept,
            refusals=refusals,
            check=check,
            effect=effect,
            problem=problem,
            unlisted=unlisted,
            waits=waits,
            path=path,
        )

    def rpc(
        self,
        operation: str,
        params: Any = None,
        *,
        message_id: str | None = "",
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        refusals: Collection[int] = (),
        check: Check | None = None,
        effect: Effect | None = None,
        waits: float = 0.0,
        **path: str,
    ) -> Answer:
        """Make one JSON-RPC call, ``POST /rpc tools/call``, and return its response.

        A JSON-RPC error, and a tool result with ``isError``, is a failure.

        Args:
            operation: an operation and the JSON-RPC method, which need not be in the contract.
            params: the parameters of the method.
            message_id: the id of the message; a new one if it is empty. None sends a notification.
            headers, bearer, accept, refusals, check, effect, waits, path: as those of :meth:`call`.

        Raises:
            StepFailed: as :meth:`call`.
        """
        return self.api.rpc(
            renamed(operation, self.renamed),
            params,
            message_id=message_id,
            headers=headers,
            bearer=bearer,
            accept=accept,
            refusals=refusals,
            check=check,
            effect=effect,
            waits=waits,
            path=path,
        )

    def stream(
        self,
        operation: str,
        *,
        json: Any = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> AbstractContextManager[EventStream]:
        """Open an event stream for the ``with`` block.

        The response time of the request is the time to the first event. Arguments are as those of :meth:`call`.

        Raises:
            StepFailed: it did not open, is not an event stream, stalled or ended early.
        """
        return self.api.stream(
            renamed(operation, self.renamed),
            json=json,
            params=params,
            headers=headers,
            bearer=bearer,
            unlisted=unlisted,
            path=path,
        )

    def offers(self, operation: str) -> bool:
        """Return whether this gateway's contract has ``operation``."""
        return self.api.offers(renamed(operation, self.renamed))

    def documents(self, operation: str, element: str) -> bool:
        """Return whether this gateway's contract has ``element`` of the input of ``operation``, ``query limit``."""
        return element in self.link.session.contract.input_of(renamed(operation, self.renamed)).names

    def documented(self, operation: str, properties: Mapping[str, Any], under: str = "") -> dict[str, Any]:
        """Return those of the ``properties`` of a body, or of its member ``under``, that the contract has."""
        start = f"body {under}." if under else "body "
        return {key: value for key, value in properties.items() if self.documents(operation, start + key)}

    def spelled(self, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``properties`` of a body, given in camel case, as the contract spells them: releases differ."""
        return {
            key if self.documents(operation, f"body {key}") else snake(key): value
            for key, value in properties.items()
        }

    def takes_part(self, scenario: str) -> bool:
        """Return whether ``scenario`` runs on this gateway.

        It does not if the version's data skips it, or if the gateway does not serve the renamed paths of this class: it
        would end at the first of them, after having created other entities.
        """
        served = not self.renamed or all(self.api.offers(f"GET {path}") for path in self.renamed.values())
        return served and not self.link.session.skips(scenario)

    def switched_off(self, name: str) -> bool:
        """Return whether a feature of the gateway is switched off; it then responds, but stores nothing."""
        return self.link.session.switched_off(name)

    def switched_on(self, name: str) -> bool:
        """Return whether a feature of the gateway that is off by default is switched on."""
        return self.link.session.switched_on(name)

    def name(self, kind: str) -> str:
        """Return a unique name for a new entity of this ``kind``, a short word for people.

        Entities with such a name that a run leaves behind are deleted at its end, and reported.
        """
        return self.link.session.name(kind)

    def secret(self) -> str:
        """Return a new password, token or key for a scenario to store.

        A response that contains it in plain text is a failure, in any scenario.
        """
        return self.link.session.secret()

    def undoing(self) -> AbstractContextManager[None]:
        """Allow the calls of the ``with`` block although the load is ending: they delete what was created."""
        return self.api.undoing()

    @contextmanager
    def created(
        self,
        operation: str,
        *,
        delete: str,
        read: ReadBack | None = None,
        key: str = "id",
        parameter: str = "",
        differs: Collection[str] = (),
        deletion: Mapping[str, Any] = MappingProxyType({}),
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        check: Check | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> Iterator[Answer]:
        """Create an entity for the ``with`` block, and delete it in any case afterwards.

        After the creation, the response and the read-back must show the values that were sent. After the deletion, the
        read-back must find nothing.

        Args:
            operation: creates the entity.
            delete: the operation that deletes it.
            read: the read-back; by default, ``GET`` on the path of ``delete``.
            key: dotted path of its id in the response.
            parameter: name of the id in the path of ``delete``, if it has several parameters.
            differs: properties that the gateway shows otherwise than they were sent.
            deletion: further arguments of the call of ``delete``.
            json, form, params, headers, bearer, accept, check, unlisted, path: as those of :meth:`call`.

        Yields:
            The response of the creation; ``created.id`` is the id.

        Raises:
            StepFailed: a call failed, or a read-back is wrong.
        """
        back = read or item_of(delete)
        values = sent_values(json, without=differs)
        target = parameter or delete.rpartition("{")[2].partition("}")[0]
        identity = ""

        def effect(made: Answer) -> Mismatch | None:
            nonlocal identity
            # First, so that the entity is deleted if it is not as expected.
            identity = str(made[key])
            entity = Entity(identity, {target: identity}, values, made.json)
            return (
                (check(made) if check else None)
                or shows(values, made.json, operation)
                or made_by(self._caller(bearer), made.json, operation)
                or self._offered(back).shows(self._reader(bearer), entity)
            )

        def undo() -> None:
            self.delete(delete, read=back, **named({target: identity}), **deletion)

        try:
            answer = self._verified(
                operation,
                effect,
                path,
                json=json,
                form=form,
                params=params,
                headers=headers,
                bearer=bearer,
                accept=accept,
                unlisted=unlisted,
            )
            identity = str(answer[key])
            self._known[identity] = properties_of(_stated(answer))
            self._entities.state(identity, _stated(answer))
            yield answer
        except BaseException:
            # The exception of the block has priority; a failed deletion has been reported separately.
            if identity:
                with suppress(StepFailed):
                    undo()
            raise
        undo()

    def delete(
        self,
        operation: str,
        *,
        read: ReadBack | None = None,
        identity: str = "",
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        check: Check | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> Answer:
        """Delete an entity and verify that it is gone; a scenario deletes with this method only.

        Args:
            operation: deletes the entity.
            read: the read-back; by default, ``GET`` on the same path.
            identity: the entity's id; by default, the last parameter of the path.
            json, form, params, headers, bearer, accept, check, unlisted, path: as those of :meth:`call`.

        Raises:
            StepFailed: the call failed, or the entity can still be read.
        """
        entity = _entity(operation, path, {}, identity)

        def effect(_: Answer) -> Mismatch | None:
            return self._offered(read or item_of(operation)).is_gone(self._reader(bearer), entity)

        return self._verified(
            operation,
            effect,
            path,
            json=json,
            form=form,
            params=params,
            headers=headers,
            bearer=bearer,
            accept=accept,
            check=check,
            unlisted=unlisted,
        )

    def update(
        self,
        operation: str,
        *,
        read: ReadBack | None = None,
        values: Mapping[str, Any] | None = None,
        identity: str = "",
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        check: Check | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> Answer:
        """Change an entity and verify that it has the new values, in the response and in the read-back.

        The response must state the change (:mod:`loadtest.users.change_record`).
        What is not sent, such as its team, owner, tags and parts (:data:`loadtest.users.read_back.KEPT`), must be as in
        the response of its creation or of the last update. A form replaces all properties.

        Args:
            operation: changes the entity.
            read: the read-back; by default, ``GET`` on the same path.
            values: the new values; by default, those of the body ``json``.
            identity: the entity's id; by default, the last parameter of the path.
            json, form, params, headers, bearer, accept, check, unlisted, path: as those of :meth:`call`.

        Raises:
            StepFailed: the call failed, or a value is another.
        """
        wanted = sent_values(json) if values is None else values
        entity = _entity(operation, path, wanted, identity)
        known = self._known.pop(entity.id, {})
        before = untouched(known, json, wanted) if form is None else {}

        def effect(changed: Answer) -> Mismatch | None:
            stated = _stated(changed)
            return (
                shows(wanted, stated, operation)
                or keeps(before, stated, operation)
                or changed_by(self._caller(bearer), known, stated, operation)
                or self._offered(read or item_of(operation)).shows(
                    self._reader(bearer), entity._replace(stated=stated, before=before)
                )
            )

        answer = self._verified(
            operation,
            effect,
            path,
            json=json,
            form=form,
            params=params,
            headers=headers,
            bearer=bearer,
            accept=accept,
            check=check,
            unlisted=unlisted,
        )
        self._known[entity.id] = known | properties_of(wanted) | properties_of(_stated(answer))
        if isinstance(stated := _stated(answer), dict) and stated.get("id") == entity.id:
            self._entities.state(entity.id, stated)
        return answer

    def _offered(self, back: ReadBack) -> ReadBack:
        """Return ``back``, or one that reads nothing if this gateway does not have its operation."""
        absent = back.operation and not self.offers(back.operation)
        return NotReadable("this gateway does not have the operation") if absent else back

    def _verified(self, operation: str, effect: Effect, path: Mapping[str, str], **arguments: Any) -> Answer:
        return self.call(operation, effect=effect, **arguments, **named(path))

    def _caller(self, bearer: str | None) -> str:
        """Return the address of the caller whose token is ``bearer``; empty if it is not the administrator."""
        return self.api.session.credentials.email if bearer is None else ""

    def _reader(self, bearer: str | None) -> Callable[..., Answer]:
        """Return :meth:`call` as the caller of the verified call, whose token is ``bearer``."""
        return functools.partial(self.call, bearer=bearer)

    @contextmanager
    def meanwhile(self, step: Callable[[], object]) -> Iterator[None]:
        """Run ``step`` concurrently with the ``with`` block; wait for it afterwards, or cancel it if the block fails.

        The step runs even if the load is ending: the block may wait for its effect, and would otherwise report a
        timeout of the gateway.

        Raises:
            StepFailed: the step failed; raised at the end of the block.
        """

        def run() -> None:
            with self.undoing():
                step()

        beside = gevent.spawn(self._error_of, run)
        try:
            yield
            failed = beside.get()
        finally:
            beside.kill()
        if failed is not None:
            error, self.api.last_operation = failed
            raise error

    def _error_of(self, step: Callable[[], object]) -> tuple[Exception, str | None] | None:
        """Return the exception of ``step`` and its operation; gevent would print one that a greenlet raises."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised again by the scenario that waits for it
            return error, self.api.blamed(error)
        return None


def _entity(operation: str, path: Mapping[str, str], values: Mapping[str, Any], identity: str) -> Entity:
    """Return the entity of a call with this ``path``; its id is by default the last parameter."""
    return Entity(identity or path[parameters_of(operation)[-1]], path, values)


def _stated(answer: Answer) -> Any:
    """Return the body of a response in JSON; None of another one."""
    return answer.json if answer.media_type.endswith("json") else None


def named(path: Mapping[str, str]) -> Mapping[str, Any]:
    """Return parameters of a path as keyword arguments of a call: ``**named({parameter: identity})``.

    A type checker cannot know which parameters of a call are meant if their names are in a mapping.
    """
    return path


def _copied(task: Any) -> Any:
    """Return a function that does the same and has attributes of its own."""
    copy = FunctionType(task.__code__, task.__globals__, task.__name__, task.__defaults__, task.__closure__)
    copy.__dict__ |= task.__dict__
    copy.__doc__, copy.__module__, copy.__qualname__ = task.__doc__, task.__module__, task.__qualname__
    return copy


@overload
def task(weight: Callable[[U], None]) -> Callable[[U], None]: ...


@overload
def task(weight: int = 1) -> Callable[[Callable[[U], None]], Callable[[U], None]]: ...


def task(weight: int | Callable[[U], None] = 1) -> Any:
    """Mark a method as a scenario: Locust's ``task``, which also attributes calls to the scenario and counts its ends.

    An exception other than a failed step is a bug of the load test, and is reported as one.
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
            user.api.elements.begin()
            user.api.secrets.begin()
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
