"""Repeat a comparison with a base, and count how often it finds exactly what it should.

Without further options the newest known gateway version is compared with itself: whatever fails such a run is a false
alarm. With ``--gateway path:DIR`` of a checkout with seeded changes, ``--slower`` and ``--failing`` name what must be
found. Each comparison adds a line to the history, a JSON object.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loadtest.versions.data import available


@dataclass(frozen=True)
class Comparison:
    """What one comparison found, and whether that is exactly what it should."""

    gateway: str
    base: str
    verdict: str
    slower: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    failing: tuple[str, ...]
    overall_slower: bool
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]


def evaluated(
    verdict: dict[str, Any], gateway: str, base: str, slower: Sequence[str], failing: Sequence[str]
) -> Comparison:
    """Return what the ``verdict`` of a comparison found, given what it should.

    Raises:
        LookupError: the run was not compared with a base.
    """
    against = verdict["against_base"]
    found_slower = [one["operation"] for one in against["slower"]]
    found_failing = [one["operation"] for one in verdict["new_failures"]]
    return Comparison(
        gateway=gateway,
        base=base,
        verdict=verdict["verdict"],
        slower=tuple(found_slower),
        unconfirmed=tuple(one["operation"] for one in against["unconfirmed"]),
        failing=tuple(dict.fromkeys(found_failing)),
        overall_slower=against["overall_slower"],
        missed=tuple(sorted({*slower} - {*found_slower} | {*failing} - {*found_failing})),
        false_alarms=tuple(
            sorted(
                {*found_slower} - {*slower}
                | {*found_failing} - {*failing}
                | ({"all operations together"} if against["overall_slower"] and not slower else set())
            )
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparisons; return 1 if one found something else than it should, 3 if one could not decide."""
    newest = available()[0]
    parser = argparse.ArgumentParser(description="Repeat a comparison with a base and count what it finds.")
    parser.add_argument("--runs", type=int, default=3, help="comparisons [default: 3]")
    parser.add_argument("--gateway", default=newest, help="head [default: the newest version]")
    parser.add_argument("--base", default=newest, help="base [default: the newest version]")
    parser.add_argument("--slower", action="append", default=[], help="operation that must be found slower")
    parser.add_argument("--failing", action="append", default=[], help="operation that must be found failing")
    parser.add_argument("--reports-dir", type=Path, default=Path("reports/base"), help="directory")
    given = parser.parse_args(arguments)
    history = given.reports_dir / "history.jsonl"
    history.parent.mkdir(parents=True, exist_ok=True)
    wrong = undecided = 0
    for number in range(1, given.runs + 1):
        reports = given.reports_dir / str(number)
        command = [str(Path(sys.executable).parent / "loadtest"), "run", "--gateway", given.gateway]
        command += ["--base", given.base, "--reports-dir", str(reports)]
        subprocess.run(command, check=False)
        try:
            verdict = json.loads((reports / "verdict.json").read_text(encoding="utf-8"))
            found = evaluated(verdict, given.gateway, given.base, given.slower, given.failing)
        except (OSError, ValueError, LookupError):
            undecided += 1
            print(f"comparison {number}: no result")
            continue
        with history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(found)) + "\n")
        undecided += found.verdict == "inconclusive"
        wrong += bool(found.missed or found.false_alarms)
        print(
            f"comparison {number}: {found.verdict}, missed {list(found.missed)}, false {list(found.false_alarms)}"
        )
    print(f"{given.runs - wrong - undecided} of {given.runs} comparisons found exactly what they should")
    return 1 if wrong else 3 if undecided else 0


if __name__ == "__main__":
    sys.exit(main())
