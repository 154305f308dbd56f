"""Programs that are run to their end, and how they can fail."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from eventually import until
from processes import gone

from loadtest.core.signals import Stopped, listening
from loadtest.gateway.process.commands import CommandError, run_command

TREE = Path(__file__).parent / "process_tree.py"


def run(code: str, *arguments: str, within: float = 30.0) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return run_command(command, name="the tool", environment={"ONLY": "this"}, within=within).output


def test_output_and_errors_are_separate() -> None:
    code = "import sys, os; print(os.environ['ONLY']); print('a note', file=sys.stderr)"
    finished = run_command([sys.executable, "-c", code], name="x", environment={"ONLY": "this"}, within=30)
    assert (finished.output, finished.errors) == ("this\n", "a note\n")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; print('first'); sys.exit('the last')", "the tool failed (exit status 1): the last"),
        ("print('one'); print('two'); raise SystemExit(3)", "the tool failed (exit status 3): two"),
        ("raise SystemExit(4)", "the tool failed (exit status 4): no output"),
        ("import os; os.kill(os.getpid(), 9)", "the tool failed (signal 9): no output"),
        ("print('busy', flush=True); import time; time.sleep(60)", "the tool did not end within 0.5 s: busy"),
    ],
)
def test_a_failure_is_one_line(code: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(code, within=0.5 if "sleep" in code else 30.0)
    assert str(caught.value) == message


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    program = tmp_path / "program"
    with pytest.raises(CommandError) as caught:
        run_command([program], name="the tool", environment={}, within=5)
    assert str(caught.value) == f"the tool: cannot be started: {program}: No such file or directory"


def test_a_signal_ends_it_with_its_process_tree(tmp_path: Path) -> None:
    names = ("root", "child", "daemon")

    def interrupt() -> None:
        assert until(lambda: all((tmp_path / name).exists() for name in names))
        os.kill(os.getpid(), signal.SIGTERM)

    with listening():
        threading.Thread(target=interrupt).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            run_command([sys.executable, TREE, tmp_path], name="the tool", environment={}, within=30)
        assert time.monotonic() - began < 20
    for name in names:
        pid = int((tmp_path / name).read_text())
        assert gone(pid)
