"""Options and fixtures of all tests, and which tests may run in parallel."""

from __future__ import annotations

import resource
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The duration of an example depends on the machine, not on what is tested.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the files in tests/data anew instead of comparing with them; review the difference",
    )


CPU_BUDGET = 20.0
"""CPU seconds of a test that runs on every change, including the processes that it started and waited for."""


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that costs more than its budget; CPU time does not depend on what else the machine does."""
    before = cpu_seconds()
    result = yield
    measured = not pyfuncitem.config.getoption("cov_source", None)
    if measured and not any(map(pyfuncitem.get_closest_marker, ("real", "load", "nightly"))):
        used = cpu_seconds() - before
        assert used <= CPU_BUDGET, (
            f"used {used:.1f} s of CPU, expected at most {CPU_BUDGET:g}: see CONTRIBUTING.md, Tests"
        )
    return result


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one gateway at a time be under a whole load, boot at most one other in parallel, and share the browser."""
    for item in items:
        if item.get_closest_marker("load"):
            item.add_marker(pytest.mark.xdist_group("load"))
        elif item.get_closest_marker("real"):
            item.add_marker(pytest.mark.xdist_group("boot"))
        elif item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LOADTEST_HOME of its own that shares installations and templates with the project's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("gateways", "templates"):
        shared = ROOT / ".loadtest" / name
        shared.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(shared)
    return home
