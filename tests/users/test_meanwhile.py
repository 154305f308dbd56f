"""A step in parallel with a block: awaited, raised after the block, dropped when the block fails.

Locust patches the whole process, so each case runs in one of its own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("meanwhile_cases.py")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param(
            "shorter_block", ["block", "done", "after"], id="the end of the block waits for the step"
        ),
        pytest.param(
            "failing_step",
            ["block", "GET /parallel"],
            id="a step that failed fails the scenario, after the block",
        ),
        pytest.param(
            "step_while_the_load_ends",
            ["step True", "after False"],
            id="a step is let through although the load ends, and what comes after it is not",
        ),
        pytest.param(
            "block_while_the_load_ends",
            ["block False", "done"],
            id="the block in parallel with a step ends with the load",
        ),
        pytest.param(
            "failing_block",
            ["dropped", "GET /block"],
            id="a block that failed drops the step and keeps its own reason",
        ),
    ],
)
def test_a_step_during_a_block(case: str, expected: list[str]) -> None:
    completed = subprocess.run(
        [sys.executable, CASES, case], capture_output=True, text=True, check=True, timeout=60
    )
    assert completed.stdout.splitlines() == expected
    assert completed.stderr == ""
