"""Imports go downwards only, so that a run can be judged without the code that made it."""

import ast
import graphlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from loaded_modules import loaded_modules

PACKAGE = Path(__file__).parents[1] / "loadtest"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOT = {"__init__.py", "__main__.py", "locustfile.py"}
MOST_MODULES = 15

MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "backends": {"core", "scenarios"},
    "packages": {"core"},
    "results": {"core", "shapes"},
    "versions": {"core", "results", "shapes"},
    "shapes": {"core"},
    "workload": {"core", "results"},
    "pairs": {"core", "results"},
    "judge": {"core", "pairs", "results", "versions"},
    "openapi": {"core", "results", "versions"},
    "client": {"core", "openapi", "results", "shapes", "versions"},
    "reports": {"core", "judge", "pairs", "results"},
    "fixtures": {"client", "results", "scenarios"},
    "scenarios": {"core", "openapi"},
    "generated": {"client", "core", "results"},
    "gateway": {"backends", "client", "core", "results", "scenarios", "versions"},
    "adoption": {
        *("client", "core", "engine", "gateway", "judge", "openapi", "reports", "results", "versions"),
    },
    "recording": {"client", "core", "results", "shapes", "workload"},
    "engine": {
        *("client", "core", "fixtures", "generated", "pairs", "recording", "results", "scenarios", "shapes"),
        *("versions", "workload"),
    },
    "app": {
        *("backends", "client", "core", "engine", "gateway", "generated", "judge", "openapi", "pairs"),
        *("reports", "results", "scenarios", "versions", "workload"),
    },
    "mutation": {
        *("app", "client", "core", "engine", "gateway", "judge", "openapi", "results", "workload"),
    },
    "users": {
        *("backends", "client", "core", "engine", "fixtures", "generated", "openapi", "results", "scenarios"),
        *("versions", "workload"),
    },
    "cli": {
        *(
            "adoption",
            "app",
            "core",
            "engine",
            "gateway",
            "judge",
            "mutation",
            "openapi",
            "packages",
            "reports",
        ),
        *("results", "scenarios", "shapes", "versions", "workload"),
    },
}
"""Each package below ``loadtest``, and the packages that it may import."""


def shown(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


NAMES = {dotted(path) for path in MODULES}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of ``loadtest`` that a module imports, wherever in it the import is."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in NAMES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in NAMES else str(node.module) for name in whole if node.module in NAMES)


def package(module: str) -> str:
    """Return the top-level package of a dotted name; the empty string for the root."""
    name = module.split(".")[1] if "." in module else ""
    return name if (PACKAGE / name).is_dir() else ""


def test_the_root_holds_three_modules() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == ROOT


def test_every_package_is_listed() -> None:
    assert set(MAY_IMPORT) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_the_packages_have_layers() -> None:
    order = list(graphlib.TopologicalSorter(MAY_IMPORT).static_order())
    assert order[0] == "core"
    assert order[-1] == "cli"


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent != PACKAGE], ids=shown)
def test_imports_go_downwards(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    for module in imported(path):
        other = package(module)
        if module == "loadtest" or other == own:
            continue
        assert other in MAY_IMPORT[own], (
            f"{shown(path)} imports {module}; {own} may not import {other or 'the root'}"
        )


def test_an_allowance_that_is_not_used_is_removed() -> None:
    used: dict[str, set[str]] = {name: set() for name in MAY_IMPORT}
    for path in MODULES:
        if path.parent != PACKAGE:
            own = path.relative_to(PACKAGE).parts[0]
            used[own] |= {package(module) for module in imported(path)} - {own, ""}
    assert used == MAY_IMPORT


def test_modules_do_not_import_each_other_in_a_cycle() -> None:
    graph = {dotted(path): set(imported(path)) - {dotted(path)} for path in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


def test_a_cycle_would_be_found() -> None:
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


@pytest.mark.parametrize("directory", sorted({path.parent for path in MODULES}), ids=shown)
def test_a_package_is_small_enough_to_read(directory: Path) -> None:
    modules = [path.name for path in directory.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES


def public_classes(path: Path) -> Iterator[str]:
    """Yield the names of the public classes that a module defines."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def test_no_two_public_classes_share_a_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for name in public_classes(path):
            places[name].append(shown(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


JUDGING = ("loadtest.app.judging", "loadtest.results.locust_csv", "loadtest.reports.formats")
LOAD_PACKAGES = {"gevent", "geventhttpclient", "locust", "requests"}
LOAD_MODULES = ("loadtest.backends", "loadtest.client", "loadtest.gateway", "loadtest.users")


def test_judging_loads_nothing_that_makes_load() -> None:
    loaded = loaded_modules(*JUDGING, "loadtest.reports.terminal")
    assert not [
        one for one in loaded if one.startswith(LOAD_MODULES) or one.partition(".")[0] in LOAD_PACKAGES
    ]
