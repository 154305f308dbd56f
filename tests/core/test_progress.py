"""Terminal output while a job runs."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live

from loadtest.core.progress import EVERY, Plain, Terminal, minutes, progress

PROGRAM = Path(__file__).with_name("progress_lines.py")


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_come_now_and_then() -> None:
    stream, time = io.StringIO(), Time()
    shown = Plain(stream, time)
    shown.log("boot", "3.0.7")
    time.now += 3
    shown.log("load", "20 users")
    for _ in range(25):
        time.now += 1
        shown.update(f"{time.now:.0f}")
    assert stream.getvalue().splitlines() == [
        "boot     3.0.7",
        "load     20 users",
        "load     00:10  1013",
        "load     00:20  1023",
    ]
    assert EVERY == 10.0


def test_a_terminal_shows_phase_time_and_figures() -> None:
    time = Time()
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    shown = Terminal(console, time)
    shown.log("load", "20 users")
    time.now += 65
    shown.update("7 requests · 1 failed")
    with console.capture() as captured:
        console.print(shown)
    assert captured.get().split(" ", 1)[1].rstrip() == "load 01:05  7 requests · 1 failed"
    shown.log("stop", "")
    with console.capture() as captured:
        console.print(shown)
    assert captured.get().split(" ", 1)[1].rstrip() == "stop 00:00"


def test_a_long_line_stays_one_line() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=30, color_system=None)
    shown = Terminal(console)
    shown.log("load", "")
    shown.update("figure " * 30)
    with console.capture() as captured:
        console.print(shown)
    assert captured.get().count("\n") == 1


def test_what_stays_is_above_the_line_that_changes() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    shown = Terminal(console)
    with Live(shown, console=console, auto_refresh=False, transient=True):
        shown.log("boot", "[red]a/b[/red] 3.0.7")
    assert "boot     [red]a/b[/red] 3.0.7" in file.getvalue()


def on_a_terminal(**more: str) -> tuple[str, str]:
    """Return what is written to a terminal on stderr, and to stdout, which is a pipe."""
    ours, theirs = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")
    }
    process = subprocess.Popen(
        [sys.executable, PROGRAM],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "80"} | more,
        text=True,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # raised by Linux when the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, seen.decode()
    return seen.decode(), output


def test_on_a_terminal_it_is_live_and_gone_at_the_end() -> None:
    seen, output = on_a_terminal()
    assert output == "done\n"
    words = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)
    assert "boot     3.0.7" in words
    assert "20 users [bold]x" in words
    assert "7 requests" in words
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1


@pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_lines_on_request(setting: dict[str, str]) -> None:
    seen, _ = on_a_terminal(**setting)
    assert seen.replace("\r\n", "\n") == "boot     3.0.7\nload     20 users [bold]x\n"


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as shown:
        shown.log("boot", "3.0.7")
    assert capsys.readouterr().err == "boot     3.0.7\n"


def test_time_is_shown_in_minutes() -> None:
    assert [minutes(seconds) for seconds in (0.9, 59, 65, 6_000)] == ["00:00", "00:59", "01:05", "100:00"]
