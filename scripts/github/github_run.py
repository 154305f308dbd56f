"""Turns the inputs of the action into one call of ``loadtest run`` and becomes it: its exit code stands.

An input that is empty is left out: then the profile, the environment or the default decides.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

OPTIONS = {
    "INPUT_GATEWAY": "--gateway",
    "INPUT_PROFILE": "--profile",
    "INPUT_USERS": "--users",
    "INPUT_SPAWN_RATE": "--spawn-rate",
    "INPUT_RUN_TIME": "--run-time",
    "INPUT_KNOWN_FAILURES": "--known-failures",
    "INPUT_FAIL_ON": "--fail-on",
    "INPUT_REPORTS_DIR": "--reports-dir",
}


def arguments(inputs: Mapping[str, str]) -> list[str]:
    """Return the arguments of ``loadtest`` for these inputs.

    Each value is joined to its option by ``=``, so that one that begins with a dash stays a value.
    """
    chosen = [
        f"{option}={value}" for name, option in OPTIONS.items() if (value := inputs.get(name, "").strip())
    ]
    tags = inputs.get("INPUT_TAGS", "").replace(",", " ").split()
    criteria = (line.strip() for line in inputs.get("INPUT_CRITERIA", "").splitlines())
    settings = (line.strip() for line in inputs.get("INPUT_SETTINGS", "").splitlines())
    return [
        "run",
        *chosen,
        *(f"--set={setting}" for setting in settings if setting),
        *(f"--tags={tag}" for tag in tags),
        *(f"--criteria={criterion}" for criterion in criteria if criterion),
    ]


def main() -> None:
    """Replace this process by the load test."""
    loadtest = Path(sys.executable).parent / "loadtest"
    os.execv(loadtest, [str(loadtest), *arguments(os.environ)])  # noqa: S606


if __name__ == "__main__":
    main()
