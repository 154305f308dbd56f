"""Imports go one way, so that a run can be judged without what made it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "loadtest"
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "cli": (),
    "judge": ("loadtest.users", "loadtest.client", "loadtest.gateway", "loadtest.backends", "loadtest.cli"),
    "reports": ("loadtest.users", "loadtest.client", "loadtest.gateway", "loadtest.backends", "loadtest.cli"),
    "client": ("loadtest.users", "loadtest.judge", "loadtest.reports", "loadtest.gateway", "loadtest.cli"),
    "users": ("loadtest.judge", "loadtest.reports", "loadtest.gateway", "loadtest.cli"),
    "gateway": ("loadtest.users", "loadtest.judge", "loadtest.reports", "loadtest.cli"),
    "soak": ("loadtest.users", "loadtest.judge", "loadtest.reports", "loadtest.gateway", "loadtest.cli"),
    "backends": ("loadtest.users", "loadtest.client", "loadtest.judge", "loadtest.reports", "loadtest.cli"),
}


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_imports_upwards(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0]
    for module in imported(path):
        for forbidden in FORBIDDEN.get(part, ()):
            assert not f"{module}.".startswith(f"{forbidden}."), f"{name(path)} imports {module}"


def test_each_part_is_there() -> None:
    assert set(FORBIDDEN) == {
        path.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent.parent == PACKAGE
    }


def test_judging_needs_neither_locust_nor_gevent() -> None:
    code = (
        "import sys, loadtest.judge.session, loadtest.reports as reports; reports.formats();"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'locust', 'gevent', 'requests'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
