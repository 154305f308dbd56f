"""A gateway that cannot be installed: one line, the same everywhere, and the installer's output in a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import loadtest
from supported import NEWEST

from loadtest.results.run import read_run

PROJECT = """
[project]
name = "mcp-contextforge-gateway"
version = "3.0.8"
requires-python = ">=3.38"
"""


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """No index that answers, no cache, and no Python to be downloaded."""
    return {
        "LOADTEST_HOME": str(tmp_path / "home"),
        "UV_DEFAULT_INDEX": "http://reader:hunter22@127.0.0.1:1/simple",
        "UV_NO_CACHE": "1",
        "UV_HTTP_RETRIES": "0",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def headline(reports: Path, shown: str) -> str:
    """Return the headline of the verdict, which is the last line that is shown, and in each report."""
    document = json.loads((reports / "verdict.json").read_text())
    line = str(document["headline"]).removeprefix("INCONCLUSIVE · ")
    assert shown.splitlines()[-1].endswith(line)
    for name in ("report.html", "junit.xml"):
        assert line.split(":")[0] in (reports / name).read_text()
    return line


def written(reports: Path) -> str:
    return "".join(path.read_text() for path in reports.iterdir())


def test_an_index_that_does_not_answer(tmp_path: Path, settings: dict[str, str]) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "install.log").write_text("of an earlier run")
    done = loadtest("run", "--gateway", NEWEST, "--reports-dir", str(reports), more=settings)
    assert done.returncode == 3
    assert re.fullmatch(
        rf"gateway did not boot: gateway {re.escape(NEWEST)} could not be installed: "
        r"Failed to fetch: http://127\.0\.0\.1:1/\S+: "
        r"Connection refused \(os error \d+\); check the connection to the package index; UV_DEFAULT_INDEX names "
        rf"another one \(see {re.escape(str(reports))}/install\.log\)",
        headline(reports, done.stdout),
    )
    log = (reports / "install.log").read_text()
    assert "$ uv pip sync" in log
    assert "of an earlier run" not in log
    everything = written(reports) + done.stdout + done.stderr
    assert "hunter22" not in everything
    assert "\\x0a" not in everything
    assert not (reports / "gateway.log").exists()
    assert "gateway.log" not in everything, "no advice to read what is not there"


def test_a_checkout_for_a_python_that_is_not_here(tmp_path: Path, settings: dict[str, str]) -> None:
    (tmp_path / "tree" / "mcpgateway").mkdir(parents=True)
    (tmp_path / "tree" / "pyproject.toml").write_text(PROJECT)
    reports, source = tmp_path / "reports", f"path:{tmp_path / 'tree'}"
    done = loadtest("run", "--gateway", source, "--reports-dir", str(reports), more=settings)
    assert done.returncode == 3
    reason = (
        f"gateway {source} needs Python >=3.38, which this machine does not have, and UV_PYTHON_DOWNLOADS=never keeps "
        "uv from downloading it: install Python 3.38 or newer, so that it is on the PATH"
    )
    assert headline(reports, done.stdout) == f"gateway did not boot: {reason}"
    assert read_run(reports / "run.json").reason == reason
    assert not (reports / "install.log").exists()
    assert "install.log" not in written(reports)
