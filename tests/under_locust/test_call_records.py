"""What a call records besides its result: the shape of the response, and the checked parameters of the request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment

from loadtest.client.answer import Answer
from loadtest.client.auth import Credentials
from loadtest.client.caller import Caller, StepFailed
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.session import Session
from loadtest.openapi.contract import read_contract
from loadtest.recording.recorder import Recorder
from loadtest.results.failures import ProblemKind
from loadtest.shapes.notation import from_stored, to_stored
from loadtest.shapes.shape import shape_of

QUERY = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
BODY = {"content": {"application/json": {"schema": {"properties": {"name": {}, "on": {"type": "boolean"}}}}}}
DONE: dict[str, Any] = {"responses": {"200": {}}}
PATHS = {
    "/things": {"get": DONE | {"parameters": [QUERY]}, "post": DONE | {"requestBody": BODY}},
    "/rpc": {"post": DONE},
}
SHAPES = {
    "GET /things": {"200": from_stored([{"id": "string", "size": "number"}])},
    "POST /rpc list": {
        "200": from_stored({"jsonrpc": "string", "id": "string", "result": {"tools": ["string"]}})
    },
}
THING = {"id": "1", "size": 5}


class Gateway:
    """Responds with ``body``, as JSON or as an event stream."""

    def __init__(self) -> None:
        self.body: Any = [THING]
        self.status = 200
        self.streams = False

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        sent = json.loads(environ["wsgi.input"].read() or b"{}")
        body = self.body | {"id": sent["id"]} if "jsonrpc" in sent else self.body
        text = json.dumps(body)
        start(
            f"{self.status} X",
            [("Content-Type", "text/event-stream" if self.streams else "application/json")],
        )
        return [f"event: message\ndata: {text}\n\n".encode() if self.streams else text.encode()]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Environment())


@pytest.fixture
def caller(gateway: Gateway, recorder: Recorder) -> Iterator[Caller]:
    listening = WSGIServer(("127.0.0.1", 0), gateway, log=None)
    listening.start()
    host = f"http://127.0.0.1:{listening.server_port}"
    contract = read_contract({"paths": PATHS})
    session = Session(
        host, "t", Credentials(email="a@b"), contract, None, None, shapes=ResponseShapes(SHAPES)
    )
    http = FastHttpSession(host, recorder.environment.events.request, None)
    caller = Caller(http, session, recorder.stream, recorder.checked)
    yield caller
    http.client.clientpool.close()
    listening.stop(timeout=0)


def fails(answer: Answer) -> Mismatch | None:
    return expected("another thing", answer.json)


def passes(answer: Answer) -> Mismatch | None:
    return None


def problem_of(caller: Caller, operation: str = "GET /things") -> tuple[ProblemKind, str]:
    make = caller.rpc if operation.startswith("POST /rpc") else caller.call
    with pytest.raises(StepFailed) as failed:
        make(operation)
    return failed.value.problem.kind, failed.value.problem.message


def test_wrong_content_is_not_compared_as_its_shape_was_never_recorded(
    gateway: Gateway, caller: Caller, recorder: Recorder
) -> None:
    gateway.body = {"things": []}
    with pytest.raises(StepFailed) as failed:
        caller.call("GET /things", check=fails)
    assert failed.value.problem.kind is ProblemKind.CONTENT
    assert recorder.aggregator.shape_record("").compared == 0
    assert problem_of(caller)[0] is ProblemKind.SHAPE


def test_a_response_with_the_recorded_shape_succeeds_and_is_recorded(
    caller: Caller, recorder: Recorder
) -> None:
    caller.call("GET /things")
    assert recorder.aggregator.shape_record("").compared == 1
    assert to_stored(recorder.aggregator.shapes["GET /things"]["200"]) == {
        "|": "array 1/1",
        "[]": {
            "|": "object 1/1",
            "id": {"|": "string 1/1", "=": {'"<n>"': 1}},
            "size": {"|": "number 1/1", "=": {"5": 1}},
        },
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([{"id": "1"}, {"id": "2"}], "expected key [].size (number), missing"),
        ([{"id": 1, "size": 5}], "expected [].id to be string, got number"),
        ([{"id": "1", "size": None}] * 2, "expected [].size to be number, got null"),
        ({"items": []}, "expected the body to be array, got object"),
    ],
)
def test_another_shape_is_a_failure_and_is_recorded_so_that_it_can_be_accepted(
    caller: Caller, gateway: Gateway, recorder: Recorder, body: Any, message: str
) -> None:
    gateway.body = body
    assert problem_of(caller) == (ProblemKind.SHAPE, message)
    assert recorder.aggregator.shapes == {"GET /things": {"200": shape_of(body)}}


@pytest.mark.parametrize("streams", [False, True])
def test_a_json_rpc_result_is_compared_in_either_form(
    caller: Caller, gateway: Gateway, *, streams: bool
) -> None:
    gateway.streams = streams
    gateway.body = {"jsonrpc": "2.0", "result": {"tools": ["a"]}}
    caller.rpc("POST /rpc list")
    gateway.body = {"jsonrpc": "2.0", "result": {"tools": [5]}}
    assert problem_of(caller, "POST /rpc list") == (
        ProblemKind.SHAPE,
        "expected result.tools[] to be string, got number",
    )


def test_an_added_key_is_recorded(caller: Caller, gateway: Gateway, recorder: Recorder) -> None:
    gateway.body = [THING | {"new": True}]
    caller.call("GET /things")
    assert recorder.aggregator.shape_record("").added == {"GET /things": ("[].new",)}


def test_a_response_with_wrong_content_is_not_recorded(caller: Caller, recorder: Recorder) -> None:
    with pytest.raises(StepFailed):
        caller.call("GET /things", check=fails)
    assert recorder.aggregator.shapes == {}


def test_refused_and_allowed_responses_are_not_compared(
    caller: Caller, gateway: Gateway, recorder: Recorder
) -> None:
    gateway.body = {"detail": "no"}
    caller.call("GET /things", refusals=(200,))
    caller.call("GET /things", accept={200: "for a reason"})
    assert recorder.aggregator.shape_record("").compared == 0
    assert recorder.aggregator.shapes == {}


@pytest.mark.parametrize(
    ("status", "body", "recorded_as"),
    [
        (404, {"detail": "no"}, "404"),
        (200, {"jsonrpc": "2.0", "id": "1", "error": {"code": -32602, "message": "no"}}, "200 -32602"),
        (200, {"jsonrpc": "2.0", "id": "1", "result": {"isError": True}}, "200 tool-error"),
    ],
)
def test_a_refusal_is_recorded_apart_from_successes(
    caller: Caller, gateway: Gateway, recorder: Recorder, status: int, body: Any, recorded_as: str
) -> None:
    gateway.status, gateway.body = status, body
    caller.call("POST /things", refusals=(status,))
    assert recorder.aggregator.shapes == {"POST /things": {recorded_as: shape_of(body)}}
    documented = {"POST /things": [f"response {key}" for key in body]}
    (elements,) = recorder.aggregator.element_records(documented).values()
    assert set(elements.values()) == {0}


def test_another_form_of_an_expected_refusal_is_a_failure(
    caller: Caller, gateway: Gateway, recorder: Recorder
) -> None:
    caller.session.shapes = ResponseShapes({"GET /things": {"404": from_stored({"detail": "string"})}})
    gateway.status, gateway.body = 404, {"message": "no"}
    with pytest.raises(StepFailed) as failed:
        caller.call("GET /things", refusals=(404,))
    assert failed.value.problem.message == "expected key detail (string), missing"
    assert recorder.aggregator.shapes == {"GET /things": {"404": shape_of(gateway.body)}}


def test_the_elements_of_a_checked_call_are_counted(caller: Caller, recorder: Recorder) -> None:
    caller.call("GET /things", params={"limit": 5})
    assert recorder.aggregator.checked == {}
    caller.call("POST /things", json={"name": "x", "on": True}, effect=passes)
    caller.call("GET /things", params={"limit": 5}, check=passes)
    assert recorder.aggregator.checked == {
        "POST /things": {"body name": 1, "body on": 1, "body on=true": 1},
        "GET /things": {"query limit": 1},
    }


def test_the_elements_of_other_calls_are_not_counted(caller: Caller, recorder: Recorder) -> None:
    caller.call("POST /things", json={"name": "x"}, refusals=(200,))
    caller.call("POST /things", json={"name": "x"}, accept={200: "for a reason"}, check=passes)
    with pytest.raises(StepFailed):
        caller.call("POST /things", json={"name": "x"}, check=fails)
    with pytest.raises(StepFailed):
        caller.call("POST /things", json={"name": "x"}, effect=fails)
    caller.call("GET /things", check=passes)
    assert recorder.aggregator.checked == {}


@pytest.mark.parametrize(("operation", "fails"), [("GET /things", True), ("POST /rpc call", False)])
def test_a_json_rpc_error_is_a_failure_where_none_is_meant(
    caller: Caller, gateway: Gateway, operation: str, fails: bool
) -> None:
    """A scenario that calls a JSON-RPC method without :meth:`Caller.rpc` checks the reply itself."""
    gateway.body = {"jsonrpc": "2.0", "id": "1", "error": {"code": -32603, "message": "no"}}
    if not fails:
        assert caller.call(operation, json={}).status == 200
        return
    with pytest.raises(StepFailed) as failed:
        caller.call(operation)
    assert failed.value.problem.kind is ProblemKind.JSONRPC
