"""Measure the CPU time per request of the load generator, and thus the request rate of one core.

The client of this project is compared with bare Locust users that send the same requests: as it is, without schema
validation, and with the scenarios of the realistic mix, which also call tools over JSON-RPC and check content.

``make bench`` measures each variant in a process of its own, in which it and the bare FastHttpUser take turns: some
hundred requests each, to the same local server. The ratio is the median over pairs of turns, so that the speed of the
machine does not matter. Exit code 1: the client needs more than ``LIMIT`` times the CPU time of a bare FastHttpUser.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust import User
    from locust.env import Environment

BARE, OURS = "FastHttpUser", "contextforge-loadtest"
UNCHECKED, REALISTIC = "… without schemas", "… the realistic mix"
VARIANTS = ("HttpUser", OURS, UNCHECKED, REALISTIC)
CHECKED = (OURS, UNCHECKED, REALISTIC)
LIMIT = 1.6
"""Maximum CPU time relative to a bare FastHttpUser."""
USERS = 10
WARM_UP = 500
"""Requests before the measurement, in which connections are opened and validators compiled."""
SETTLING = 0.05
"""Seconds between two turns, in which the last requests end."""
SECRET = "benchmark-only-secret-of-thirty-two-characters"  # noqa: S105


@contextmanager
def local_server() -> Iterator[str]:
    """Run the server in its own process and yield its address."""
    script = Path(__file__).with_name("local_server.py")
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def cpu_seconds() -> float:
    """Return the user and system CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Turns:
    """Lets the users of one environment send requests, a number at a time."""

    def __init__(self, environment: "Environment") -> None:
        from gevent.event import Event

        self._open = Event()
        self._done = Event()
        self._left = 0
        self._failed: list[BaseException] = []
        self.requests = 0
        environment.events.request.add_listener(self._count)
        environment.events.user_error.add_listener(self._fail)

    def wait(self, _user: object = None) -> float:
        """Wait until the users may send the next request; return the seconds that they pause then."""
        self._open.wait()
        return 0.0

    def take(self, requests: int) -> float:
        """Let the users send ``requests``; return the CPU time per request in milliseconds.

        Raises:
            RuntimeError: a request or a scenario failed, so the measurement is invalid.
        """
        import gevent

        gevent.sleep(SETTLING)
        self._left = requests
        self._done.clear()
        before, sent = cpu_seconds(), self.requests
        self._open.set()
        self._done.wait()
        spent, sent = cpu_seconds() - before, self.requests - sent
        if self._failed:
            raise RuntimeError(f"{len(self._failed)} failures, the first is {self._failed[0]!r}")
        return spent / sent * 1000

    def _count(self, exception: BaseException | None = None, **_: object) -> None:
        self.requests += 1
        self._left -= 1
        if exception is not None:
            self._failed.append(exception)
        if exception is not None or self._left == 0:
            self._end()

    def _fail(self, exception: BaseException, **_: object) -> None:
        # Locust goes on after an error in a scenario; without requests the turn would never end.
        self._failed.append(exception)
        self._end()

    def _end(self) -> None:
        self._open.clear()
        self._done.set()


def user_class(variant: str, wait: "Callable[[object], float]") -> "type[User]":
    """Return a user class that reads a list repeatedly, with ``wait`` between two calls."""
    from locust import FastHttpUser, HttpUser
    from locust import task as bare_task

    from loadtest.client.auth import credentials
    from loadtest.client.request import CORRELATION_HEADER
    from loadtest.users.base import GatewayUser, task
    from loadtest.users.realistic import RealisticUser

    # The bare users send the same request: each header takes time.
    headers = {
        "Accept": "application/json",
        CORRELATION_HEADER: "lt-0123ab-1f",
        "Authorization": f"Bearer {credentials().bearer()}",
    }

    class BareFast(FastHttpUser):
        wait_time = wait

        @bare_task
        def read(self) -> None:
            self.client.get("/tools", headers=headers)

    class BareRequests(HttpUser):
        wait_time = wait

        @bare_task
        def read(self) -> None:
            self.client.get("/tools", headers=headers)

    class Ours(GatewayUser):
        area = "tools"
        wait_time = wait

        @task
        def read(self) -> None:
            self.call("GET /tools")

    class Unchecked(Ours):
        """The same; :func:`measure` disables schema validation for it."""

    class Realistic(RealisticUser):
        wait_time = wait

    variants: tuple[type[User], ...] = (BareFast, BareRequests, Ours, Unchecked, Realistic)
    return dict(zip((BARE, *VARIANTS), variants, strict=True))[variant]


def measure(variant: str, host: str, turns: int, requests: int) -> list[tuple[float, float]]:
    """Return the CPU times per request of the bare user and of ``variant`` in each pair of turns, in milliseconds.

    Raises:
        RuntimeError: a request or a scenario failed, so the measurement is invalid.
    """
    # Importing Locust patches the whole process, so only the measured process imports it.
    import jsonschema_rs
    from locust.env import Environment

    from loadtest.engine import coordinator as direction
    from loadtest.fixtures.fixture import Fixture
    from loadtest.openapi import contract

    sides = []
    for name in (BARE, variant):
        environment = Environment(host=host)
        side = Turns(environment)
        environment.user_classes = [user_class(name, side.wait)]
        sides.append((environment, environment.create_local_runner(), side))
    (_, bare_runner, bare), (environment, runner, own) = sides
    if variant in CHECKED:
        # The fixture is fake, like the server.
        tools = {name: name for name in ("echo", "get_system_time", "convert_time")}
        stage = Fixture(gateway_id="g", server_id="s", tools=tools, tool_ids={"echo": "t"})
        vars(direction)["set_stage"] = lambda *_: stage
        if variant == UNCHECKED:
            anything = jsonschema_rs.validator_for({})
            setattr(contract.Contract, "compiled", lambda *_, **__: anything)  # noqa: B010
        direction.attach(environment)
    for one in (bare_runner, runner):
        one.start(USERS, spawn_rate=USERS)
    for side in (bare, own):
        side.take(WARM_UP)
    pairs = [(bare.take(requests), own.take(requests)) for _ in range(turns)]
    for one in (bare_runner, runner):
        one.quit()
    if variant in CHECKED:
        assert_checked(own.requests)
    return pairs


def assert_checked(requests: int) -> None:
    """Check that the client counted every call and validated the responses, as in a real run.

    Raises:
        RuntimeError: run.json does not contain it.
    """
    from loadtest.results.run import read_run

    run = read_run(Path(os.environ["LOADTEST_REPORTS_DIR"]) / "run.json")
    successes = sum(operation.successes for operation in run.operations)
    validated = sum(operation.validated for operation in run.operations)
    if successes < requests or validated < requests:
        raise RuntimeError(f"expected {requests} successes: the run has {successes}, {validated} validated")


def compare(turns: int, requests: int) -> dict[str, list[tuple[float, float]]]:
    """Return the CPU times per request of the bare user and of each variant, in milliseconds."""
    with local_server() as host, TemporaryDirectory() as reports:
        environment = {
            **os.environ,
            "LOADTEST_HOST": host,
            "LOADTEST_JWT_SECRET": SECRET,
            "LOADTEST_REPORTS_DIR": reports,
        }
        times = {}
        for variant in VARIANTS:
            command = [sys.executable, __file__, "--variant", variant, "--host", host]
            done = subprocess.run(
                [*command, "--turns", str(turns), "--requests", str(requests)],
                stdout=subprocess.PIPE,
                env=environment,
                check=True,
                text=True,
            )
            times[variant] = json.loads(done.stdout)
        return times


def main() -> int:
    """Print the table; with ``--variant``, measure one variant in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=30, help="turns of each variant and of the bare user")
    parser.add_argument("--requests", type=int, default=400, help="requests of a turn")
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--host", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        print(json.dumps(measure(arguments.variant, arguments.host, arguments.turns, arguments.requests)))
        return 0
    times = compare(arguments.turns, arguments.requests)
    print(f"CPU time per request, {arguments.turns} turns of {arguments.requests} requests")
    bare = statistics.median(one for pairs in times.values() for one, _ in pairs)
    print(f"  {BARE:<22} {bare:6.3f} ms   1.00 x  {'':<14}  {1000 / bare:6.0f} requests/s on one core")
    ratios = {}
    for variant, pairs in times.items():
        cost = statistics.median(own for _, own in pairs)
        found = sorted(own / other for other, own in pairs)
        ratios[variant] = statistics.median(found)
        print(
            f"  {variant:<22} {cost:6.3f} ms  {ratios[variant]:5.2f} x  ({found[0]:.2f} to {found[-1]:.2f})"
            f"  {1000 / cost:6.0f} requests/s on one core"
        )
    ratio = ratios[OURS]
    print(f"{'ok' if ratio <= LIMIT else 'TOO MUCH'}: {ratio:.2f} times a bare FastHttpUser, limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
