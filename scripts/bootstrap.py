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
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / ".contextforge-loadtest"
BOOTSTRAP_LOCK = ROOT / "requirements" / "bootstrap.lock"
LOCKS = {name: ROOT / "requirements" / f"{name}.lock" for name in ("runtime", "base", "dev")}
"""By argument; each contains the packages of the one before it."""
ISOLATION = ROOT / "loadtest" / "gateway" / "install" / "isolation"
"""The project passed to uv, so that it reads no settings of a project around this checkout."""
REDIRECTIONS = {
    *("CONDA_DEFAULT_ENV", "CONDA_PREFIX", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER"),
    *("UV_CONSTRAINT", "UV_EXCLUDE", "UV_OVERRIDE", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"),
    *(
        "UV_REQUIRE_HASHES",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "__PYVENV_LAUNCHER__",
    ),
}
"""Variables that select another environment, project or set of packages than ``.venv`` and the locks."""
TIME_LIMIT = 900
"""Seconds per step."""
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


def environment() -> dict[str, str]:
    """Return the environment variables for the installers: the user's, without :data:`REDIRECTIONS`.

    If the user's cache directory is not writable, caches are kept in ``.venv``. If the home directory does not exist, a
    directory in ``.venv`` replaces it, because programs that the installers start would create it.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in REDIRECTIONS and not name.startswith("PYTHON")
    }
    home = Path(os.environ.get("HOME") or "/nonexistent")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    # A missing home directory is not created, even if that were possible.
    existing = next((path for path in (cache, cache.parent) if path.is_dir()), None)
    if existing is None or not os.access(existing, os.W_OK | os.X_OK):
        variables.setdefault("UV_CACHE_DIR", str(ENVIRONMENT / "cache" / "uv"))
        variables.setdefault("PIP_CACHE_DIR", str(ENVIRONMENT / "cache" / "pip"))
    if not home.is_dir():
        variables["HOME"] = str(ENVIRONMENT / "cache" / "home")
    return {**variables, "VIRTUAL_ENV": str(ENVIRONMENT)}


def run(*command: str | Path) -> None:
    """Run one step; only its stderr is shown.

    Raises:
        subprocess.SubprocessError: the step failed or timed out.
    """
    subprocess.run(
        command, check=True, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, timeout=TIME_LIMIT
    )


def set_up(kind: str) -> None:
    """Update the environment to the lock of ``kind``.

    Raises:
        subprocess.SubprocessError: a step failed; its output is on stderr.
    """
    half_finished = not STAMP.exists() or not PYTHON.exists()
    STAMP.unlink(missing_ok=True)
    if half_finished:
        venv.EnvBuilder(clear=True, symlinks=True).create(ENVIRONMENT)
    run(PYTHON, "-m", "ensurepip", "--default-pip")
    pip = (PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    uv = (PYTHON, "-m", "uv", "--quiet", f"--project={ISOLATION}", "pip")
    run(*pip, "install", "--require-hashes", "--requirement", BOOTSTRAP_LOCK)
    run(*uv, "sync", "--require-hashes", LOCKS[kind])
    run(*uv, "install", "--no-deps", "--no-sources", "--no-build-isolation", "--editable", ROOT)
    # It takes 17 MB and is not used again until the locks change.
    run(*uv, "uninstall", "pip")
    STAMP.write_text(key(kind))


def main() -> int:
    """Set up the environment if it is out of date; return 3 if a step failed."""
    kind = sys.argv[1]
    if is_complete(kind):
        return 0
    with alone():
        if is_complete(kind):
            return 0
        print("Setting up .venv …", file=sys.stderr)
        try:
            set_up(kind)
        except subprocess.CalledProcessError as error:
            step = " ".join(Path(part).name for part in map(str, error.cmd))
            print(f"set-up failed (exit {error.returncode}): {step}", file=sys.stderr)
            return 3
        except subprocess.TimeoutExpired as error:
            print(
                f"set-up failed: {Path(error.cmd[0]).name} did not end within {TIME_LIMIT} s", file=sys.stderr
            )
            return 3
        except OSError as error:
            print(f"set-up failed: {error}", file=sys.stderr)
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
