"""Options in [tool.loadtest] of pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import in_process
import pytest

from loadtest.cli.project_file import declared, read_defaults
from loadtest.core.errors import UsageError

RUN = Path(__file__).parents[1] / "data" / "clean.json"


def written(directory: Path, table: str) -> Path:
    path = directory / "pyproject.toml"
    path.write_text(f"[project]\nname = 'x'\n[tool.loadtest]\n{table}\n")
    return path


def test_values_are_those_of_the_options(tmp_path: Path) -> None:
    path = written(tmp_path, "users = 5\nrun-time = '90s'\ncriteria = ['p95 < 1s', 'rps > 1']\nset = ['A=1']")
    assert read_defaults(path) == {
        "users": "5",
        "run_time": "90s",
        "criteria": ("p95 < 1s", "rps > 1"),
        "settings": ("A=1",),
    }
    assert read_defaults(tmp_path / "none.toml") == {}
    path.write_text("[project]\nname = 'x'\n")
    assert read_defaults(path) == {}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("user = 5", r"\\[tool.loadtest\\] user: unknown, expected .*users"),
        ("users = 0", r"users = 0: expected"),
        ("users = true", r"users = True: expected"),
        ("criteria = 'p95 < 1s'", r"criteria = p95 < 1s: expected a list"),
        ("fail-on = 'sometimes'", r"fail-on = sometimes: expected new, any or never"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("\\\\", "\\")) as error:
        read_defaults(written(tmp_path, table))
    assert str(error.value).startswith(str(tmp_path / "pyproject.toml"))
    assert "\n" not in str(error.value)


def test_the_command_line_goes_first_then_the_environment_then_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "reports-dir = 'from-file'\ncriteria = ['requests > 1000000']")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOADTEST_REPORTS_DIR", raising=False)
    report = ("report", "--run", str(RUN), "--json")
    done = in_process.loadtest(*report)
    assert done.returncode == 1, done.stderr
    assert [one["outcome"] for one in json.loads(done.stdout)["criteria"]] == ["missed"]
    assert (tmp_path / "from-file" / "report.html").exists()
    monkeypatch.setenv("LOADTEST_REPORTS_DIR", "from-environment")
    done = in_process.loadtest(*report, "--criteria", "requests > 1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "from-environment" / "report.html").exists()
    in_process.loadtest(*report, "--reports-dir", "from-line")
    assert (tmp_path / "from-line" / "report.html").exists()


def test_every_option_of_a_setting_can_be_there() -> None:
    assert {"gateway", "users", "known-failures", "tags", "base"} <= set(declared())
