"""A gateway that does not respond is distinguished from a slow one, and from a pause of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eventually import until

from loadtest.gateway.monitor import health
from loadtest.gateway.monitor.health import PROBES, SILENT, HealthProbe

PROGRAM = Path(__file__).with_name("unavailable_server.py")


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([sys.executable, PROGRAM], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        yield process, f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def test_one_that_is_stopped_is_noticed_and_one_that_answers_anything_is_not(
    server: tuple[subprocess.Popen[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, url = server
    monkeypatch.setattr(health, "EVERY", 0.05)
    monkeypatch.setattr(health, "SILENT", 1.5)
    with HealthProbe(url) as probe:
        began = time.monotonic()
        assert until(lambda: time.monotonic() - began > 2.0)
        assert probe.silent_for() is None
        os.kill(process.pid, signal.SIGSTOP)
        assert until(lambda: probe.silent_for() is not None)
        os.kill(process.pid, signal.SIGCONT)
        assert until(lambda: probe.silent_for() is None)


def test_a_response_to_the_load_counts_and_a_pause_of_the_machine_does_not() -> None:
    now = [0.0]
    probe = HealthProbe("http://127.0.0.1:1", lambda: now[0])
    now[0] = SILENT + 100
    assert probe.silent_for() is None, "nothing was asked in that time"
    probe._sent = PROBES
    assert probe.silent_for() == SILENT + 100
    probe.responded()
    assert probe.silent_for() is None
