"""Locks between processes: one at a time, a wait is reported, and it has an end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loadtest.core import locks
from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.locks import exclusively, is_held, reserved
from loadtest.core.signals import Stopped, listening

PROGRAM = Path(__file__).with_name("lock_holder.py")


def _hold(path: Path, log: Path) -> None:
    with exclusively(path, "the log", within=60), log.open("a") as file:
        file.write("in ")
        file.flush()
        time.sleep(0.1)
        file.write("out ")


def test_one_at_a_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    holders = [context.Process(target=_hold, args=(tmp_path / "lock", tmp_path / "log")) for _ in range(3)]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 3


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, PROGRAM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_wait_is_reported_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "SILENT", 0.1)
    path = tmp_path / "lock"
    with holder(path):
        assert is_held(path)
        with (
            pytest.raises(InconclusiveError, match=r"^the tool: another process took more than 0\.5 s \("),
            exclusively(path, "the tool", within=0.5),
        ):
            pytest.fail("held twice")
        with pytest.raises(UsageError, match=r"^in use$"), reserved(path, "in use"):
            pytest.fail("held twice")
    assert capsys.readouterr().err == f"waiting for another process: the tool ({path})\n"


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        process.kill()
    assert not is_held(path)
    with reserved(path, "in use"):
        assert path.exists()


def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path), listening():
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Stopped), exclusively(path, "it", within=60):
            pytest.fail("held twice")


def test_a_file_that_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be locked"), reserved(tmp_path, "in use"):
        pytest.fail("locked a directory")
