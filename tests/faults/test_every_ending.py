"""Every way in which a job can end: its exit code, its verdict, its reports, and nothing left behind.

The table is that of ``docs/verdict.md``; a test there compares the two.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench import REPORTS, Job, started

from loadtest.run import RunState

SECOND = 1.2
"""Seconds after which a further signal is one of its own, see loadtest/signals.py."""


@dataclass(frozen=True)
class Ending:
    """What happens to a job, and how it ends."""

    what: str
    does: Callable[[Job], None]
    code: int
    verdict: str
    """``interrupted``, ``inconclusive``, ``pass``; nothing where there are no reports."""
    headline: str = ""
    """A part of the first line of the verdict."""
    measured: bool = True
    """Whether what was measured until then is in the reports."""


def sends(*numbers: signal.Signals, every: float = SECOND) -> Callable[[Job], None]:
    def under_load(job: Job) -> None:
        job.under_load()
        for number in numbers:
            job.signal(number)
            time.sleep(every)

    return under_load


def late(*numbers: signal.Signals) -> Callable[[Job], None]:
    """Signals when the load is over and the gateway, which ignores SIGTERM, is being stopped."""

    def stopping(job: Job) -> None:
        job.until(lambda: job.run is not None and bool(job.run.resources), "the run is complete")
        for number in numbers:
            job.signal(number)
            time.sleep(SECOND)

    return stopping


def cancelled(job: Job) -> None:
    """As GitHub does, with users that wait for an answer; killed 2.5 s after the second signal."""
    job.under_load()
    job.behave(hangs=True)
    time.sleep(1)
    job.signal(signal.SIGINT)
    time.sleep(7.5)
    job.signal(signal.SIGTERM)


INTERRUPTED = "interrupted"
SIGNALS = (
    Ending("SIGTERM", sends(signal.SIGTERM), 143, INTERRUPTED, "(SIGTERM)"),
    Ending("SIGINT twice", sends(signal.SIGINT, signal.SIGINT), 130, INTERRUPTED, "(SIGINT)"),
    Ending("SIGHUP", sends(signal.SIGHUP), 129, INTERRUPTED, "(SIGHUP)"),
    Ending("SIGQUIT", sends(signal.SIGQUIT), 131, INTERRUPTED, "(SIGQUIT)"),
    Ending("SIGINT five times", sends(*[signal.SIGINT] * 5), 130, INTERRUPTED, "(SIGINT)"),
    Ending(
        "SIGTERM twice at once", sends(signal.SIGTERM, signal.SIGTERM, every=0), 143, INTERRUPTED, "(SIGTERM)"
    ),
    Ending("SIGINT, SIGTERM 7.5 s later", cancelled, 130, INTERRUPTED, "(SIGINT)"),
)


@pytest.mark.parametrize("ending", SIGNALS, ids=lambda ending: ending.what)
def test_a_signal_under_load(tmp_path: Path, ending: Ending) -> None:
    job = Job.on_stub(tmp_path)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())


LATE = (
    Ending("SIGINT while the gateway stops", late(signal.SIGINT), 130, INTERRUPTED, "(SIGINT)"),
    Ending(
        "SIGTERM twice while the gateway stops",
        late(signal.SIGTERM, signal.SIGTERM),
        143,
        INTERRUPTED,
        "(SIGTERM)",
    ),
)


@pytest.mark.parametrize("ending", LATE, ids=lambda ending: ending.what)
def test_a_signal_after_the_load(tmp_path: Path, ending: Ending) -> None:
    job = Job.on_stub(tmp_path, arguments=("-u", "2", "-r", "2", "-t", "5s"))
    job.behave(stubborn=True)
    with started(job):
        ending.does(job)
        assert_ended(job, ending, job.wait())
    assert job.run is not None
    assert job.run.reason.endswith("after the load had ended")


def assert_ended(job: Job, ending: Ending, code: int) -> None:
    assert code == ending.code, job.output
    assert "Traceback" not in job.output, job.output
    if ending.verdict:
        for name in REPORTS:
            assert (job.reports / name).stat().st_size or name == "annotations.txt", name
        assert job.verdict["verdict"] == ending.verdict
        assert ending.headline in job.verdict["headline"]
        assert (job.requests >= 5) == ending.measured
        run = job.run
        assert run is not None
        assert run.state is not RunState.RUNNING
    assert job.left() == []
