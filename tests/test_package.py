"""The wheel holds all that it needs: installed into an empty environment, every verb works there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERBS = ("gateways", "boot", "drive", "run", "report", "coverage", "baseline", "baseline accept")
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
    """The programs of an environment that holds the wheel and what it requires, and nothing else."""
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
    assert held == listed


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
def test_it_knows_its_gateways(commands: Path, tmp_path: Path) -> None:
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
