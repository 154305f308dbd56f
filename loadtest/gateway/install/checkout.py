"""Build a checkout of the gateway into a wheel, as for a release.

The build uses a copy of the checkout: build tools write to the tree they build, and reuse stale files in it.
"""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadtest.gateway.install.uv import TIME_LIMIT, InstallerError, InstallError, run_uv, uv_environment

SWITCH = "BUILD_UI_ASSETS"
"""The variable that makes the gateway's build hook build the scripts and styles of its pages."""

INTERFACE_TIMEOUT = 600.0
"""Seconds for a build with the user interface; npm may have to wait for a registry."""

SCRIPTS = r"mcpgateway/static/bundle-[^/]*\.js"
"""Path in a wheel of the built scripts of its pages."""

NOT_BUILT = "the user interface of the checkout was not built"
"""Start of the note about it."""

NOT_COPIED = frozenset({".git", "node_modules", "build", "dist", "__pycache__"})

SOURCES = (".cfg", ".cjs", ".in", ".js", ".json", ".mjs", ".py", ".toml", ".ts")
"""Suffixes of the files at the top of a checkout that affect the build."""


@dataclass(frozen=True)
class Wheel:
    """The built wheel of a checkout."""

    path: Path
    notes: tuple[str, ...]
    """Notes on the build for the reports."""


def build_wheel(directory: Path, into: Path, *, python: Path, log: Path, spare: Path) -> Wheel:
    """Build the checkout ``directory`` into a wheel in the directory ``into``, with ``python``.

    ``spare`` is LOADTEST_HOME, which is not copied. The user interface is built if npm is installed and the checkout
    has a switch for it; if that fails, the wheel is built without it, and a note has the reason.

    Raises:
        InstallError: it cannot be built.
        OSError: it cannot be copied.
    """

    def built(extra: Mapping[str, str], time_limit: float) -> Path:
        with tempfile.TemporaryDirectory(dir=into) as temporary:
            copy = Path(temporary, "source")
            copy_tree(directory, copy, spare)
            out = into / "wheels"
            shutil.rmtree(out, ignore_errors=True)
            arguments = ["build", "--wheel", "--no-sources", "--python", str(python), "--out-dir", str(out)]
            run_uv([*arguments, str(copy)], extra=extra, log=log, time_limit=time_limit)
            return next(out.glob("*.whl"))

    why = ""
    if has_switch(directory):
        if has_npm():
            try:
                return Wheel(built({SWITCH: "true", **_npm_settings(into)}, INTERFACE_TIMEOUT), ())
            except InstallerError as error:
                why = error.diagnosis.what
            except InstallError as error:
                why = str(error)
        else:
            why = "npm is not installed"
    wheel = built({SWITCH: ""}, TIME_LIMIT)
    return Wheel(wheel, (interface_note(wheel, why),) if why else ())


def interface_note(wheel: Path, why: str) -> str:
    """Return the note on a ``wheel`` whose user interface was not built; ``why`` is the reason."""
    with zipfile.ZipFile(wheel) as archive:
        old = any(re.fullmatch(SCRIPTS, name) for name in archive.namelist())
    effect = "its pages have the scripts found in the tree" if old else "its pages have no scripts"
    return f"{NOT_BUILT}, so {effect}: {why}"


def has_switch(directory: Path) -> bool:
    """Return whether the checkout has a build hook for the user interface."""
    hooks = (directory / "setup.py", *(directory / "mcpgateway" / "tools" / "builder").glob("*.py"))
    return (directory / "package.json").is_file() and any(
        SWITCH in hook.read_text(encoding="utf-8", errors="replace") for hook in hooks if hook.is_file()
    )


def has_npm() -> bool:
    """Return whether ``npm`` and ``node`` are on the PATH."""
    path = uv_environment().get("PATH", "")
    return all(shutil.which(program, path=path) for program in ("npm", "node"))


def _npm_settings(into: Path) -> dict[str, str]:
    """Return variables that make npm install what the build needs, and nothing else."""
    settings = {f"npm_config_{name}": "false" for name in ("audit", "fund", "update_notifier")}
    settings["npm_config_include"] = "dev"
    # Also if NODE_ENV is production.
    if "UV_CACHE_DIR" in uv_environment():
        # npm's cache is in HOME, which is not usable if uv needs another directory.
        settings["npm_config_cache"] = str(into / "npm")
    return settings


def copy_tree(directory: Path, copy: Path, spare: Path) -> None:
    """Copy the source files of a checkout: no environments, caches, built files or sockets.

    Raises:
        OSError: a file cannot be read or written.
    """
    shutil.copytree(directory, copy, ignore=_ignored(spare.resolve()), symlinks=True)


def _ignored(spare: Path) -> Callable[[str, list[str]], set[str]]:
    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_COPIED or _is_no_source(Path(folder, name), spare)}

    return ignored


def _is_no_source(path: Path, spare: Path) -> bool:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        # Virtual environments and caches are marked by a file.
        marked = any(
            (path / mark).is_file() for mark in ("pyvenv.cfg", "CACHEDIR.TAG", ".contextforge-loadtest")
        )
        return marked or path.suffix == ".egg-info" or path.resolve() == spare
    return path.suffix == ".db" or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))


def tree_state(directory: Path) -> Iterator[str]:
    """Yield a line for each file that affects the build of the checkout: name, size, time of change."""
    top = (path for path in directory.iterdir() if path.suffix in SOURCES or path.name == ".npmrc")
    for path in [*sorted(top), *sorted((directory / "mcpgateway").rglob("*"))]:
        if "__pycache__" not in path.parts and path.is_file():
            status = path.stat()
            yield f"{path.relative_to(directory)} {status.st_size} {status.st_mtime_ns}"
