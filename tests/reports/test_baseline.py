"""``--baseline`` as a person gives it."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from sample_runs import clean, operation

from loadtest.cli import cli
from loadtest.core.errors import UsageError
from loadtest.results.run import write_run


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    write_run(clean(), path)
    return path


def arguments(run_file: Path, baseline: Path) -> list[str]:
    reports = run_file.parent / "out"
    return ["report", "--run", str(run_file), "--baseline", str(baseline), "--reports-dir", str(reports)]


def test_the_page_shows_what_changed(run_file: Path) -> None:
    baseline = run_file.with_name("old.json")
    write_run(replace(clean(), operations=(*clean().operations, operation("GET /gone", 5))), baseline)
    result = CliRunner().invoke(cli, arguments(run_file, baseline))
    page = (run_file.parent / "out" / "report.html").read_text()
    assert "Comparison with the baseline" in page
    assert "<code>GET /gone</code>" in page
    alone = CliRunner().invoke(
        cli, [*arguments(run_file, baseline)[:3], "--reports-dir", str(run_file.parent)]
    )
    assert result.exit_code == alone.exit_code, "a comparison decides nothing"


def test_an_invalid_baseline_is_reported(run_file: Path) -> None:
    result = CliRunner().invoke(cli, arguments(run_file, run_file.with_name("missing.json")))
    assert isinstance(result.exception, UsageError)
    assert "missing.json" in str(result.exception)
