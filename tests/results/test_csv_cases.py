"""CSV files as Locust, its older versions, spreadsheets and accidents leave them: each with what must come of it.

Each directory of ``tests/data/csv`` holds the files ``run_*.csv`` and ``expected.toml``: the ``exit`` code of
``loadtest report --csv DIRECTORY/run``, with further ``arguments``, and what else must be so.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from loadtest.cli import main
from loadtest.results.locust_csv import read_csv_run
from loadtest.results.run import Run

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "data" / "csv").glob("*/expected.toml"))
KEYS = {
    *("about", "arguments", "exit", "says", "requests", "failed"),
    *("operations", "failures", "started", "duration", "p95"),
}


def contents(here: Run) -> dict[str, Any]:
    return {
        "requests": here.requests,
        "failed": sum(operation.failures for operation in here.operations),
        "operations": [operation.name for operation in here.operations],
        "failures": [
            " ".join(filter(None, (one.operation, one.problem.value, str(one.status or ""), f"x{one.count}")))
            for one in here.failures
        ],
        "started": here.started,
        "duration": here.duration,
        "p95": here.latency.percentile(95) if here.latency else None,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    assert expected.keys() <= KEYS
    shutil.copytree(case, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    arguments = expected.get("arguments", [])
    monkeypatch.setattr("sys.argv", ["loadtest", "report", "--csv", "run", *arguments])
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main())
    shown, errors = capsys.readouterr()
    assert end.value.code == expected["exit"], shown + errors
    if expected["exit"] == 2:
        assert expected["says"] in errors
        assert len(errors.strip().splitlines()) == 1
        return
    assert errors == ""
    assert expected.get("says", "") in (tmp_path / "reports" / "verdict.json").read_text() + shown
    encoding = arguments[arguments.index("--encoding") + 1] if "--encoding" in arguments else None
    actual = contents(read_csv_run(Path("run"), encoding))
    assert {key: actual[key] for key in expected.keys() & actual.keys()} == {
        key: expected[key] for key in expected.keys() & actual.keys()
    }


def test_an_unknown_start_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CASES[0].parent / "no-history", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["loadtest", "report", "--csv", "run"])
    with pytest.raises(SystemExit):
        main()
    reports = tmp_path / "reports"
    assert "timestamp=" not in (reports / "junit.xml").read_text()
    for name in ("summary.md", "report.html"):
        assert "started" not in (reports / name).read_text(), name
