"""Use the CPU for a part of each second, and assert what the monitor of the load generator records."""

import time

from locust.env import Environment

from loadtest.recording import generator_cpu
from loadtest.recording.recorder import Recorder


def burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


if __name__ == "__main__":
    generator_cpu.SATURATION_PERCENT = 10.0
    recorder, monitor = Recorder(Environment()), generator_cpu.CpuMonitor()
    records = []
    for seconds in (0.0, 0.05, *[0.12] * generator_cpu.MAX_SATURATED_SECONDS):
        burn(seconds)
        monitor.sample(None)
        records.append(monitor.record(recorder))
    shares = [one.detail.rpartition(" for ")[2] for one in records]
    assert shares == ["", "", "1 s", "2 s", "3 s", "4 s", "5 s"], records
    assert [one.saturated for one in records] == [False] * 6 + [True], records
    assert records[-1].cpu > 0.6
