"""A jump of the system clock changes no time of a run, and no process is taken for another one."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import psutil
import pytest

from loadtest.core import clock
from loadtest.gateway.process.identity import age, same_process, started_after

PACKAGE = Path(__file__).parents[2] / "loadtest"
OF_THE_SYSTEM = {
    "backends": "what a backend says is compared with the clock of the gateway",
    "client/auth.py": "the gateway compares tokens with its clock",
    "core/clock.py": "the anchor",
    "gateway/install/default.py": "times in files that outlive a process",
    "gateway/install/installation.py": "times of files",
    "gateway/process/identity.py": "where the time since the boot is not available",
    "gateway/workspace.py": "times of files",
}
"""Where the system clock is read, and why: neither a difference nor an order of times in a run depends on it."""


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_the_time_of_a_run_does_not_jump(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    before, system = clock.now(), time.time
    monkeypatch.setattr(time, "time", lambda: system() + jump)
    assert 0 <= clock.now() - before < 60
    assert clock.monotonic(clock.now()) == pytest.approx(time.monotonic(), abs=1.0)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_process_stays_the_same(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    started, old = started_after(psutil.Process()), age(psutil.Process())
    boot, created = psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + jump)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + jump)
    assert same_process(os.getpid(), started)
    assert not same_process(os.getpid(), started + 60)
    assert age(psutil.Process()) == pytest.approx(old, abs=30)


def test_the_system_clock_is_read_only_where_that_is_meant() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\btime\.time\(", path.read_text())
    }
    expected = {name: [one for one in found if one.startswith(name)] for name in OF_THE_SYSTEM}
    assert found - {one for files in expected.values() for one in files} == set()
    assert [name for name, files in expected.items() if not files] == []
