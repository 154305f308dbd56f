"""Negative cases are sent apart from Locust's statistics, and each is reported with its comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from gevent.pywsgi import WSGIServer
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.exception import StopUser

from loadtest.client.auth import Credentials
from loadtest.client.caller import Caller
from loadtest.client.negative_caller import NegativeCaller
from loadtest.client.refusal import Finding
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.session import Session
from loadtest.openapi.contract import read_contract
from loadtest.openapi.negative_cases import NOT_JSON, CaseGroup, NegativeCase
from loadtest.recording.aggregator import Aggregator
from loadtest.results.failures import ProblemKind
from loadtest.results.outcome import RefusalResult
from loadtest.results.refusals import Standing
from loadtest.shapes.shape import Shape, Within, merge, shape_of
from loadtest.versions.refusals import Answered, ReasonClass, RefusalRules

GET = NegativeCase("GET /things/{thing_id}", CaseGroup.NO_TOKEN, "no token", {"thing_id": "7"}, {})
RECORDED = {"GET /things/{thing_id}": {"no token": ("401",)}}


class Gateway:
    """A gateway that answers as a test directs, and records what it receives."""

    def __init__(self) -> None:
        self.status, self.body, self.media_type = 401, b'{"detail": "x"}', "application/json"
        self.requests: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        sent = environ["wsgi.input"].read()
        self.requests.append({**environ, "body": sent})
        start(f"{self.status} X", [("Content-Type", self.media_type)])
        yield self.body
        while self.media_type == "text/event-stream":
            yield b": alive\n\n"


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


class Sender:
    """Sends cases to the gateway and keeps what is reported."""

    def __init__(self, host: str, rules: RefusalRules = RefusalRules()) -> None:  # noqa: B008 - frozen
        self.environment = Environment(host=host)
        self.fired: list[str] = []
        self.environment.events.request.add_listener(lambda name, **_: self.fired.append(name))
        contract = read_contract(
            {"info": {}, "paths": {"/things/{thing_id}": {"get": {}, "post": {}, "delete": {}}}}
        )
        session = Session(
            host, "admin", Credentials(email="a@example.com", token="admin"), contract, None, None
        )
        http = FastHttpSession(host, self.environment.events.request, None)
        self.session = session
        self.results: list[RefusalResult] = []
        caller = Caller(http, session, lambda _: None)
        self.negative = NegativeCaller(caller, RECORDED, rules, self.results.append)

    def close(self) -> None:
        self.negative.caller.http.client.clientpool.close()

    @property
    def result(self) -> RefusalResult:
        (only,) = self.results
        return only


@pytest.fixture
def sender(gateway: Gateway) -> Iterator[Sender]:
    listening = WSGIServer(("127.0.0.1", 0), gateway, log=None)
    listening.start()
    made = Sender(f"http://127.0.0.1:{listening.server_port}")
    yield made
    made.close()
    listening.stop(timeout=0)


def test_a_refusal_as_recorded_is_no_request_of_locust(sender: Sender, gateway: Gateway) -> None:
    assert sender.negative.send(GET, "") is not None
    assert (sender.result.standing, sender.result.outcome, sender.result.fault) == (
        Standing.AS_RECORDED,
        "401",
        None,
    )
    assert sender.fired == []
    (request,) = gateway.requests
    assert "HTTP_AUTHORIZATION" not in request
    assert request["PATH_INFO"] == "/things/7"


def test_access_is_a_failure_with_its_evidence(sender: Sender, gateway: Gateway) -> None:
    gateway.status, gateway.body = 200, b'{"id": "7"}'
    sender.negative.send(GET, "")
    fault = sender.result.fault
    assert fault is not None
    assert (fault.problem, fault.status) == (ProblemKind.UNAUTHORIZED, 200)
    assert fault.example is not None
    assert fault.example.answer == '{"id": "7"}'
    assert fault.example.actual == "200 instead of 401"


def recorded_refusals(*texts: str) -> ResponseShapes:
    """Return shapes of the refusal without a token, as four runs saw it with each of ``texts``."""
    shape = Shape()
    for _ in range(4):
        run = Shape()
        for text in texts:
            for _ in range(3):
                run = merge(run, shape_of({"detail": text}), Within.RUN)
        shape = merge(shape, run, Within.VERSION)
    return ResponseShapes({GET.operation: {"401 no token": shape}})


def test_a_refusal_with_its_recorded_text_is_a_sample(sender: Sender) -> None:
    sender.session.shapes = recorded_refusals("x", "y")
    sender.negative.send(GET, "")
    assert (sender.result.standing, sender.result.unexpected) == (Standing.AS_RECORDED, ())
    assert (sender.result.recorded_as, sender.result.shape) == ("401 no token", shape_of({"detail": "x"}))


def test_another_text_of_a_refusal_is_reported_with_its_response(sender: Sender, gateway: Gateway) -> None:
    sender.session.shapes = recorded_refusals("x")
    gateway.body = b'{"detail": "no such table: tools"}'
    sender.negative.send(GET, "")
    (unexpected,) = sender.result.unexpected
    assert unexpected.message == 'expected detail to be "x", got "no such table: tools"'
    assert sender.result.example is not None
    assert sender.result.example.answer == gateway.body.decode()
    counts = Aggregator()
    counts.add_refusal(sender.result)
    (failure,) = counts.failure_records(0.0)
    assert (failure.operation, failure.problem, failure.status) == (GET.operation, ProblemKind.SHAPE, 401)


def test_another_form_of_a_refusal_is_a_failure(sender: Sender, gateway: Gateway) -> None:
    sender.session.shapes = recorded_refusals("x")
    gateway.body = b'{"message": "x"}'
    sender.negative.send(GET, "")
    fault = sender.result.fault
    assert fault is not None
    assert (fault.problem, fault.message) == (
        ProblemKind.SHAPE,
        "no token: expected key detail (string), missing",
    )


def test_the_text_of_a_refusal_is_masked(sender: Sender, gateway: Gateway) -> None:
    sender.session.shapes = recorded_refusals("x")
    gateway.body = b'{"detail": "token-of-the-member"}'
    sender.negative.send(GET, "token-of-the-member")
    assert "token-of-the-member" not in repr(msgspec.structs.replace(sender.result, shape=None))


def test_an_accepted_request_and_a_crash_are_no_refusals_to_record(sender: Sender, gateway: Gateway) -> None:
    for gateway.status in (200, 500):
        sender.negative.send(GET, "")
    assert {one.recorded_as for one in sender.results} == {""}
    assert {one.shape for one in sender.results} == {None}


def test_a_token_is_sent_and_masked(sender: Sender, gateway: Gateway) -> None:
    gateway.status, gateway.body = 500, b"token-of-the-member is unknown"
    sender.negative.send(GET, "token-of-the-member")
    assert gateway.requests[0]["HTTP_AUTHORIZATION"] == "Bearer token-of-the-member"
    fault = sender.result.fault
    assert fault is not None
    assert fault.example is not None
    assert "token-of-the-member" not in json.dumps([fault.example.curl, fault.example.answer])


def test_a_stream_that_opens_is_not_read_to_its_end(sender: Sender, gateway: Gateway) -> None:
    gateway.status, gateway.media_type = 200, "text/event-stream"
    sender.negative.send(GET, "")
    assert sender.result.standing is Standing.FAILED


def test_a_raw_body_is_sent_unchanged(sender: Sender, gateway: Gateway) -> None:
    case = GET._replace(operation="POST /things/{thing_id}", label="not JSON", raw=NOT_JSON)
    sender.negative.send(case, "")
    assert gateway.requests[0]["body"] == NOT_JSON.encode()
    assert sender.result.standing is Standing.NOT_RECORDED


def test_what_an_accepted_request_created_is_deleted_and_counts_nowhere(
    sender: Sender, gateway: Gateway
) -> None:
    gateway.status = 204
    sender.negative.delete("DELETE /things/{thing_id}", {"thing_id": "7"})
    (request,) = gateway.requests
    assert (request["REQUEST_METHOD"], request["PATH_INFO"]) == ("DELETE", "/things/7")
    assert request["HTTP_AUTHORIZATION"] == "Bearer admin"
    assert not sender.fired
    assert not sender.results


def test_without_a_response_a_case_is_undecided() -> None:
    nowhere = Sender("http://127.0.0.1:9")
    assert nowhere.negative.send(GET, "") is None
    assert (nowhere.result.standing, nowhere.result.outcome) == (Standing.UNDECIDED, "")
    nowhere.close()
    nowhere.negative.undecided(GET)
    assert [one.standing for one in nowhere.results] == [Standing.UNDECIDED] * 2


def test_a_judged_case_has_no_outcome_to_record(sender: Sender) -> None:
    wrong = Finding(Standing.FAILED, ProblemKind.CONTENT, "hidden")
    sender.negative.send(GET, "", lambda _: wrong)
    assert sender.result.outcome == ""
    assert sender.result.fault is not None


def test_a_reason_excuses_a_judged_case(gateway: Gateway, sender: Sender) -> None:
    gateway.status = 200
    rule = Answered(
        operations=(GET.operation,), cases=(GET.label,), kind=ReasonClass.DEFECT, reason="as it is"
    )
    sender.negative.rules = RefusalRules(answered=(rule,))
    sender.negative.send(GET, "", lambda _: Finding(Standing.FAILED, ProblemKind.UNAUTHORIZED, "shown"))
    assert (sender.result.standing, sender.result.reason) == (Standing.AS_RECORDED, "defect: as it is")


def test_nothing_is_sent_while_the_load_ends(sender: Sender, gateway: Gateway) -> None:
    sender.session.stopping = True
    with pytest.raises(StopUser):
        sender.negative.send(GET, "")
    assert gateway.requests == []
