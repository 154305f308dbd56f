"""Set up ``.venv`` from the hashed locks, if it is out of date. Uses the standard library only.

The argument is ``runtime`` for the packages that run the load test, ``base`` for those that compare with a base as
well, or ``dev`` for those of developers, too. An environment with more packages serves for fewer.

A stamp file is removed first and written last. An environment with an outdated stamp is updated; one without a stamp
is incomplete and created again.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from loadtest.packages.locked import failure_text, install_lock, run, uv_pip  # noqa: E402 - the package is not installed

ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / ".contextforge-loadtest"
BOOTSTRAP_LOCK = ROOT / "requirements" / "bootstrap.lock"
LOCKS = {name: ROOT / "requirements" / f"{name}.lock" for name in ("runtime", "base", "dev")}
"""By argument; each contains the packages of the one before it."""
INPUTS = (BOOTSTRAP_LOCK, *LOCKS.values(), ROOT / "pyproject.toml", ROOT / "loadtest" / "__init__.py")
"""Files that the environment depends on; the last one contains the version."""


def key(kind: str) -> str:
    """Return a digest of everything that the environment depends on, including its path: it cannot be moved."""
    digest = hashlib.sha256(f"{kind} {ROOT}".encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_complete(kind: str) -> bool:
    """Return whether the environment has the packages of ``kind`` and its interpreter exists."""
    kinds = list(LOCKS)
    sufficient = {key(one) for one in kinds[kinds.index(kind) :]}
    try:
        return STAMP.read_text() in sufficient and PYTHON.exists()
    except FileNotFoundError:
        return False


@contextmanager
def alone() -> Iterator[None]:
    """Wait for other set-ups in this checkout; the system releases the lock if this process dies."""
    with BOOTSTRAP_LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(kind: str) -> None:
    """Update the environment to the lock of ``kind``.

    Raises:
        subprocess.SubprocessError: a step failed; its output is on stderr.
        OSError: the environment cannot be written.
    """
    half_finished = not STAMP.exists() or not PYTHON.exists()
    STAMP.unlink(missing_ok=True)
    install_lock(ENVIRONMENT, BOOTSTRAP_LOCK, LOCKS[kind], create=half_finished)
    uv = uv_pip(ENVIRONMENT)
    options = ("--no-deps", "--no-sources", "--no-build-isolation")
    run(ENVIRONMENT, *uv, "install", *options, "--editable", ROOT)
    # It takes 17 MB and is not used again until the locks change.
    run(ENVIRONMENT, *uv, "uninstall", "pip")
    STAMP.write_text(key(kind))


def main() -> int:
    """Set up the environment if it is out of date; return 3 if a step failed."""
    kind = sys.argv[1]
    if is_complete(kind):
        return 0
    os.chdir(ROOT)
    with alone():
        if is_complete(kind):
            return 0
        print("Setting up .venv …", file=sys.stderr)
        try:
            set_up(kind)
        except (subprocess.SubprocessError, OSError) as error:
            print(failure_text(error), file=sys.stderr)
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
