"""Every content check in a scenario rejects a response whose values are all wrong, inline checks included.

The checks are found in the source of the user classes, so a new one is tested without an entry here. A check is
evaluated with placeholders for the local variables of its scenario and called with several wrong responses, in each of
which all values are the same. It must reject one of them.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest

import loadtest.client.answer
from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, content_problem

Check = Callable[[Answer], Mismatch | None]

USERS = Path(loadtest.client.answer.__file__).parents[1] / "users"


class Site(NamedTuple):
    """An argument of the source that is a check."""

    module: str
    line: int
    expression: ast.expr
    function: ast.FunctionDef

    def __str__(self) -> str:
        return f"{self.module.removeprefix('loadtest.users.')}:{self.line}"


class Value(str):
    """A placeholder for any value: every member, item and result of it is the same text again."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: object) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter([self] if self else [])

    def __int__(self) -> int:
        return len(self)

    __index__ = __int__

    def __sub__(self, _: object) -> Any:
        return self

    def __le__(self, other: Any) -> bool:
        return int(self) <= int(other)

    def __ge__(self, other: Any) -> bool:
        return int(self) >= int(other)

    def get(self, *_: object) -> Any:
        return self

    def items(self) -> list[tuple[Any, Any]]:
        return [(self, self)] if self else []

    def values(self) -> list[Any]:
        return [self] if self else []


class Blanks(Value):
    """A list of empty values, which counts as zero."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter([Value("")])

    def __int__(self) -> int:
        return 0


class Everything(Value):
    """Contains every value."""

    __slots__ = ()

    def __contains__(self, _: object) -> bool:
        return True


class WrongAnswer(Answer):
    """A response in which every value is ``value``."""

    def __init__(self, value: Value | None) -> None:
        text = Value(value or "")
        super().__init__("GET /wrong", 200, {"content-type": "text/html", "location": text}, text.encode())
        self.value = value

    @property
    def json(self) -> Any:
        return self.value

    @property
    def text(self) -> str:
        return Value(self.value or "")

    def __getitem__(self, path: str) -> Any:
        return self.value


LOCAL = Value("expected")
"""The value of every local variable of a scenario."""
WRONG = tuple(map(WrongAnswer, (Value(""), Value("wrong" * 1000), Everything(LOCAL), Blanks("blanks"), None)))
"""Empty, not expected, present although it must not be, a list of empty values, null."""

NO_BACKENDS: dict[str, Any] = {
    "newest_mail": lambda *_, **__: None,
    "arrived_events": lambda *_, **__: 0,
    "passed_on": lambda *_: LOCAL,
}
"""What the backends respond that a check asks, and what it must be."""

TESTED_ELSEWHERE = dict.fromkeys(
    ("has_subject", "is_for"), Path(__file__).parents[1] / "users" / "test_identity.py"
)
"""Checks that need a response of a certain form, and the file that tests them."""


class Namespace(dict[str, Any]):
    """The names of a module and, for all others, placeholders for local variables."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        return LOCAL


@functools.cache
def check_parameters() -> frozenset[str]:
    """Return the names of all parameters of the users that are checks by their annotation, ``check`` among them."""
    return frozenset(
        parameter.arg
        for path in USERS.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for parameter in (*function.args.args, *function.args.kwonlyargs)
        if parameter.annotation and ast.unparse(parameter.annotation) in ("Check", "Check | None")
    )


def sites(path: Path) -> Iterator[Site]:
    module = ".".join(path.relative_to(USERS.parents[1]).with_suffix("").parts)
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.keyword) and node.arg in check_parameters():
                    yield Site(module, node.value.lineno, node.value, function)


def is_parameter(name: ast.expr, function: ast.FunctionDef) -> bool:
    parameters = (*function.args.args, *function.args.kwonlyargs)
    return isinstance(name, ast.Name) and name.id in {one.arg for one in parameters}


def callables(site: Site) -> set[str]:
    """Return the names that the expression of a check uses as functions."""
    called = {node.func for node in ast.walk(site.expression) if isinstance(node, ast.Call)}
    return {node.id for node in (*called, site.expression) if isinstance(node, ast.Name)}


def check_at(site: Site) -> Check | None:
    """Return the check; None if it is a parameter of the function, whose callers pass checks of their own."""
    if is_parameter(site.expression, site.function):
        return None
    names = Namespace(vars(importlib.import_module(site.module)) | NO_BACKENDS)
    for name in callables(site) - names.keys():
        for node in ast.walk(site.function):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                exec(compile(ast.Module([node], []), site.module, "exec"), names)  # noqa: S102 - our own source
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                names[name] = evaluated(node.value, site, names)
    if isinstance(site.expression, ast.BoolOp):
        names |= {
            one.id: None
            for one in site.expression.values
            if isinstance(one, ast.Name) and is_parameter(one, site.function)
        }
    check: Check = evaluated(site.expression, site, names)
    return check


def evaluated(expression: ast.expr, site: Site, names: Namespace) -> Any:
    return eval(compile(ast.Expression(expression), site.module, "eval"), names)  # noqa: S307 - our own source


def accepted(check: Check) -> list[str]:
    """Return what became of each wrong answer; nothing if one of them is rejected."""
    results = []
    for answer in WRONG:
        try:
            problem = content_problem(answer, check)
        except (TypeError, ValueError, AttributeError, jwt.DecodeError) as error:
            results.append(repr(error))
            continue
        if problem is not None:
            return []
        results.append("accepted")
    return results


def is_tested_elsewhere(check: str) -> bool:
    name = check.partition("(")[0]
    return name in TESTED_ELSEWHERE and name in TESTED_ELSEWHERE[name].read_text()


def test_every_check_can_fail() -> None:
    found = [site for path in sorted(USERS.rglob("*.py")) for site in sites(path)]
    assert len(found) > 400
    assert check_parameters() >= {"check", "wanted", "removed"}
    cannot_fail = {}
    for site in found:
        source = ast.unparse(site.expression)
        if (
            not is_tested_elsewhere(source)
            and (check := check_at(site)) is not None
            and (results := accepted(check))
        ):
            cannot_fail[str(site)] = (source, results)
    assert not cannot_fail


@pytest.mark.parametrize("source", ["lambda a: None", "lambda a: expected('x') if a['x'] is a else None"])
def test_a_check_that_cannot_fail_is_found(source: str) -> None:
    function = ast.parse(f"def scenario(self):\n    self.call('GET /x', check={source})").body[0]
    assert isinstance(function, ast.FunctionDef)
    (argument,) = [node for node in ast.walk(function) if isinstance(node, ast.keyword)]
    check = check_at(Site("loadtest.users.checks", 1, argument.value, function))
    assert check is not None
    assert accepted(check)
