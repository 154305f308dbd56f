"""Measure the cost of judging and reporting huge runs: 10,000 operations, 100,000 and 1,000,000 kinds of failure.

    python benchmarks/reports_scale.py [FAILURES ...]

Prints the CPU time of reading, of judging and of each format, and the peak memory in addition to the run itself. Each
run is measured in a new process. As in real runs, messages recur in many operations; operations have different
distributions.
"""

import contextlib
import datetime as dt
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from loadtest.app.judging import JudgingOptions, judge_run
from loadtest.reports.formats import FORMATS
from loadtest.results.failures import Example, Failure, ProblemKind, fingerprint
from loadtest.results.latency import Histogram, Latency
from loadtest.results.measurements import Minute, Moment, Operation, Timeline
from loadtest.results.run import PlannedCall, Run, RunState, Scenario, Settings, read_run, write_run

OPERATIONS = 10_000
AREAS = 97
SHAPES = 101
"""Different distributions of latency."""
MESSAGES = 1_000
"""Different messages."""
WITH_EXAMPLE = 1_000
"""Failures with evidence: what a recorder keeps is bounded, so these are as many as reports show."""


@dataclass(frozen=True)
class Goal:
    """What judging and all reports of a run with so many kinds of failure may cost together."""

    failures: int
    cpu: float
    """Seconds."""
    memory: float
    """MB in addition to the run itself."""


GOALS = (Goal(100_000, 2.0, 200.0), Goal(1_000_000, 10.0, 500.0))

T = TypeVar("T")


def huge(failures: int) -> Run:
    """Return a run with every part that affects the cost."""
    latencies = [_latency(shape) for shape in range(SHAPES)]
    names = [f"GET /area{number % AREAS}/{{id}}/thing{number}" for number in range(OPERATIONS)]
    return Run(
        state=RunState.COMPLETE,
        started="2026-03-01T04:00:00+00:00",
        duration=600.0,
        settings=Settings(host="http://127.0.0.1:4444"),
        contract=tuple(names),
        areas={name: f"area{number % AREAS}" for number, name in enumerate(names)},
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
                area=f"area{number % AREAS}",
                requests=200,
                successes=150,
                failures=50,
                statuses={"200": 150, "500": 50},
                latency=latencies[number % SHAPES],
            )
            for number, name in enumerate(names)
        ),
        failures=tuple(_failures(names, failures)),
        timeline=Timeline(
            moments=tuple(
                Moment(at=float(n), requests=n, failures=1, users=9, p50=1.0, p95=2.0, p99=3.0)
                for n in range(600)
            ),
            minutes=tuple(
                Minute(at=60.0 * n, requests=1_000, latency=latencies[n % SHAPES]) for n in range(10)
            ),
        ),
    )


def _latency(shape: int) -> Latency | None:
    histogram = Histogram()
    for number in range(200):
        histogram.add((1 + shape / SHAPES) * 1.07**number % 5_000)
    return histogram.summary()


def _failures(names: list[str], count: int) -> Iterator[Failure]:
    example = Example(
        at=1.0, curl="curl http://127.0.0.1/" + "x" * 200, answer="<" * 500, log=("line " * 20,) * 8
    )
    turns = count // len(names)
    for number in range(count):
        turn, place = divmod(number, len(names))
        name = names[place]
        message = (
            f"failure of kind {_word(place % (MESSAGES // turns) * turns + turn)}, as of other operations"
        )
        yield Failure(
            fingerprint=fingerprint(name, ProblemKind.STATUS, 500, None, message),
            operation=name,
            problem=ProblemKind.STATUS,
            message=message,
            status=500,
            count=1 + number % 7,
            first=1.0,
            last=59.0,
            scenario="A.b",
            minutes={number % 10: 1 + number % 7},
            examples=(example,) if number < WITH_EXAMPLE else (),
        )


def _word(number: int) -> str:
    """Return ``number`` as a word: normalised messages contain no numbers."""
    letters = ""
    while number or not letters:
        number, letter = divmod(number, 26)
        letters += chr(97 + letter)
    return letters


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
    """Return the peak memory of this process in MB, on Linux since :func:`forget_peak`."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def forget_peak() -> None:
    """Start to measure the peak from the memory in use now, where the system can: reading needs the file as well."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def measure(path: Path, goal: Goal) -> int:
    """Judge the run in ``path`` and generate its reports."""
    run, _ = timed("read", lambda: read_run(path))
    forget_peak()
    before = peak()
    verdict, total = timed("judge", lambda: judge_run(run, JudgingOptions(), dt.date(2026, 3, 1)))
    for one in FORMATS:
        _, spent = timed(one.FILENAME, lambda one=one: one.render(run, verdict))  # type: ignore[misc]
        total += spent
    more = peak() - before
    print(f"{'judge and reports':<20}{total:8.2f} s (goal {goal.cpu:.0f} s)")
    print(
        f"{'peak above the run':<20}{more:8.0f} MB (goal {goal.memory:.0f} MB); the process {peak():.0f} MB"
    )
    return 0 if total < goal.cpu and more < goal.memory else 1


def measured(goal: Goal) -> int:
    """Write a run, measure it in a new process, and return the exit code of that."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        write_run(huge(goal.failures), path)
        size = path.stat().st_size / 1e6
        print(f"{OPERATIONS:,} operations, {goal.failures:,} failures, run.json of {size:.0f} MB")
        sys.stdout.flush()
        code = subprocess.run([sys.executable, __file__, str(goal.failures), path], check=False).returncode
        print()
        return code


def main() -> int:
    """Measure the runs with the given numbers of failures, or all."""
    given = sys.argv[1:]
    if len(given) == 2 and not given[1].isdecimal():
        return measure(Path(given[1]), next(one for one in GOALS if str(one.failures) == given[0]))
    chosen = [one for one in GOALS if not given or str(one.failures) in given]
    return max([measured(one) for one in chosen], default=2)


if __name__ == "__main__":
    sys.exit(main())
