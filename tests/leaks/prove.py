"""``make test-leaks``: injected leaks are found, healthy gateways pass.

Two tables: many simulated series, and real gateways with a fault injected from outside. The exit status is 1 if a
leak was missed or a healthy gateway did not pass.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leaks.real import CASES, Outcome, measure, missing
from leaks.simulated import LENGTHS, show
from loadtest.core import settings
from loadtest.versions import data as versions

SECONDS = 150.0


def main() -> int:
    """Show what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--only", action="append", choices=names, help="this gateway; again for more")
    parser.add_argument("--gateway", default=versions.available()[0], help="version of the gateway")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of load for each gateway")
    parser.add_argument("--seeds", type=int, default=100, help="of simulated series of each kind; 0 for none")
    parser.add_argument("--no-gateways", action="store_true", help="only simulated series")
    parser.add_argument("--keep", type=Path, help="directory that keeps what was measured")
    arguments = parser.parse_args()
    console = Console(width=150, highlight=False)
    right = True
    if arguments.seeds:
        console.print(f"Simulated memory, {arguments.seeds} seeds: growing / stable / not measurable")
        console.print(show(arguments.seeds, LENGTHS))
    if not arguments.no_gateways:
        with tempfile.TemporaryDirectory() as temporary:
            keep = arguments.keep or Path(temporary)
            outcomes = []
            for case in CASES:
                if arguments.only and case.name not in arguments.only:
                    continue
                if (why := missing(case)) is not None:
                    console.print(f"{case.name}: skipped, {why}")
                    continue
                console.print(f"{case.name}: {case.about} …")
                outcomes.append(
                    measure(
                        case,
                        gateway=arguments.gateway,
                        home=settings.home(),
                        reports=(keep / case.name).absolute(),
                        seconds=arguments.seconds,
                    )
                )
            console.print(_table(outcomes))
            right = all(outcome.right for outcome in outcomes)
    return 0 if right else 1


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("gateway", "fault", "requests", "reported", "right", "the judge's words", box=None)
    for outcome in outcomes:
        table.add_row(
            outcome.case.name,
            "injected" if outcome.injected else "healthy",
            str(outcome.requests),
            ", ".join(outcome.reported) or "nothing",
            "yes" if outcome.right else "NO",
            outcome.text,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
