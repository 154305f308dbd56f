"""Record which scenarios call every operation with the fewest requests, for the order of the first sweep.

The plan of a scenario says what it may call; whether it does, and with how many requests, only a run shows.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.app.scenarios.traced import run_traced
from loadtest.core import settings
from loadtest.core.errors import InconclusiveError, LoadTestError
from loadtest.core.progress import Progress, progress
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
# Scenarios that call every operation of {version} with the fewest requests, in the order of the first sweep.
# Recorded by scripts/record_cover.py.
"""


@dataclass(frozen=True)
class Made:
    """What one scenario did."""

    operations: frozenset[str]
    """Those that it covers."""
    requests: int


def made_by(calls: Sequence[TracedCall]) -> dict[str, Made]:
    """Return what each scenario did."""
    requests: dict[str, int] = {}
    operations: dict[str, set[str]] = {}
    for call in calls:
        requests[call.scenario] = requests.get(call.scenario, 0) + 1
        operations.setdefault(call.scenario, set()).update([call.operation] if call.covers else [])
    return {name: Made(frozenset(operations[name]), number) for name, number in requests.items() if name}


def cover(made: Mapping[str, Made]) -> tuple[str, ...]:
    """Return scenarios that cover every operation that any covers, those with most for a request first."""
    operations_of = {name: one.operations for name, one in made.items()}
    return greedy_cover(operations_of, {name: one.requests for name, one in made.items()})


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
