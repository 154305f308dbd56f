"""Record which scenarios call every operation in the shortest time, for the order of the first sweep.

The plan of a scenario says what it may call; whether it does, and how long it takes, only a run shows.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.app.scenarios.traced import run_traced
from loadtest.core import settings
from loadtest.core.errors import InconclusiveError, LoadTestError
from loadtest.core.progress import Progress, progress
from loadtest.core.record import Milliseconds
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.engine.sweep import COVER, greedy_cover
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import Pinned
from loadtest.gateway.running import RunningGateway
from loadtest.results.run import read_run
from loadtest.results.trace import TracedCall, read_trace
from loadtest.versions import data as versions

AT_ONCE = 80
"""Scenarios of one Locust process, which may take five minutes."""
HEADER = """\
# Scenarios that call every operation of {version} in the shortest time, in the order of the first sweep.
# Recorded by scripts/record_cover.py.
"""


@dataclass(frozen=True)
class Made:
    """What one scenario did."""

    operations: frozenset[str]
    """Those that it covers."""
    duration: Milliseconds
    """Of all its calls, one after another."""


def made_by(calls: Sequence[TracedCall]) -> dict[str, Made]:
    """Return what each scenario did."""
    durations: dict[str, float] = {}
    operations: dict[str, set[str]] = {}
    for call in calls:
        durations[call.scenario] = durations.get(call.scenario, 0.0) + call.duration
        operations.setdefault(call.scenario, set()).update([call.operation] if call.covers else [])
    return {name: Made(frozenset(operations[name]), took) for name, took in durations.items() if name}


def cover(made: Mapping[str, Made]) -> tuple[str, ...]:
    """Return scenarios that cover every operation that any covers, those with most in the same time first.

    None is redundant: a greedy choice has some whose operations later ones have as well.
    """
    operations_of = {name: one.operations for name, one in made.items()}
    order = greedy_cover(operations_of, {name: one.duration for name, one in made.items()})
    calls = Counter(operation for name in order for operation in operations_of[name])
    redundant = set[str]()
    for name in sorted(order, key=lambda one: made[one].duration, reverse=True):
        if all(calls[operation] > 1 for operation in operations_of[name]):
            redundant.add(name)
            calls.subtract(operations_of[name])
    return tuple(name for name in order if name not in redundant)


def _calls(gateway: RunningGateway, names: Sequence[str], shown: Progress) -> tuple[TracedCall, ...]:
    """Return the calls of the scenarios.

    Raises:
        InconclusiveError: not all of them ended.
    """
    with tempfile.TemporaryDirectory(prefix="loadtest-cover-") as directory:
        reports = Path(directory)
        trace = run_traced("cover", names, gateway, reports, custom=(), progress=shown)
        run = read_run(reports / "run.json")
        if run.sweep is None or run.sweep.unfinished:
            raise InconclusiveError("not every scenario ended")
        return read_trace(trace)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios one after another, and write the cover."""
    newest = versions.available()[0]
    parser = argparse.ArgumentParser(description="Record the order of the first sweep.")
    parser.add_argument("--gateway", default=newest, help="known version [default: the newest one]")
    version = parser.parse_args(arguments).gateway
    names = [one.name for one in discover_scenarios()]
    try:
        with (
            progress() as shown,
            booted(Pinned(version, versions.load(version)), home=settings.home()) as gateway,
        ):
            calls = [
                call
                for start in range(0, len(names), AT_ONCE)
                for call in _calls(gateway, names[start : start + AT_ONCE], shown)
            ]
    except LoadTestError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    order = cover(made_by(calls))
    COVER.write_text(HEADER.format(version=version) + "".join(f"{one}\n" for one in order), encoding="utf-8")
    print(f"{COVER.name}: {len(order)} of {len(names)} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())
