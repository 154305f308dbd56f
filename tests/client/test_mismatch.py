"""Messages of content checks: the expectation first, the same for every response."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.client.answer import Answer
from loadtest.client.evidence import ACTUAL_LENGTH, build_example
from loadtest.client.mismatch import LENGTH, content_problem, expected, refused
from loadtest.core.redact import Redactor
from loadtest.results.failures import fingerprint

USERS = sorted((Path(__file__).parents[2] / "loadtest" / "users").rglob("*.py"))
ANSWER = Answer("GET /x", 200, {}, b'{"name": "a"}')


def fingerprint_of(actual: Any) -> str:
    problem = content_problem(ANSWER, lambda _: expected("one entity in the list", actual))
    assert problem is not None
    return fingerprint("GET /x", problem.kind, problem.status, problem.code, problem.message)


@given(st.one_of(st.text(), st.binary(), st.lists(st.text()), st.dictionaries(st.text(), st.integers())))
def test_a_fingerprint_does_not_depend_on_what_came(actual: Any) -> None:
    assert fingerprint_of(actual) == fingerprint_of("something else")


@given(st.one_of(st.text(), st.lists(st.text(min_size=50), min_size=20)))
def test_what_came_is_one_short_line(actual: Any) -> None:
    shown = expected("one entity", actual).actual
    assert len(shown) <= LENGTH
    assert len(shown.splitlines()) <= 1


def test_the_expectation_comes_first_and_the_evidence_shows_what_came() -> None:
    problem = content_problem(ANSWER, lambda _: expected("tags to be ['a']", ["b"] * 1000))
    assert problem is not None
    assert str(problem) == "[content 200] expected tags to be ['a']"
    assert problem.actual.startswith("['b', 'b'")
    assert str(expected("one tag", 2)) == "expected one tag, got 2"
    assert str(expected("one tag")) == "expected one tag"


def test_why_the_gateway_refuses_makes_another_failure() -> None:
    assert refused("success", "no such tool").text == "expected success: no such tool"


def test_a_missing_member_is_an_expectation_too() -> None:
    problem = content_problem(ANSWER, lambda a: a["owner.name"])
    assert problem is not None
    assert problem.message == "expected a member 'owner.name'"
    assert problem.actual == '{"name": "a"}'


def test_the_evidence_holds_little_of_what_came_and_no_secret() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    for actual in ({"access_token": token}, "x" * 180 + token, "y" * 5000):
        shown = build_example(
            method="GET",
            url="http://h/x",
            headers={},
            body=None,
            answer=None,
            at=0.0,
            correlation_id="c",
            redactor=Redactor(),
            actual=expected("nothing", actual).actual,
        ).actual
        assert len(shown) <= ACTUAL_LENGTH
        assert "eyJhbGci" not in shown


def checks(tree: ast.Module) -> list[ast.AST]:
    """Return the functions that return a mismatch: lambdas given as ``check``, and those annotated as such."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "check" and isinstance(node.value, ast.Lambda):
            found.append(node.value)
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            if "Mismatch" in ast.unparse(node.returns):
                found.append(node)
            if ast.unparse(node.returns) == "Check":
                found += [inner for inner in ast.walk(node) if isinstance(inner, ast.Lambda)]
    return found


def mismatches_of_others(node: ast.AST) -> set[str]:
    """Return the names of inner checks, and of variables that hold the result of another check."""
    inner = {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
    assigned = {
        target.id
        for one in ast.walk(node)
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    named = {
        one.target.id
        for one in ast.walk(node)
        if isinstance(one, ast.NamedExpr) and isinstance(one.value, ast.Call)
    }
    return inner | assigned | named


def results(node: ast.AST) -> list[ast.expr]:
    """Return every expression that can be the result of a check."""
    if isinstance(node, ast.Lambda):
        return branches(node.body)
    return [
        one
        for inner in ast.walk(node)
        if isinstance(inner, ast.Return) and inner.value is not None
        for one in branches(inner.value)
    ]


def branches(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return branches(value.body) + branches(value.orelse)
    if isinstance(value, ast.BoolOp):
        return [one for part in value.values for one in branches(part)]
    return [value]


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.stem)
def test_every_check_of_the_users_states_its_expectation(path: Path) -> None:
    """By one of the two helpers, so that the expectation comes first and what came is no part of it."""
    for check in checks(ast.parse(path.read_text())):
        passed_on = mismatches_of_others(check)
        for result in results(check):
            if isinstance(result, ast.Name) and result.id in passed_on:
                continue
            is_none = isinstance(result, ast.Call | ast.Constant) and getattr(result, "value", None) is None
            assert is_none, f"{path.name}:{result.lineno}: {ast.unparse(result)}"


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.stem)
def test_no_expectation_holds_what_the_gateway_answered(path: Path) -> None:
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "expected":
            names = {node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)}
            assert not names & {"a", "answer", "found", "names"}, f"{path.name}:{call.lineno}"
