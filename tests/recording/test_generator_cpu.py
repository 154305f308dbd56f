"""Seconds in which the generator used a core are counted; enough of them mean that it is saturated. Locust
patches the whole process, so the story runs in one of its own.
"""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("busy_generator.py")


def test_busy_seconds_are_counted() -> None:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
