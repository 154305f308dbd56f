"""Which differences from a recorded shape are problems."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.client.call import CallContext
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.validation import _shape_problem
from loadtest.shapes.notation import from_stored

SHAPES = ResponseShapes({"POST /roles": {"200": from_stored({"id": "string", "description": "string"})}})


@pytest.mark.parametrize(
    ("body", "nulls", "problem"),
    [
        ({"id": "1", "description": None}, True, "expected description to be string, got null"),
        ({"id": "1", "description": None}, False, None),
        ({"id": "1"}, False, "expected key description (string), missing"),
        ({"id": 1, "description": "x"}, False, "expected id to be string, got number"),
    ],
)
def test_a_null_is_no_problem_of_a_custom_scenario(
    body: dict[str, Any], nulls: bool, problem: str | None
) -> None:
    answer = Answer("POST /roles", 200, {"content-type": "application/json"}, msgspec.json.encode(body))
    found = _shape_problem(SHAPES, CallContext("POST /roles", None), answer, nulls=nulls)
    assert (found.raw if found else None) == problem
