"""Measure the cost of all reports of a huge run: 10,000 operations, 100,000 kinds of failure.

    python benchmarks/reports_scale.py

Prints the CPU time of judging and of each format, and the peak memory in addition to the run itself. The reports are
generated in a new process.
"""

import datetime as dt
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loadtest.app.judging import JudgingOptions, judge_run
from loadtest.reports.formats import FORMATS
from loadtest.results.failures import Example, Failure, ProblemKind, fingerprint
from loadtest.results.latency import Histogram
from loadtest.results.measurements import Moment, Operation, Timeline
from loadtest.results.run import PlannedCall, Run, RunState, Scenario, Settings, read_run, write_run

OPERATIONS = 10_000
FAILURES = 100_000
CPU_GOAL = 2.0
"""CPU seconds for all reports together."""
MEMORY_GOAL = 200.0
"""MB in addition to the run itself."""

T = TypeVar("T")


def huge() -> Run:
    """Return a run with every part that affects the cost."""
    histogram = Histogram()
    for number in range(200):
        histogram.add(1.07**number % 5_000)
    latency = histogram.summary()
    names = [f"GET /area{number % 97}/{{id}}/thing{number}" for number in range(OPERATIONS)]
    example = Example(
        at=1.0, curl="curl http://127.0.0.1/" + "x" * 200, answer="<" * 500, log=("line " * 20,) * 8
    )
    failures = []
    for number in range(FAILURES):
        name, message = (
            names[number % OPERATIONS],
            f"failure of kind {chr(97 + number % 26) * (number // 26 % 40)}",
        )
        failures.append(
            Failure(
                fingerprint=fingerprint(name, ProblemKind.STATUS, 500, str(number), message),
                operation=name,
                problem=ProblemKind.STATUS,
                message=message,
                status=500,
                code=str(number),
                count=1 + number % 7,
                first=1.0,
                last=59.0,
                examples=(example,) if number < 1_000 else (),
            )
        )
    return Run(
        state=RunState.COMPLETE,
        started="2026-03-01T04:00:00+00:00",
        duration=600.0,
        settings=Settings(host="http://127.0.0.1:4444"),
        contract=tuple(names),
        plan=(
            Scenario(
                name="A.b",
                area="a",
                file="a.py",
                line=1,
                calls=tuple(PlannedCall(operation=n, line=1) for n in names),
            ),
        ),
        operations=tuple(
            Operation(
                name=name,
                area=f"area{number % 97}",
                requests=200,
                successes=150,
                failures=50,
                statuses={"200": 150, "500": 50},
                latency=latency,
            )
            for number, name in enumerate(names)
        ),
        failures=tuple(failures),
        timeline=Timeline(
            moments=tuple(
                Moment(at=float(n), requests=n, failures=1, users=9, p50=1.0, p95=2.0, p99=3.0)
                for n in range(600)
            )
        ),
    )


def timed(name: str, make: Callable[[], T]) -> tuple[T, float]:
    """Return the result of ``make`` and its CPU time in seconds, and print the time."""
    gc.collect()
    began = time.process_time()
    made = make()
    spent = time.process_time() - began
    size = f"{len(made) / 1e6:8.2f} MB" if isinstance(made, str) else ""
    print(f"{name:<20}{spent:8.2f} s {size}")
    return made, spent


def peak() -> float:
    """Return the peak memory of this process in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def measure(path: Path) -> int:
    """Judge the run in ``path`` and generate its reports."""
    run, _ = timed("read", lambda: read_run(path))
    verdict, _ = timed("judge", lambda: judge_run(run, JudgingOptions(), dt.date(2026, 3, 1)))
    before, total = peak(), 0.0
    for one in FORMATS:
        _, spent = timed(one.FILENAME, lambda one=one: one.render(run, verdict))  # type: ignore[misc]
        total += spent
    more = peak() - before
    print(f"{'all reports':<20}{total:8.2f} s (goal {CPU_GOAL:.0f} s)")
    print(
        f"{'peak above the run':<20}{more:8.0f} MB (goal {MEMORY_GOAL:.0f} MB); the process {peak():.0f} MB"
    )
    return 0 if total < CPU_GOAL and more < MEMORY_GOAL else 1


def main() -> int:
    """Write the run, then measure in a new process."""
    if len(sys.argv) == 2:
        return measure(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        write_run(huge(), path)
        print(f"{OPERATIONS} operations, {FAILURES} failures, run.json of {path.stat().st_size / 1e6:.0f} MB")
        sys.stdout.flush()
        return subprocess.run([sys.executable, __file__, path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
