"""The interface of custom scenarios: typed, so that an editor and mypy find mistakes in them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "scenarios.md"
BASE = ROOT / "loadtest" / "users" / "base.py"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
MISTAKES = '''
"""Calls with mistakes."""

from loadtest.users import GatewayUser, checks, task


class MistakenUser(GatewayUser):
    """Calls with mistakes."""

    @task
    def calls(self) -> None:
        """Make them."""
        self.call("GET /widgets", jsn={"size": 1})
        self.call("GET /widgets/{widget_id}", widget_id=5)
        self.call("GET /widgets", params="limit=1")
        self.call("GET /widgets", check=checks.has("name", "x")(None))
        self.call("GET /widgets", accept=[404])
        self.rpc("POST /rpc tools/call", {}, json={})
        self.update("PUT /widgets/{widget_id}", read="GET /widgets")
        with self.created("POST /widgets", json={}) as widget:
            self.delete("DELETE /widgets/{widget_id}", widget_id=widget.id, refusals=404)
            self.entity(1)
            self.nothing()
'''
PASSED_ON = {
    "call": {"json"},
    "rpc": {"params"},
    "stream": {"json"},
    "created": {"deletion", "json"},
    "delete": {"json"},
    "update": {"values", "json"},
    "documented": {"properties"},
    "spelled": {"properties"},
}
"""Parameters that are JSON, or arguments of another method."""


def mypy(directory: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """Check ``files`` strictly, as a project does that has installed the load test."""
    cache = ROOT / ".mypy_cache" / "scenarios"
    options = ("--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary")
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, *files],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_examples_of_the_documentation_have_no_mistakes_and_others_are_found(tmp_path: Path) -> None:
    names = [f"example_{number}.py" for number in range(len(EXAMPLES))]
    for name, text in zip(names, EXAMPLES, strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    done = mypy(tmp_path, *names, "mistakes.py")
    found = done.stdout.splitlines()
    assert len(EXAMPLES) >= 2
    assert not [line for line in found if not line.startswith("mistakes.py:")], done.stdout + done.stderr
    wrong = [number for number, line in enumerate(MISTAKES.splitlines(), 1) if "self." in line]
    assert {int(line.split(":")[1]) for line in found if ": error:" in line} == set(wrong)


def methods() -> list[ast.FunctionDef]:
    (user,) = [one for one in ast.parse(BASE.read_text()).body if getattr(one, "name", "") == "GatewayUser"]
    assert isinstance(user, ast.ClassDef)
    return [one for one in user.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]


@pytest.mark.parametrize("method", methods(), ids=lambda one: one.name)
def test_every_argument_is_typed_and_explained(method: ast.FunctionDef) -> None:
    arguments = [*method.args.args[1:], *method.args.kwonlyargs]
    if method.args.kwarg is not None:
        arguments.append(method.args.kwarg)
    text = ast.get_docstring(method) or ""
    assert text
    untyped = {one.arg for one in arguments if "Any" in ast.unparse(one.annotation or ast.Name("Any"))}
    assert untyped == PASSED_ON.get(method.name, set())
    if "Args:" in text:
        assert not [
            one.arg for one in arguments if not re.search(rf"\b{one.arg}\b", text.partition("Args:")[2])
        ]
