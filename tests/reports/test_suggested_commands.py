"""The commands in reports can be pasted into a shell."""

import shlex
from pathlib import Path

from loadtest.reports.commands import Commands


def test_the_usual_directory_is_not_named() -> None:
    commands = Commands()
    assert commands.accept() == "loadtest baseline accept --reason '…' --owner '…' --expires YYYY-MM-DD"
    assert commands.open_page() == "xdg-open reports/report.html"


def test_a_failure_is_reproduced_by_its_fingerprint() -> None:
    assert Commands().repro("3f2a9c01b7de") == "loadtest repro 3f2a9c01b7de"
    assert Commands(reports=Path("x")).repro("ab") == "loadtest repro ab --run x/run.json"


def test_another_directory_is_quoted() -> None:
    commands = Commands(".venv/bin/loadtest", Path("my reports"), "open")
    assert shlex.split(commands.open_page()) == ["open", "my reports/report.html"]
    words = shlex.split(commands.accept(["3f2a9c01b7de"]))
    assert words[:6] == [
        ".venv/bin/loadtest",
        "baseline",
        "accept",
        "3f2a9c01b7de",
        "--run",
        "my reports/run.json",
    ]


def test_a_run_that_is_elsewhere_is_named() -> None:
    commands = Commands(reports=Path("out"), source=("--csv", "my files/locust", "--encoding", "cp1252"))
    assert shlex.split(commands.accept())[:7] == [
        *("loadtest", "baseline", "accept"),
        *("--csv", "my files/locust", "--encoding", "cp1252"),
    ]
    assert commands.open_page() == "xdg-open out/report.html"
