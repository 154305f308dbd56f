"""The set-up of the action: a failure is an annotation, a summary and outputs, and its output is inert."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "github" / "github_setup.sh"


def set_up(tmp_path: Path, make: str) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """Run the set-up with a shell script as ``make``; return the process, the summary and the outputs."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "make").write_text(f"#!/bin/sh\n{make}\n")
    (tools / "make").chmod(0o755)
    summary, output = tmp_path / "summary", tmp_path / "output"
    summary.write_text("")
    output.write_text("")
    done = subprocess.run(
        ["sh", SCRIPT],
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(tmp_path),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_OUTPUT": str(output),
            "RUNNER_TEMP": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done, summary.read_text(), output.read_text()


def test_success_sets_only_the_duration(tmp_path: Path) -> None:
    done, summary, output = set_up(tmp_path, 'echo "Setting up $*"')
    assert done.returncode == 0, done.stderr
    assert f"-C {tmp_path} runtime" in done.stdout
    assert summary == ""
    assert output.startswith("seconds=")
    assert len(output.splitlines()) == 1
    assert not list(tmp_path.glob("loadtest-setup*"))


@pytest.mark.parametrize("code", [1, 2, 127])
def test_a_failure_is_reported_everywhere(tmp_path: Path, code: int) -> None:
    printed = "echo first; echo 'Python 3.11 or newer is needed & 100% <b>' >&2; echo 'make: *** [setup] Error 1' >&2"
    done, summary, output = set_up(tmp_path, f"{printed}; exit {code}")
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert errors == [
        "::error title=The load test could not be set up::Python 3.11 or newer is needed & 100%25 <b>"
    ]
    assert "INCONCLUSIVE" in summary
    assert "needed &amp; 100% &lt;b&gt;" in summary
    assert {"verdict=inconclusive", "new-failures=0"} <= set(output.splitlines())
    assert not list(tmp_path.glob("loadtest-setup*"))


def test_a_failure_without_output_is_reported(tmp_path: Path) -> None:
    done, _, _ = set_up(tmp_path, "exit 3")
    assert "::error title=The load test could not be set up::make runtime failed" in done.stdout
