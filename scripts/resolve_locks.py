"""Resolve the locks of this project again, with the newest versions that pyproject.toml allows."""

import sys
import tempfile
from pathlib import Path

from loadtest.core.errors import LoadTestError
from loadtest.gateway.install.uv import run_uv

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements"
GENERATOR = ROOT / "loadtest" / "generated" / "generator.lock"
OLDEST = "3.11"
"""The oldest Python that the locks are for."""


def resolve_bootstrap(lock: Path) -> None:
    """Write ``lock`` for uv itself, which pip installs.

    Raises:
        InstallError: uv failed; the message is one line.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text("uv\n", encoding="utf-8")
        _compile(str(wanted), "--output-file", str(lock))


def resolve_group(group: str, lock: Path, constraints: Path) -> None:
    """Write ``lock`` for the project and a ``group`` of dependencies, with the versions in ``constraints``.

    Raises:
        InstallError: uv failed; the message is one line.
    """
    wanted = (str(PROJECT), "--all-extras", "--group", f"{PROJECT}:{group}")
    _compile(*wanted, "--constraint", str(constraints), "--output-file", str(lock))


def resolve_site(lock: Path) -> None:
    """Write ``lock`` for the website of the documentation.

    Raises:
        InstallError: uv failed; the message is one line.
    """
    _compile(str(lock.with_suffix(".in")), "--output-file", str(lock))


def resolve_generator(lock: Path, constraints: Path) -> None:
    """Write ``lock`` for the generator of requests, with the versions in ``constraints``.

    Raises:
        InstallError: uv failed; the message is one line.
    """
    _compile(str(lock.with_suffix(".in")), "--constraint", str(constraints), "--output-file", str(lock))


def _compile(*arguments: str) -> None:
    options = ("--quiet", "--universal", "--generate-hashes", "--no-annotate", "--no-header", "--upgrade")
    # With an explicit interpreter, uv runs no others, such as the shims of a version manager.
    run_uv(["pip", "compile", *options, "--python-version", OLDEST, "--python", sys.executable, *arguments])


def main() -> int:
    """Resolve all locks."""
    names = ("bootstrap", "dev", "base", "runtime")
    bootstrap, dev, base, runtime = (REQUIREMENTS / f"{name}.lock" for name in names)
    try:
        resolve_bootstrap(bootstrap)
        resolve_group("dev", dev, bootstrap)
        resolve_group("base", base, dev)
        resolve_group("build", runtime, dev)
        resolve_site(REQUIREMENTS / "site.lock")
        resolve_generator(GENERATOR, dev)
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
