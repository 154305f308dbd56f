"""Exit codes and output of the scripts that publish reports, started as in a workflow."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fake_github import FakeGitHub

SCRIPTS = Path(__file__).parents[2] / "scripts" / "github"


def run(script: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPTS / script, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_result_is_printed(hub: FakeGitHub, tmp_path: Path) -> None:
    hub.fork = True
    done = run("soak_issue.py", tmp_path, **hub.environment)
    assert (done.returncode, done.stdout) == (0, "a fork: no issue is opened for its soak\n"), done.stderr


@pytest.mark.parametrize("script", ["soak_issue.py", "publish_comment.py"])
def test_a_command_line_without_a_directory(script: str) -> None:
    done = run(script)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"usage: {script} REPORTS_DIR\n")


def test_a_github_that_does_not_answer(hub: FakeGitHub, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        environment = hub.environment | {"GITHUB_API_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        done = run("soak_issue.py", tmp_path, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("GitHub: <urlopen error ")
    assert done.stderr.count("\n") == 1
