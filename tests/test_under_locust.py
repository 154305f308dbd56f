"""What needs Locust in the process of the test runs in one of its own; a failure there is printed here."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "under_locust"


def test_under_locust() -> None:
    command = [
        sys.executable,
        "-m",
        "gevent.monkey",
        "--module",
        "pytest",
        str(FOLDER),
        "-q",
        "-n0",
        "-o",
        "timeout=30",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
