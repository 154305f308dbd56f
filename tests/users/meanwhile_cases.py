"""``python meanwhile_cases.py NAME``: one step in parallel with a block, in a process that Locust has patched."""

import sys
from collections.abc import Callable

import gevent

from loadtest.client.answer import Problem
from loadtest.client.caller import Caller, StepFailed
from loadtest.results.failures import ProblemKind
from loadtest.users.base import GatewayUser

user = GatewayUser.__new__(GatewayUser)
user.api = Caller.__new__(Caller)
user.api._unwinding = set()
user.api.last_operation = None


def fail(which: str) -> None:
    raise StepFailed(Problem(ProblemKind.CONTENT, which), f"GET /{which}")


def failing() -> None:
    gevent.sleep(0)
    fail("parallel")


def endless() -> None:
    try:
        while True:
            gevent.sleep(0.01)
    finally:
        print("dropped")


def done() -> None:
    gevent.sleep(0.05)
    print("done")


def shorter_block() -> None:
    with user.meanwhile(done):
        print("block")
    print("after")


def failing_step() -> None:
    try:
        with user.meanwhile(failing):
            gevent.sleep(0.02)
            print("block")
    except StepFailed as error:
        print(error.operation)


def step_while_the_load_ends() -> None:
    with user.meanwhile(lambda: print("step", user.api.unwinding)):
        pass
    print("after", user.api.unwinding)


def block_while_the_load_ends() -> None:
    with user.meanwhile(done):
        gevent.sleep(0.01)
        print("block", user.api.unwinding)


def failing_block() -> None:
    try:
        with user.meanwhile(endless):
            gevent.sleep(0.02)
            fail("block")
    except StepFailed as error:
        print(error.operation)


CASES: tuple[Callable[[], None], ...] = (
    shorter_block,
    failing_step,
    step_while_the_load_ends,
    block_while_the_load_ends,
    failing_block,
)

if __name__ == "__main__":
    {case.__name__: case for case in CASES}[sys.argv[1]]()
