"""A directory and a port per run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from loadtest.gateway.process.identity import same_process, started_after
from loadtest.gateway.workspace import (
    NEW_FOR,
    OWNER,
    run_directory,
)


def test_a_directory_of_our_own_that_is_gone_afterwards(tmp_path: Path) -> None:
    with run_directory(tmp_path) as directory, run_directory(tmp_path) as other:
        assert directory != other
        assert directory.is_dir()
        assert directory.stat().st_mode & 0o077 == 0
        assert (directory / "tmp").is_dir()
    assert not list((tmp_path / "runs").iterdir())


def test_only_the_directories_of_ended_runs_are_removed(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    me = psutil.Process()
    owners = {
        "dead": f"{ended.pid} {time.monotonic()}",
        "reused": f"{me.pid} {started_after(me) - 3600}",
        "alive": f"{me.pid} {started_after(me)}",
        "broken": "what",
    }
    for name, owner in owners.items():
        (runs / name).mkdir(parents=True)
        (runs / name / OWNER).write_text(owner)
    for name in ("new", "abandoned", "broken"):
        (runs / name).mkdir(exist_ok=True)
    for name in ("abandoned", "broken"):
        os.utime(runs / name, (0, time.time() - 2 * NEW_FOR))
    with run_directory(tmp_path) as directory:
        assert {path.name for path in runs.iterdir()} == {"alive", "new", directory.name}


def test_a_process_is_identified_by_its_start_time() -> None:
    me = psutil.Process()
    assert same_process(me.pid, started_after(me))
    assert not same_process(me.pid, started_after(me) - 60)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        start = started_after(psutil.Process(ended.pid))
        while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not same_process(ended.pid, start), "a zombie is not running"
