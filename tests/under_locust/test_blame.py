"""Which operation a failure is put down to, which failures follow from another, and how each scenario ended."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer
from locust.env import Environment
from locust.exception import RescheduleTask, StopUser

from loadtest.client.auth import Credentials
from loadtest.client.session import Session
from loadtest.engine.link import GatewayLink
from loadtest.openapi.contract import read_contract
from loadtest.recording.recorder import Recorder
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.run import CutShort, ScenarioRuns
from loadtest.users.base import FixtureMissing, GatewayUser, task
from loadtest.users.read_back import NotReadable

UNREAD = NotReadable("the stub forgets nothing")

ANSWERS: dict[str, tuple[str, Any]] = {
    "POST /things": ("200 OK", {"id": "7", "name": "a"}),
    "GET /things/7": ("200 OK", {"id": "7", "parts": []}),
    "GET /broken/7": ("500 Internal Server Error", {"detail": "it broke"}),
    "DELETE /things/7": ("200 OK", {}),
    "DELETE /gone/7": ("404 Not Found", {"detail": "no such thing"}),
}
DOCUMENTED = (
    "post /things",
    "get /things/{id}",
    "get /broken/{id}",
    "delete /things/{id}",
    "delete /gone/{id}",
)


def gateway(environ: dict[str, Any], start: Any) -> list[bytes]:
    status, body = ANSWERS[f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"]
    encoded = json.dumps(body).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(encoded)))])
    return [encoded]


class Stories(GatewayUser):
    area = "things"
    deletion = "DELETE /things/{id}"

    def thing(self) -> Any:
        return self.created("POST /things", json={}, delete=self.deletion, read=UNREAD)

    @task
    def passing(self) -> None:
        with self.thing() as thing:
            self.call("GET /things/{id}", id=thing["id"])

    @task
    def step_fails(self) -> None:
        with self.thing() as thing:
            self.call("GET /broken/{id}", id=thing["id"])

    @task
    def missing_member(self) -> None:
        with self.thing() as thing:
            self.call("GET /things/{id}", id=thing["name.first"])

    @task
    def missing_key(self) -> None:
        with self.thing():
            found = self.call("GET /things/{id}", id="7")
            found.json["owner"]

    @task
    def missing_key_of_an_earlier_answer(self) -> None:
        with self.thing() as thing:
            self.call("GET /things/{id}", id="7")
            thing.json["owner"]

    @task
    def wrong_attribute(self) -> None:
        with self.thing():
            self.call("GET /things/{id}", id="7").json.get("parts").name  # noqa: B018

    @task
    def assertion(self) -> None:
        try:
            found = self.call("GET /things/{id}", id="7")
            assert found.json["parts"]
        finally:
            self.call("DELETE /things/{id}", id="7")

    @task
    def other(self) -> None:
        def step() -> None:
            self.call("POST /things", json={}).json["owner"]

        with self.thing(), self.meanwhile(step):
            gevent.sleep(0)
            self.call("GET /things/{id}", id="7")

    @task
    def not_staged(self) -> None:
        raise FixtureMissing

    @task
    def load_ends(self) -> None:
        with self.thing():
            raise StopUser


class Gone(Stories):
    deletion = "DELETE /gone/{id}"


class Played:
    """One scenario, played against the stub, and what was recorded of it."""

    def __init__(self, user_class: type[Stories], name: str, host: str) -> None:
        environment = Environment(host=host)
        recorder = Recorder(environment)
        paths: dict[str, Any] = {}
        for one in DOCUMENTED:
            method, path = one.split()
            paths.setdefault(path, {})[method] = {"responses": {"200": {}}}
        session = Session(
            host, "t", Credentials(email="a@example.com"), read_contract({"paths": paths}), None, None
        )
        vars(environment)["loadtest"] = SimpleNamespace(
            session=session, recorder=recorder, link=GatewayLink(session)
        )
        user_class.host = host
        user = user_class(environment)
        with contextlib.suppress(RescheduleTask, StopUser):
            getattr(user, name)()
        user.client.client.close()
        self.failures: dict[str, Failure] = {
            one.operation: one for one in recorder.aggregator.failure_records(0.0)
        }
        (self.scenario,) = recorder.aggregator.scenario_records()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = WSGIServer(("127.0.0.1", 0), gateway, log=None)
    server.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop(timeout=0)


READING = "GET /things/{id}"
BLAMED = {
    "step_fails": ("GET /broken/{id}", ProblemKind.STATUS),
    "missing_member": ("POST /things", ProblemKind.CONTENT),
    "missing_key": (READING, ProblemKind.SCENARIO),
    "missing_key_of_an_earlier_answer": ("POST /things", ProblemKind.SCENARIO),
    "wrong_attribute": (READING, ProblemKind.SCENARIO),
    "assertion": (READING, ProblemKind.SCENARIO),
    "other": ("POST /things", ProblemKind.SCENARIO),
}


@pytest.mark.parametrize(("name", "blamed"), BLAMED.items())
def test_the_operation_whose_answer_was_read_is_blamed(
    host: str, name: str, blamed: tuple[str, ProblemKind]
) -> None:
    played = Played(Stories, name, host)
    assert {one.operation: one.problem for one in played.failures.values()} == dict([blamed])
    failure = played.failures[blamed[0]]
    assert not failure.after
    assert played.scenario == ScenarioRuns(
        name=f"Stories.{name}",
        started=1,
        cut_short=(CutShort(operation=blamed[0], fingerprint=failure.fingerprint, count=1),),
    )


@pytest.mark.parametrize("name", ["step_fails", "missing_member", "missing_key", "other"])
def test_a_failure_of_the_cleaning_up_names_what_failed_before(host: str, name: str) -> None:
    blamed = BLAMED[name][0]
    played = Played(Gone, name, host)
    assert set(played.failures) == {blamed, "DELETE /gone/{id}"}
    assert played.failures["DELETE /gone/{id}"].after == {blamed: 1}
    assert [cut.operation for cut in played.scenario.cut_short] == [blamed]


def test_a_deletion_that_fails_by_itself_is_a_root_cause(host: str) -> None:
    played = Played(Gone, "passing", host)
    assert played.failures["DELETE /gone/{id}"].after == {}
    assert [cut.operation for cut in played.scenario.cut_short] == ["DELETE /gone/{id}"]


def test_the_end_of_the_load_is_no_failure_before(host: str) -> None:
    assert Played(Gone, "load_ends", host).failures["DELETE /gone/{id}"].after == {}


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("passing", {"completed": 1}),
        ("not_staged", {"skipped": 1}),
        ("load_ends", {"stopped": 1}),
    ],
)
def test_every_end_of_a_scenario_is_counted(host: str, name: str, end: dict[str, Any]) -> None:
    played = Played(Stories, name, host)
    assert played.scenario == ScenarioRuns(name=f"Stories.{name}", started=1, **end)
    assert not played.failures
