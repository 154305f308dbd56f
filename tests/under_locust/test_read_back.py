"""What is created, changed and deleted is read again; a change without effect is a failure of the change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook
from locust.exception import StopUser

from loadtest.client.auth import Credentials
from loadtest.client.caller import Caller, StepFailed
from loadtest.client.session import Session
from loadtest.openapi.contract import read_contract
from loadtest.users.base import GatewayUser
from loadtest.users.read_back import Created, Item, Listed, NotReadable, ReadBack

THING = "/things/{thing_id}"
BODY = {"thing": {"name": "a", "max_size": 3, "tags": ["x"]}, "visibility": "public"}


class Things:
    """A gateway with one kind of entity, whose ``faulty`` methods answer correctly and do nothing."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.faulty: set[str] = set()
        self.statuses: dict[str, int] = {}
        self.requests: list[str] = []
        self.derived = dict.fromkeys(("POST", "PUT", "GET"), "a-slug")
        """A property that no request contains, as the response to each method has it."""

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append(f"{method} {path}")
        sent = json.loads(environ["wsgi.input"].read() or b"{}")
        status, body = self.answer(method, path.removeprefix("/things").strip("/"), sent)
        for shown in body.get("items", [body]):
            shown["slug"] = self.derived.get(method)
        start(f"{self.statuses.get(method, status)} X", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def answer(self, method: str, thing: str, sent: dict[str, Any]) -> tuple[int, Any]:
        works = method not in self.faulty
        if method == "POST":
            made: dict[str, Any] = {"id": "7", "name": "a", "maxSize": 3, "tags": [{"id": "x", "label": "x"}]}
            self.stored |= {"7": made} if works else {}
            return 200, made
        if not thing:
            return 200, {"items": list(self.stored.values())}
        if thing not in self.stored:
            return 404, {"detail": "no such thing"}
        if method == "PUT":
            changed = self.stored[thing] | sent
            self.stored |= {thing: changed} if works else {}
            return 200, changed
        if method == "DELETE" and works:
            del self.stored[thing]
        return 200, {"id": "8"} if not works and method == "GET" else self.stored.get(thing, {})


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
def user(things: Things) -> Iterator[GatewayUser]:
    listening = WSGIServer(("127.0.0.1", 0), things, log=None)
    listening.start()
    made: dict[str, Any] = {"responses": {"200": {}}}
    paths = {"/things": {"post": made, "get": made}, THING: {"get": made, "put": made, "delete": made}}
    host = f"http://127.0.0.1:{listening.server_port}"
    session = Session(host, "t", Credentials(email="a@b"), read_contract({"paths": paths}), None, None)
    events = EventHook()
    calls: list[tuple[str, bool, str]] = []
    events.add_listener(
        lambda request_type, name, exception, context, **_: calls.append(
            (f"{request_type} {name}", context["call"].refused, str(exception or ""))
        )
    )
    user = GatewayUser.__new__(GatewayUser)
    user.api = Caller(FastHttpSession(host, events, None), session, lambda _: None)
    user.process = SimpleNamespace(session=session)  # type: ignore[assignment]
    vars(user)["calls"] = calls
    yield user
    user.api.http.client.clientpool.close()
    listening.stop(timeout=0)


def calls(user: GatewayUser) -> list[str]:
    """Return the reported calls, each with its problem if it had one."""
    return [
        operation + (" refused" if refused else "") + (f": {problem}" if problem else "")
        for operation, refused, problem in vars(user)["calls"]
    ]


def life(user: GatewayUser, read: ReadBack | None = None) -> None:
    with user.created("POST /things", json=BODY, delete=f"DELETE {THING}", read=read) as thing:
        user.update(f"PUT {THING}", json={"name": "b"}, thing_id=thing.id, read=read)


def test_every_step_is_verified_and_a_refusal_is_no_failure(user: GatewayUser) -> None:
    life(user)
    assert calls(user) == [
        f"GET {THING}",
        "POST /things",
        f"GET {THING}",
        f"PUT {THING}",
        f"GET {THING} refused",
        f"DELETE {THING}",
    ]


LIST = Listed("GET /things", at="items")


@pytest.mark.parametrize(
    ("method", "read", "failure"),
    [
        ("DELETE", None, f"DELETE {THING}: [content 200] still readable after deletion (GET {THING})"),
        ("DELETE", LIST, f"DELETE {THING}: [content 200] still listed after deletion (GET /things)"),
        ("PUT", None, f"PUT {THING}: [content 200] expected name to be 'b' in the response of GET {THING}"),
        ("PUT", LIST, f"PUT {THING}: [content 200] expected name to be 'b' in the response of GET /things"),
        ("POST", None, f"POST /things: [content 200] expected the entity in the response of GET {THING}"),
        ("POST", LIST, "POST /things: [content 200] expected the entity in the list of GET /things"),
        ("GET", None, f"GET {THING}: [content 200] expected the id that was asked for"),
    ],
)
def test_a_call_without_effect_is_named(
    user: GatewayUser, things: Things, method: str, read: ReadBack | None, failure: str
) -> None:
    things.faulty = {method}
    with pytest.raises(StepFailed):
        life(user, read)
    failed = [line for line in calls(user) if ": [" in line]
    # An entity that was not created cannot be deleted either.
    assert failed[0] == failure
    assert all(line.startswith(f"{method} ") or method in ("POST", "GET") for line in failed)


@pytest.mark.parametrize("read", [None, LIST])
@pytest.mark.parametrize(
    ("method", "named"), [("POST", "POST /things"), ("PUT", f"PUT {THING}"), ("GET", "POST /things")]
)
def test_a_response_that_contradicts_another_is_a_failure(
    user: GatewayUser, things: Things, method: str, named: str, read: ReadBack | None
) -> None:
    things.derived[method] = "another-slug"
    with pytest.raises(StepFailed):
        life(user, read)
    (failed,) = [line for line in calls(user) if ": [" in line]
    reading = f"GET {THING}" if read is None else "GET /things"
    assert (
        failed
        == f"{named}: [content 200] expected slug in the response of {reading} to be as this call stated"
    )


@pytest.mark.parametrize("read", [None, LIST])
def test_a_property_that_was_not_sent_is_kept(
    user: GatewayUser, things: Things, read: ReadBack | None
) -> None:
    """Also by a second update; one that sends it may change it."""
    with user.created("POST /things", json=BODY, delete=f"DELETE {THING}", read=read) as thing:
        user.update(f"PUT {THING}", json={"tags": ["y"]}, thing_id=thing.id, read=read)
        user.update(f"PUT {THING}", json={"name": "b"}, thing_id=thing.id, read=read)
        things.stored["7"]["tags"] = []
        with pytest.raises(StepFailed):
            user.update(f"PUT {THING}", json={"name": "c"}, thing_id=thing.id, read=read)
    (failed,) = [line for line in calls(user) if ": [" in line]
    assert (
        failed
        == f"PUT {THING}: [content 200] expected tags in the response of PUT {THING} to be kept by this call"
    )


def test_an_entity_that_is_not_as_expected_is_deleted(user: GatewayUser, things: Things) -> None:
    with (
        pytest.raises(StepFailed),
        user.created("POST /things", json={"name": "other"}, delete=f"DELETE {THING}"),
    ):
        pytest.fail("the block is not entered")
    assert things.stored == {}
    assert "POST /things: [content 200] expected name to be 'other' in the response of POST /things" in calls(
        user
    )


def test_a_failure_of_the_read_is_its_own(user: GatewayUser, things: Things) -> None:
    things.stored = {"7": {"id": "7"}}
    things.statuses = {"GET": 500}
    with pytest.raises(StepFailed) as failed:
        user.delete(f"DELETE {THING}", thing_id="7")
    assert failed.value.operation == f"GET {THING}"
    assert calls(user) == [f"GET {THING}: [status 500] no such thing", f"DELETE {THING}"]


def test_while_the_load_ends_nothing_is_read_again(user: GatewayUser, things: Things) -> None:
    def life_that_ends() -> None:
        with user.created("POST /things", json=BODY, delete=f"DELETE {THING}"):
            user.api.session.stopping = True
            user.call("GET /things")

    with pytest.raises(StopUser):
        life_that_ends()
    assert things.stored == {}
    assert things.requests[-1] == "DELETE /things/7"


@pytest.mark.parametrize("read", [NotReadable("for a reason"), Listed("GET /elsewhere")])
def test_an_operation_that_is_not_offered_is_not_called(user: GatewayUser, read: ReadBack) -> None:
    life(user, read)
    assert calls(user) == ["POST /things", f"PUT {THING}", f"DELETE {THING}"]


@pytest.mark.parametrize(
    ("other", "failure"),
    [
        (None, "POST /things: [content 200] expected the entity in the list of GET /things"),
        (False, "POST /things: [content 200] expected enabled to be True in the response of GET /things"),
        (True, f"DELETE {THING}: [content 200] still listed after deletion (GET /things)"),
    ],
)
def test_what_was_created_for_an_entity_follows_it(
    user: GatewayUser, things: Things, other: bool | None, failure: str
) -> None:
    if other is not None:
        things.stored["8"] = {"id": "8", "name": "other", "enabled": other}
    with pytest.raises(StepFailed):
        life(user, Created(Item(f"GET {THING}"), Listed("GET /things", at="items", key="name"), "other"))
    assert failure in calls(user)
