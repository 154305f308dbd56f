"""CPU use of the load generator: a process that uses a whole core measures itself instead of the gateway."""

from __future__ import annotations

from typing import Any

from locust.runners import MasterRunner

from loadtest.recording.recorder import Recorder, cpu_seconds
from loadtest.results.run import Generator

SATURATION_PERCENT = 90.0
"""Percent of one core; Locust warns at the same value."""
MAX_SATURATED_SECONDS = 5
"""Seconds above it, in total, after which the figures of a run are not trusted."""


class CpuMonitor:
    """Counts the seconds in which this process or a worker used more than :data:`SATURATION_PERCENT`."""

    def __init__(self) -> None:
        self._busy = 0
        self._cpu = cpu_seconds()

    def sample(self, runner: Any) -> None:
        """Sample this process and the workers of Locust's ``runner``; call it once per second."""
        last, self._cpu = self._cpu, cpu_seconds()
        self._busy += max((self._cpu - last) * 100, _busiest_worker(runner)) > SATURATION_PERCENT

    def record(self, recorder: Recorder) -> Generator:
        """Return the record of the generator, with the start delays that ``recorder`` counted."""
        starts = recorder.aggregator.starts
        return Generator(
            cpu=round(cpu_seconds() + sum(recorder.cpu.values()), 2),
            saturated=self._busy >= MAX_SATURATED_SECONDS,
            detail=f"Locust used more than {SATURATION_PERCENT:g} % of a core for {self._busy} s"
            if self._busy
            else "",
            late=starts.late.summary(),
            scheduling_delay=starts.scheduling_delay.summary(),
            dropped=starts.missed,
            pauses=recorder.aggregator.pause_records(recorder.aggregator.start),
        )


def _busiest_worker(runner: Any) -> float:
    """Return the highest CPU use of a worker, in percent of a core."""
    if not isinstance(runner, MasterRunner):
        return 0.0
    return max((float(client.cpu_usage) for client in runner.clients.values()), default=0.0)
