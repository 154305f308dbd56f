"""``python -m loadtest.gateway.lock VERSION``: resolve a known version of the gateway into its hashed lock again.

What is resolved stands in the version's data file (``extras``, ``requirements``, ``exclude_newer``).
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from loadtest import versions
from loadtest.errors import LoadTestError, UsageError
from loadtest.gateway.interpreters import find
from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import run_uv
from loadtest.versions import VersionData

OLDEST = Version("3.11")
"""What this program itself needs; for data that names no lower bound."""


def lock_version(data: VersionData) -> Path:
    """Resolve the version that ``data`` is about and write its lock; returns the lock's path.

    Raises:
        InstallError: it cannot be resolved, or no Python that it runs on is here.
    """
    # With an interpreter that is named, uv does not run all that it finds.
    python = find(data.python, who=f"gateway {data.version}").path
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(wanted_by(data), encoding="utf-8")
        run_uv([*command(data), "--python", str(python), str(wanted), "--output-file", str(data.lock)])
    return data.lock


def check_release(version: str) -> None:
    """Check that ``version`` is one.

    Raises:
        UsageError: it is not.
    """
    try:
        Version(version)
    except InvalidVersion as error:
        raise UsageError(f"VERSION={version}: is not a version, expected a release such as 1.0.7") from error


def wanted_by(data: VersionData) -> str:
    """Return the requirements that the lock of ``data`` is resolved from, one per line."""
    gateway = f"{PACKAGE}[{','.join(data.extras)}]=={data.version}"
    return "".join(f"{requirement}\n" for requirement in (gateway, *data.requirements))


def command(data: VersionData) -> list[str]:
    """Return the arguments of ``uv`` without its files; of an old release only what existed on its day."""
    arguments = [
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
        "--upgrade",
        "--python-version",
        oldest_python(data.python),
    ]
    if data.exclude_newer is not None:
        # A date alone would end with the day of this machine's time zone.
        end = data.exclude_newer + dt.timedelta(days=1)
        arguments += ["--exclude-newer", f"{end.isoformat()}T00:00:00Z"]
    return arguments


def oldest_python(specifier: str) -> str:
    """Return the oldest Python, as ``3.11``, that ``specifier`` names as its lower bound."""
    bounds = [Version(item.version) for item in SpecifierSet(specifier) if item.operator == ">="]
    return "{}.{}".format(*max(bounds, default=OLDEST).release[:2])


def main() -> int:
    """Lock the known version that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("VERSION: is empty, expected a release such as VERSION=1.0.7\n")
        return 2
    try:
        check_release(sys.argv[1])
        sys.stdout.write(f"{lock_version(versions.load(sys.argv[1]))}\n")
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
