"""The wheel holds all that it needs: installed without extras it judges runs, and sets up what a run needs."""

import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from loadtest.cli import COMMANDS

ROOT = Path(__file__).parents[1]
VERBS = (*COMMANDS, "baseline accept")
MOST_PACKAGES = 15
"""The base installation has fewer, this one included."""
LOCKS = ("bootstrap.lock", "runtime.lock", "base.lock")
STORED = ROOT / "tests" / "data" / "csv" / "locust-0-14" / "run"
CSV = """Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
GET,/tools,10,0,12,12.5,9,20,4185,1.0,0.0,12,12,13,13,15,20,20,20,20,20,20
,Aggregated,10,0,12,12.5,9,20,4185,1.0,0.0,12,12,13,13,15,20,20,20,20,20,20
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT],
        capture_output=True,
        check=True,
    )
    (built,) = directory.iterdir()
    return built


@pytest.fixture(scope="module")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it requires without extras, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    pinned = str(ROOT / "requirements" / "dev.lock")
    subprocess.run([*uv, "pip", "install", "--python", python, "--constraint", pinned, wheel], check=True)
    return environment / "bin"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOADTEST_", "PYTHON", "GITHUB_")) and name not in ("GATEWAY", "VIRTUAL_ENV")
    }
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    listed = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "loadtest").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("loadtest/")}
    assert len(listed) > 20
    locks = {f"loadtest/locks/{name}" for name in LOCKS}
    assert held == listed | locks


def test_it_holds_the_locks_of_this_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in LOCKS:
            assert archive.read(f"loadtest/locks/{name}") == (ROOT / "requirements" / name).read_bytes()


def test_its_licence_is_there(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


@pytest.mark.real
@pytest.mark.parametrize("verb", ["", *VERBS])
def test_every_verb_explains_itself(commands: Path, tmp_path: Path, verb: str) -> None:
    shown = run(commands / "loadtest", *verb.split(), "--help", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Usage: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_it_runs_as_a_module(commands: Path, tmp_path: Path) -> None:
    as_command = run(commands / "loadtest", "--help", cwd=tmp_path)
    as_module = run(commands / "python", "-m", "loadtest", "--help", cwd=tmp_path)
    assert as_module.returncode == 0, as_module.stderr
    assert as_module.stdout.replace("python -m loadtest", "loadtest") == as_command.stdout


@pytest.mark.real
def test_it_lists_its_gateway_versions(commands: Path, tmp_path: Path) -> None:
    shown = run(commands / "loadtest", "gateways", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for data in (ROOT / "loadtest" / "versions").glob("*.toml"):
        assert data.stem in shown.stdout


@pytest.mark.real
def test_it_judges_the_csv_of_any_locust(commands: Path, tmp_path: Path) -> None:
    (tmp_path / "any_stats.csv").write_text(CSV)
    judged = run(commands / "loadtest", "report", "--csv", "any", "--reports-dir", "out", cwd=tmp_path)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "GET /tools" in (tmp_path / "out" / "junit.xml").read_text()


@pytest.mark.real
def test_the_base_installation_is_small(commands: Path, tmp_path: Path) -> None:
    shown = run(
        commands / "python",
        "-c",
        "from importlib.metadata import distributions; print(*(one.name for one in distributions()))",
        cwd=tmp_path,
    )
    installed = shown.stdout.split()
    assert "contextforge-loadtest" in installed
    assert len(installed) < MOST_PACKAGES, installed
    assert not {"gevent", "locust", "uv"} & set(installed)


@pytest.mark.real
def test_it_judges_a_stored_csv_and_accepts_its_failures(commands: Path, tmp_path: Path) -> None:
    judged = run(commands / "loadtest", "report", "--csv", STORED, "--reports-dir", "out", cwd=tmp_path)
    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert judged.stdout.splitlines()[-1].startswith("FAIL · 1 new failure")
    (suggested,) = (line for line in judged.stdout.splitlines() if line.startswith("Accept new failures: "))
    command = shlex.split(suggested.removeprefix("Accept new failures: ").replace("YYYY-MM-DD", "2999-01-01"))
    accepted = run(commands / "loadtest", *command[1:], cwd=tmp_path)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    again = ("--csv", STORED, "--known-failures", "known-failures.toml", "--reports-dir", "out")
    judged = run(commands / "loadtest", "report", *again, cwd=tmp_path)
    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.real
def test_what_needs_an_extra_names_it(commands: Path, tmp_path: Path) -> None:
    refused = run(commands / "loadtest", "boot", cwd=tmp_path)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "contextforge-loadtest[backends,gateway]" in line
    unknown = run(commands / "loadtest", "run", "-T", "nosuchtag", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "expected a2a, " in unknown.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly  # installs all packages anew, which takes half a minute
@pytest.mark.real
def test_a_run_sets_up_what_it_needs(wheel: Path, tmp_path: Path) -> None:
    uvx = (Path(uv.find_uv_bin()).with_name("uvx"), "--python", sys.executable, "--from", wheel)
    arguments = (
        *uvx,
        "contextforge-loadtest",
        "run",
        "--gateway",
        "http://127.0.0.1:1",
        "--reports-dir",
        "out",
    )
    first = run(*arguments, cwd=tmp_path)
    assert first.returncode == 3, first.stderr
    assert "installing the packages of a load test" in first.stderr
    assert "http://127.0.0.1:1" in first.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    (environment,) = (tmp_path / ".loadtest" / "environments").glob("*/bin")
    again = run(*arguments, cwd=tmp_path)
    assert (again.returncode, "installing" in again.stderr) == (3, False)
    for verb in COMMANDS:
        shown = run(environment / "loadtest", verb, "--help", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
