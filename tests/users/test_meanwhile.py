"""A step in parallel with a block: awaited, raised after the block, dropped when the block fails. Locust patches the
whole process, so the stories run in one of their own.
"""

import subprocess
import sys

import pytest

START = """
import gevent
from loadtest.client.caller import Caller, StepFailed
from loadtest.users.base import GatewayUser

user = GatewayUser.__new__(GatewayUser)
user.api = Caller.__new__(Caller)
user.api._unwinding = set()
user.api.last_operation = None

def failing():
    gevent.sleep(0)
    raise StepFailed("parallel", "GET /parallel")

def endless():
    try:
        while True:
            gevent.sleep(0.01)
    finally:
        print("dropped")

def done():
    gevent.sleep(0.05)
    print("done")
"""

STORIES = {
    "the end of the block waits for the step": (
        "with user.meanwhile(done): print('block')\nprint('after')",
        ["block", "done", "after"],
    ),
    "a step that failed fails the scenario, after the block": (
        (
            "try:\n with user.meanwhile(failing): gevent.sleep(0.02); print('block')\n"
            "except StepFailed as error: print(error)"
        ),
        ["block", "parallel"],
    ),
    "a step is let through although the load ends, and what comes after it is not": (
        (
            "with user.meanwhile(lambda: print('step', user.api.unwinding)): pass\n"
            "print('after', user.api.unwinding)"
        ),
        ["step True", "after False"],
    ),
    "the block in parallel with a step ends with the load": (
        "with user.meanwhile(done): gevent.sleep(0.01); print('block', user.api.unwinding)",
        ["block False", "done"],
    ),
    "a block that failed drops the step and keeps its own reason": (
        (
            "try:\n with user.meanwhile(endless): gevent.sleep(0.02); raise StepFailed('block', 'GET /block')\n"
            "except StepFailed as error: print(error)"
        ),
        ["dropped", "block"],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_step_during_a_block(name: str) -> None:
    story, expected = STORIES[name]
    completed = subprocess.run(
        [sys.executable, "-c", f"{START}\n{story}"], capture_output=True, text=True, check=True, timeout=60
    )
    assert completed.stdout.splitlines() == expected
    assert completed.stderr == ""
