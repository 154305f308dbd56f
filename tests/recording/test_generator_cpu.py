"""Seconds in which the generator used a core are counted; enough of them mean that it is saturated. Locust
patches the whole process, so the story runs in one of its own.
"""

import subprocess
import sys

STORY = """
import time
from locust.env import Environment
from loadtest.recording import generator_cpu
from loadtest.recording.recorder import Recorder

generator_cpu.SATURATION_PERCENT = 10.0

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

recorder, monitor = Recorder(Environment()), generator_cpu.CpuMonitor()
records = []
for seconds in (0.0, 0.05, *[0.12] * generator_cpu.MAX_SATURATED_SECONDS):
    burn(seconds)
    monitor.sample(None)
    records.append(monitor.record(recorder))
assert [one.detail.rpartition(" for ")[2] for one in records] == ["", "", "1 s", "2 s", "3 s", "4 s", "5 s"], records
assert [one.saturated for one in records] == [False] * 6 + [True], records
assert records[-1].cpu > 0.6
"""


def test_busy_seconds_are_counted() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
