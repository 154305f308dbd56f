"""Measure the CPU time per request of the load generator, and thus the request rate of one core.

The client of this project is compared with bare Locust users: as it is, without schema validation, and with the
scenarios of the realistic mix, which also call tools over JSON-RPC and check content.

``make bench`` runs the variants in turn, each in its own process, against the same local server, and compares user and
system CPU time with that of the bare FastHttpUser in the same round: the median over the rounds. Exit code 1: the
client needs more than ``LIMIT`` times the CPU time of a bare FastHttpUser.
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
    from locust import User

BARE, OURS = "FastHttpUser", "contextforge-loadtest"
UNCHECKED, REALISTIC = "… without schemas", "… the realistic mix"
VARIANTS = (BARE, "HttpUser", OURS, UNCHECKED, REALISTIC)
CHECKED = (OURS, UNCHECKED, REALISTIC)
LIMIT = 1.6
"""Maximum CPU time relative to a bare FastHttpUser."""
USERS = 10
WARM_UP = 500
"""Requests before the measurement, in which connections are opened and validators compiled."""
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


def user_class(variant: str) -> "type[User]":
    """Return a user class that reads a list repeatedly, without pauses."""
    from locust import FastHttpUser, HttpUser, constant
    from locust import task as bare_task

    from loadtest.users.base import GatewayUser, task
    from loadtest.users.realistic import RealisticUser

    headers = {"Authorization": "Bearer made-up"}

    class BareFast(FastHttpUser):
        wait_time = constant(0)

        @bare_task
        def read(self) -> None:
            self.client.get("/tools", headers=headers)

    class BareRequests(HttpUser):
        wait_time = constant(0)

        @bare_task
        def read(self) -> None:
            self.client.get("/tools", headers=headers)

    class Ours(GatewayUser):
        area = "tools"
        wait_time = constant(0)

        @task
        def read(self) -> None:
            self.call("GET /tools")

    class Unchecked(Ours):
        """The same; :func:`measure` disables schema validation for it."""

    class Realistic(RealisticUser):
        wait_time = constant(0)

    variants: tuple[type[User], ...] = (BareFast, BareRequests, Ours, Unchecked, Realistic)
    return dict(zip(VARIANTS, variants, strict=True))[variant]


def measure(variant: str, host: str, requests: int) -> float:
    """Send requests to ``host`` with one variant; return the CPU time per request in milliseconds.

    Raises:
        RuntimeError: a request failed, so the measurement is invalid.
    """
    # Importing Locust patches the whole process, so only the measured process imports it.
    import jsonschema_rs
    from locust.env import Environment

    from loadtest.engine import coordinator as direction
    from loadtest.fixtures.fixture import Fixture
    from loadtest.openapi import contract

    environment = Environment(user_classes=[user_class(variant)], host=host)
    runner = environment.create_local_runner()
    if variant in CHECKED:
        # The fixture is fake, like the server.
        tools = {name: name for name in ("echo", "get_system_time", "convert_time")}
        stage = Fixture(gateway_id="g", server_id="s", tools=tools, tool_ids={"echo": "t"})
        vars(direction)["set_stage"] = lambda *_: stage
        if variant == UNCHECKED:
            anything = jsonschema_rs.validator_for({})
            setattr(contract.Contract, "compiled", lambda *_, **__: anything)  # noqa: B010
        direction.attach(environment)
    seen = 0
    failed: list[BaseException] = []
    marks: list[float] = []

    def count(exception: BaseException | None = None, **_: object) -> None:
        nonlocal seen
        seen += 1
        if exception is not None:
            failed.append(exception)
        if seen in (WARM_UP, WARM_UP + requests):
            marks.append(cpu_seconds())
        if seen == WARM_UP + requests:
            runner.greenlet.spawn(runner.quit)

    def end_with(exception: BaseException, **_: object) -> None:
        # Locust starts the next scenario after an error in one; without requests this process would never end.
        failed.append(exception)
        runner.greenlet.spawn(runner.quit)

    environment.events.request.add_listener(count)
    environment.events.user_error.add_listener(end_with)
    runner.start(USERS, spawn_rate=USERS)
    runner.greenlet.join()
    if failed:
        raise RuntimeError(
            f"{variant}: {len(failed)} requests or scenarios failed, the first with {failed[0]!r}"
        )
    if variant in CHECKED:
        assert_checked(requests)
    return (marks[1] - marks[0]) / requests * 1000


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


def compare(rounds: int, requests: int) -> dict[str, list[float]]:
    """Return the CPU time per request of each variant in each round, in milliseconds."""
    times: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    with local_server() as host, TemporaryDirectory() as reports:
        environment = {
            **os.environ,
            "LOADTEST_HOST": host,
            "LOADTEST_JWT_SECRET": SECRET,
            "LOADTEST_REPORTS_DIR": reports,
        }
        for _ in range(rounds):
            for variant in VARIANTS:
                command = [sys.executable, __file__, "--variant", variant, "--host", host]
                done = subprocess.run(
                    [*command, "--requests", str(requests)],
                    stdout=subprocess.PIPE,
                    env=environment,
                    check=True,
                    text=True,
                )
                times[variant].append(json.loads(done.stdout))
    return times


def main() -> int:
    """Print the table; with ``--variant``, measure one variant in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--host", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        print(json.dumps(measure(arguments.variant, arguments.host, arguments.requests)))
        return 0
    times = compare(arguments.rounds, arguments.requests)
    print(f"CPU time per request, {arguments.rounds} rounds of {arguments.requests} requests")
    ratios = {}
    for variant, measured in times.items():
        cost = statistics.median(measured)
        pairs = sorted(own / bare for own, bare in zip(measured, times[BARE], strict=True))
        ratios[variant] = statistics.median(pairs)
        print(
            f"  {variant:<22} {cost:6.3f} ms  {ratios[variant]:5.2f} x  ({pairs[0]:.2f} to {pairs[-1]:.2f})"
            f"  {1000 / cost:6.0f} requests/s on one core"
        )
    ratio = ratios[OURS]
    print(f"{'ok' if ratio <= LIMIT else 'TOO MUCH'}: {ratio:.2f} times a bare FastHttpUser, limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
