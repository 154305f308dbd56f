"""Which differences from a recorded shape are problems."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.client.auth import Credentials
from loadtest.client.call import CallContext
from loadtest.client.response_shapes import FIRST_COMPILED, ResponseShapes
from loadtest.client.session import Session
from loadtest.client.validation import find_problem
from loadtest.openapi.contract import Contract, read_contract
from loadtest.shapes.notation import from_stored

RECORDED = {
    "POST /roles": {
        "200": from_stored({"id": "string", "description": "string", "state?": {"|": "string", "=": ["new"]}})
    },
    "DELETE /session": {"200": from_stored({"result": {}})},
}
CONTRACT = read_contract(
    {
        "paths": {
            "/roles": {
                "post": {
                    "responses": {
                        "200": {
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {"id": {"type": "string", "maxLength": 3}},
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
)


def session(custom: frozenset[str] = frozenset()) -> Session:
    """A session with a contract and a recorded shape of one operation."""
    shapes = ResponseShapes(RECORDED)
    return Session(
        "http://h", "t", Credentials(email="a@b"), CONTRACT, None, None, shapes=shapes, custom=custom
    )


def problem_of(using: Session, body: dict[str, Any]) -> str | None:
    """Return the problem of a response with this body."""
    answer = Answer("POST /roles", 200, {"content-type": "application/json"}, msgspec.json.encode(body))
    call = CallContext("POST /roles", "RoleUser.create")
    found = find_problem(using, call, answer, accepted={}, protocol=None, content=None)
    assert call.keeps_example == bool(call.unexpected)
    return found.raw if found else next(map(str, call.unexpected), None)


@pytest.mark.parametrize(
    ("body", "custom", "problem"),
    [
        ({"id": "1", "description": None}, False, "expected description to be string, got null"),
        ({"id": "1", "description": None}, True, None),
        ({"id": "1"}, True, "expected key description (string), missing"),
        ({"id": "1", "description": 1}, True, "expected description to be string, got number"),
        ({"id": "1", "description": "x", "state": "old"}, True, None),
        ({"id": "1", "description": "x", "state": "old"}, False, 'expected state to be "new", got "old"'),
    ],
)
def test_a_null_or_another_text_is_no_problem_of_a_custom_scenario(
    body: dict[str, Any], custom: bool, problem: str | None
) -> None:
    using = session(frozenset({"RoleUser"}) if custom else frozenset())
    assert problem_of(using, body) == problem


def test_a_response_like_earlier_ones_must_satisfy_the_contract_as_well() -> None:
    using = session()
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"id": "1", "description": "x"}, None),
        ({"id": "2", "description": "y"}, None),
        ({"id": "long", "description": "y"}, "id: maxLength"),
        ({"id": "3", "description": "y", "added": True}, None),
        ({"id": "long", "description": "y", "added": True}, "id: maxLength"),
        ({"id": 4, "description": "y", "added": True}, 'id: "string" expected'),
        ({"id": "5", "added": True}, "expected key description (string), missing"),
    ]
    for body, problem in cases:
        assert problem_of(using, body) == problem


@pytest.mark.parametrize(
    ("operation", "body", "problem"),
    [
        ("DELETE /session", b"", "expected a JSON body, got none"),
        ("DELETE /session", b'{"result": {}}', None),
        ("DELETE /other", b"", None),
    ],
)
def test_a_body_must_not_be_empty_where_there_always_was_one(
    operation: str, body: bytes, problem: str | None
) -> None:
    answer = Answer(operation, 200, {"content-type": "application/json"} if body else {}, body)
    call = CallContext(operation, "RoleUser.create")
    found = find_problem(session(), call, answer, accepted={}, protocol=None, content=None)
    assert (found.raw if found else None) == problem


def test_a_typical_response_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second validation would cost as much as the first."""
    using = session()
    body = {"id": "1", "description": "x"}
    for _ in range(FIRST_COMPILED):
        assert problem_of(using, body) is None

    def again(*_: object) -> None:
        raise AssertionError("validated again")

    monkeypatch.setattr(Contract, "violations", again)
    monkeypatch.setattr("loadtest.client.response_shapes.compare", again)
    assert problem_of(using, body) is None
