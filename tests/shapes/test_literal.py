"""The form of texts, flags and numbers is the same in every run, and a schema accepts what has a known form."""

import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.shapes.literal import LONGEST, SENT, literal, schema_of


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("enabled", '"enabled"'),
        ("lt-5959b924b-gateway", '"<run>-gateway"'),
        ("lt-dd40977b-person@example.com", '"<run>-person@example.com"'),
        ("lt_5959b924b_tool", '"<run>_tool"'),
        ("lt-feac6e-62b", '"<run>"'),
        ("lt-standing-member@example.com", '"lt-standing-member@example.com"'),
        ("6eb1d33722aa42a79fa5d6b66af4a176", '"<id>"'),
        ("6eb1d33722aa42a79fa5d6b66af4a176x", None),
        ("01234567-89ab-cdef-0123-456789abcdef", '"<id>"'),
        ("2026-11-29T20:46:21.123456+00:00", '"<time>"'),
        ("http://127.0.0.1:30906/mcp", '"http://<host>/mcp"'),
        ("/home/runner/.loadtest/runs/run-a1_cdef2/logs", '"<directory>/logs"'),
        (
            "/home/runner/.loadtest/runs/run-long-name/logs",
            '"/home/runner/.loadtest/runs/run-long-name/logs"',
        ),
        ("3 tools of 10", '"<n> tools of <n>"'),
        ("client-2.3.4", '"client-<n>"'),
        ("größer", '"größer"'),
        (True, "true"),
        (False, "false"),
        (50, "50"),
        (-1, "-1"),
        (0.5, "0.5"),
        (1.0, "1"),
        (2**60, None),
        ("x" * (LONGEST + 1), None),
        ("0" * 3_000, None),
    ],
)
def test_the_form(value: Any, found: str | None) -> None:
    if found is None and isinstance(value, str) and len(value) < LONGEST:
        assert literal(value) != '"<id>"', "a changed id is another form"
    else:
        assert literal(value) == found


PARTS = st.sampled_from(
    [
        "lt-5959b924b",
        "6eb1d33722aa42a79fa5d6b66af4a176",
        "2026-11-29T20:46:21Z",
        "127.0.0.1:80",
        "/home/runs/run-a1_cdef2/",
        "12",
        "-",
        "a.b",
        "$",
    ]
)
VALUES = (
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(min_size=1, max_size=20)
    | st.lists(PARTS, min_size=1, max_size=5).map(" ".join)
)


@given(st.lists(VALUES | st.lists(PARTS, min_size=1, max_size=5).map("".join), min_size=1, max_size=6))
def test_a_schema_accepts_every_value_of_its_forms(values: list[Any]) -> None:
    forms = frozenset(filter(None, map(literal, values)))
    schema = jsonschema_rs.validator_for(schema_of(forms))
    for value in values:
        if literal(value) is None:
            continue
        assert schema.is_valid(value), (schema_of(forms), value)


@given(VALUES, VALUES)
def test_a_schema_accepts_no_value_of_another_form(value: Any, other: Any) -> None:
    form = literal(value)
    # A text that contains a placeholder, or a number of the length of an id, has the form of others.
    assume_plain = not re.search(r"<|[0-9]{12}", f"{value}{other}")
    if form is not None and literal(other) != form and assume_plain:
        assert not jsonschema_rs.validator_for(schema_of(frozenset({form}))).is_valid(other)


def test_an_empty_text_counts_as_sent_whatever_requests_have_sent() -> None:
    assert literal("") == SENT
    assert literal("a") == '"a"'
