"""A command needs the packages of the base installation and the extras that it asks for, and names those it lacks."""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from loadtest.cli import COMMANDS, cli, extras, options
from loadtest.cli.extras import Extra
from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.packages import complete_environment
from loadtest.scenarios.source import ScenarioSource

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "loadtest" / "cli" / "commands"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST_PACKAGES = 15
"""A base installation has fewer, this one included."""
PROCESSES = {
    (): (
        "loadtest.__main__",
        "loadtest.reports.formats",
        "loadtest.judge.growth.trend",
        "loadtest.app.preflight",
    ),
    (Extra.BACKENDS,): ("loadtest.backends.__main__",),
    (Extra.LOAD,): ("locust", "loadtest.locustfile", "loadtest.engine.process"),
}
"""What other processes and deferred imports use, by extras."""


def closure(*names: Extra) -> set[str]:
    """The distributions of an installation with these extras."""
    wanted = [
        *PROJECT["dependencies"],
        *(text for name in names for text in PROJECT["optional-dependencies"][name]),
    ]
    found: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        one = waiting.pop()
        name, options = canonicalize_name(one.name), {"", *one.extras}
        if options <= found.get(name, set()):
            continue
        found[name] = found.get(name, set()) | options
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": option}) for option in options):
                waiting.append(needed)
    return set(found)


def imports_of(module: Path) -> Iterator[str]:
    """The modules that a command imports, wherever in it the import is."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module.count(".") == 1)


def asked_for(module: Path) -> tuple[Extra, ...]:
    """The extras that a command requires before its deferred imports, or installs."""
    found: set[Extra] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("extras."):
            continue
        if any(isinstance(one, ast.Starred) for one in node.args) or "install_missing" in ast.unparse(
            node.func
        ):
            found |= set(Extra)
        found |= {Extra[one.attr] for one in node.args if isinstance(one, ast.Attribute)}
    return tuple(extra for extra in Extra if extra in found)


def used() -> dict[tuple[Extra, ...], set[str]]:
    modules = {key: set(names) for key, names in PROCESSES.items()}
    for command in COMMANDS:
        source = SOURCES / f"{command}.py"
        modules.setdefault(asked_for(source), set()).update(
            name for name in imports_of(source) if name.startswith("loadtest.")
        )
    return modules


IMPORT = Path(__file__).with_name("import_modules.py")


@pytest.mark.parametrize("names", used(), ids=lambda names: "+".join(names) or "base")
def test_a_command_imports_what_it_asked_for_only(names: tuple[Extra, ...]) -> None:
    installed = closure(*names)
    blocked = {
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not any(canonicalize_name(owner) in installed for owner in owners)
    } - {"loadtest"}
    assert ("locust" in blocked) == (Extra.LOAD not in names)
    modules = sorted(used()[names], key=lambda name: (name != "locust", name))
    done = subprocess.run(
        [sys.executable, IMPORT, ",".join(blocked), *modules],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_base_installation_is_small() -> None:
    base = closure()
    assert len(base) + 1 < MOST_PACKAGES
    assert not base & {"gevent", "locust", "requests", "rich", "uv"}


def test_every_extra_has_a_module_that_no_other_has() -> None:
    modules = importlib.metadata.packages_distributions()
    for extra, sign in extras._SIGN.items():
        owners = {canonicalize_name(owner) for owner in modules[sign]}
        assert owners <= closure(extra)
        assert not owners & closure(*(other for other in Extra if other is not extra))
    assert set(extras._SIGN) == set(Extra) == set(PROJECT["optional-dependencies"])


NEEDS = {
    "drive": "load,gateway",
    "work --master-host 127.0.0.1": "load,gateway",
    "repro 0123456789ab": "load,backends,gateway",
    "boot": "backends,gateway",
    "services status": "gateway",
    "gateways --newer": "gateway",
    "adopt 9.9.9": "load,backends,gateway",
    "mutate": "load,backends,gateway",
    "scenario new GET": "load,backends,gateway",
    "scenario try teams.py": "load,backends,gateway",
}


@pytest.fixture
def base_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)


@pytest.mark.usefixtures("base_installation")
@pytest.mark.parametrize("command", NEEDS)
def test_a_missing_extra_is_named_in_one_line(command: str) -> None:
    result = CliRunner().invoke(cli, command.split())
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    text = str(result.exception)
    assert f"contextforge-loadtest[{NEEDS[command]}]" in text
    assert "\n" not in text
    assert result.output == ""


def test_every_command_that_needs_an_extra_was_tried() -> None:
    asking = {command for command in COMMANDS if asked_for(SOURCES / f"{command}.py")}
    assert asking == {command.split()[0] for command in NEEDS} | {"run"}


@pytest.mark.usefixtures("base_installation")
def test_a_run_continues_in_an_environment_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    continued: list[tuple[Path, list[str]]] = []

    def continue_in(environment: Path, arguments: list[str], began: float) -> None:
        continued.append((environment, arguments))
        raise SystemExit(0)

    monkeypatch.setattr(complete_environment, "complete_environment", lambda home, base: home / str(base))
    monkeypatch.setattr(complete_environment, "continue_in", continue_in)
    monkeypatch.setattr(sys, "argv", ["loadtest", "run", "-u", "3"])
    monkeypatch.setenv("LOADTEST_HOME", str(tmp_path))
    monkeypatch.delenv("BASE", raising=False)
    assert CliRunner().invoke(cli, ["run", "-u", "3"]).exit_code == 0
    assert CliRunner().invoke(cli, ["run", "--base", "path:."]).exit_code == 0
    assert continued == [(tmp_path / "False", ["run", "-u", "3"]), (tmp_path / "True", ["run", "-u", "3"])]


@pytest.mark.usefixtures("base_installation")
def test_a_run_with_scenarios_of_installed_packages_names_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    source = ScenarioSource(text="teams", package="teams", path=str(ROOT / "tests"), installed=True)
    monkeypatch.setattr(options, "read_scenarios", lambda given: (source,))
    result = CliRunner().invoke(cli, ["run"])
    assert isinstance(result.exception, UsageError)
    assert "contextforge-loadtest[load,backends,gateway]" in str(result.exception)


def test_without_a_package_index_a_run_reports_what_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in (("bootstrap", "uv==0.0.1 --hash=sha256:" + "0" * 64), ("runtime", "")):
        (tmp_path / f"{name}.lock").write_text(text)
    monkeypatch.setattr(complete_environment, "locks", lambda: tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        InconclusiveError, match=r"^the packages of a load test: set-up failed \(exit 1\): python -m pip"
    ):
        complete_environment.complete_environment(tmp_path / "home")
    assert not list((tmp_path / "home").rglob(complete_environment.READY))
