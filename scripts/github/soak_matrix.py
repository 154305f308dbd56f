"""Print the matrix of the nightly soak: every known gateway version on every database, or the selected ones.

Reads the inputs of the workflow from INPUT_GATEWAY, INPUT_DATABASE, INPUT_RATE and INPUT_RUN_TIME; an empty input
counts as not set. Sets the outputs ``matrix`` and ``run-time`` on GitHub and prints them.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from loadtest.core import settings
from loadtest.core.errors import LoadTestError, UsageError
from loadtest.versions import data as versions

DATABASES = ("sqlite", "postgres")
NIGHT = "3h"
LONGEST = 5 * 3600
"""Seconds of load; with the set-up it must fit into the six hours of a hosted runner."""
HIGHEST = 1000
"""Scenarios per second; far more than one runner can start."""


def matrix(gateway: str, database: str) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of the soak: each member has a name, a gateway and a database.

    Raises:
        UsageError: an unknown gateway or database.
    """
    if database not in ("", "all", *DATABASES):
        raise UsageError(f"database {database!r}: expected all, {' or '.join(DATABASES)}")
    gateways = [versions.load(gateway).version] if gateway else versions.available()
    databases = [database] if database in DATABASES else DATABASES
    return {
        "include": [
            {"name": f"{one}-{kind}", "gateway": one, "database": kind}
            for one in gateways
            for kind in databases
        ]
    }


def run_time(text: str) -> str:
    """Return the duration of the load.

    Raises:
        UsageError: not a duration, or too long.
    """
    if settings.RUN_TIME.parse(text or NIGHT, "run time ") > LONGEST:
        raise UsageError(f"run time {text!r}: expected at most {LONGEST // 3600}h")
    return text or NIGHT


def check_rate(text: str) -> None:
    """Check the rate.

    Raises:
        UsageError: not a number above 0 and up to :data:`HIGHEST`.
    """
    try:
        rate = float(text or 1)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= HIGHEST:
        raise UsageError(f"rate {text!r}: expected scenarios per second, above 0 and up to {HIGHEST}")


def outputs(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs for these inputs.

    Raises:
        UsageError: an input is invalid.
    """
    given = {
        name: inputs.get(f"INPUT_{name}", "").strip() for name in ("GATEWAY", "DATABASE", "RATE", "RUN_TIME")
    }
    check_rate(given["RATE"])
    return {
        "matrix": json.dumps(matrix(given["GATEWAY"], given["DATABASE"])),
        "run-time": run_time(given["RUN_TIME"]),
    }


def main() -> int:
    """Write the outputs."""
    try:
        lines = "".join(f"{name}={value}\n" for name, value in outputs(os.environ).items())
    except LoadTestError as error:
        print(f"::error::{error}".replace("\n", " "), file=sys.stderr)
        return int(error.exit_code)
    target = os.environ.get("GITHUB_OUTPUT")
    if target:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(lines)
    print(lines, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
