from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from eventually import until
from processes import gone

from loadtest.gateway.process.suspension import LIMIT, SuspensionWatch

PARENT = "import subprocess; child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); child.wait()"


@pytest.fixture
def pair() -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """A process in place of a reaper, and the program that it started."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        program = psutil.Process(int(parent.stdout.readline()))
        try:
            yield psutil.Process(parent.pid), program
        finally:
            for process in (program, psutil.Process(parent.pid)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def suspend(process: psutil.Process) -> None:
    process.suspend()
    assert until(lambda: process.status() == psutil.STATUS_STOPPED, 10.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_program_that_stays_suspended_is_killed(pair: tuple[psutil.Process, psutil.Process]) -> None:
    clock, program = Clock(), pair[1]
    watch = SuspensionWatch({"Locust": program.pid}, clock)
    suspend(program)
    assert watch.kill_overdue() is None
    clock.now = LIMIT
    assert watch.kill_overdue() is None
    clock.now = LIMIT + 0.1
    assert watch.kill_overdue() == "Locust"
    assert until(lambda: gone(program.pid), 10.0)
    assert watch.kill_overdue() is None


def test_a_program_that_is_resumed_in_time_is_not_killed(pair: tuple[psutil.Process, psutil.Process]) -> None:
    clock, program = Clock(), pair[1]
    watch = SuspensionWatch({"Locust": program.pid}, clock)
    suspend(program)
    watch.kill_overdue()
    program.send_signal(signal.SIGCONT)
    assert until(lambda: program.status() != psutil.STATUS_STOPPED, 10.0)
    clock.now = LIMIT + 1
    assert watch.kill_overdue() is None
    suspend(program)
    clock.now = 2 * LIMIT
    assert watch.kill_overdue() is None, "it is suspended anew"


def test_a_suspended_reaper_is_resumed(pair: tuple[psutil.Process, psutil.Process]) -> None:
    reaper, program = pair
    suspend(reaper)
    assert SuspensionWatch({"Locust": program.pid}).kill_overdue() is None
    assert until(lambda: reaper.status() != psutil.STATUS_STOPPED, 10.0)
    assert program.is_running()


def test_a_program_that_has_ended_is_ignored() -> None:
    assert SuspensionWatch({"Locust": 2**22 + 1}).kill_overdue() is None
