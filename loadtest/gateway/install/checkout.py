"""Building a working copy of the gateway into a wheel, as it is built for those who install a release.

It is built from a copy: build tools leave files in the tree that they build, and take stale ones from it.
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
"""The variable by which the gateway's own build hook is asked to build the scripts and styles of its pages."""

INTERFACE_TIME = 600.0
"""Seconds that a build with the user interface may take; npm may have a registry to wait for."""

SCRIPTS = r"mcpgateway/static/bundle-[^/]*\.js"
"""Where a wheel holds the scripts of its pages, if they have been built."""

NOT_BUILT = "the user interface of the checkout was not built"
"""What a note on it begins with."""

NOT_COPIED = frozenset({".git", "node_modules", "build", "dist", "__pycache__"})

SOURCES = (".cfg", ".cjs", ".in", ".js", ".json", ".mjs", ".py", ".toml", ".ts")
"""Kinds of files at the top of a checkout that say how it is built."""


@dataclass(frozen=True)
class Wheel:
    """What was built of a working copy."""

    path: Path
    notes: tuple[str, ...]
    """What a reader of the run should know about how."""


def build_wheel(directory: Path, into: Path, *, python: Path, log: Path, spare: Path) -> Wheel:
    """Build the working copy ``directory`` into a wheel in the directory ``into``, with ``python``.

    ``spare`` is LOADTEST_HOME, which is no part of it. The user interface is built if npm is there and the checkout
    has a switch for it; if that fails, the wheel is built without, and a note says why.

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
        if npm_is_there():
            try:
                return Wheel(built({SWITCH: "true", **_npm_settings(into)}, INTERFACE_TIME), ())
            except InstallerError as error:
                why = error.diagnosis.what
            except InstallError as error:
                why = str(error)
        else:
            why = "npm is not installed"
    wheel = built({SWITCH: ""}, TIME_LIMIT)
    return Wheel(wheel, (interface_note(wheel, why),) if why else ())


def interface_note(wheel: Path, why: str) -> str:
    """Return what to know of a ``wheel`` whose user interface was not built, and ``why`` it was not."""
    with zipfile.ZipFile(wheel) as archive:
        old = any(re.fullmatch(SCRIPTS, name) for name in archive.namelist())
    effect = "its pages have the scripts that lay in the tree" if old else "its pages have no scripts"
    return f"{NOT_BUILT}, so {effect}: {why}"


def has_switch(directory: Path) -> bool:
    """Say whether the checkout has a build hook that builds its user interface when asked to."""
    hooks = (directory / "setup.py", *(directory / "mcpgateway" / "tools" / "builder").glob("*.py"))
    return (directory / "package.json").is_file() and any(
        SWITCH in hook.read_text(encoding="utf-8", errors="replace") for hook in hooks if hook.is_file()
    )


def npm_is_there() -> bool:
    """Say whether ``npm`` and the ``node`` that it runs on are on the PATH."""
    path = uv_environment().get("PATH", "")
    return all(shutil.which(program, path=path) for program in ("npm", "node"))


def _npm_settings(into: Path) -> dict[str, str]:
    """Return variables that let npm install all it needs to build, and nothing else."""
    settings = {f"npm_config_{name}": "false" for name in ("audit", "fund", "update_notifier")}
    settings["npm_config_include"] = "dev"  # Also where NODE_ENV says production.
    if "UV_CACHE_DIR" in uv_environment():
        # npm keeps its cache below HOME; where uv is sent elsewhere for want of one, npm has none, either.
        settings["npm_config_cache"] = str(into / "npm")
    return settings


def copy_tree(directory: Path, copy: Path, spare: Path) -> None:
    """Copy the files that a working copy is built from: no environments, caches, built files or sockets.

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
        # Virtual environments and caches of tools say by a file what they are.
        marked = any(
            (path / mark).is_file() for mark in ("pyvenv.cfg", "CACHEDIR.TAG", ".contextforge-loadtest")
        )
        return marked or path.suffix == ".egg-info" or path.resolve() == spare
    return path.suffix == ".db" or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))


def tree_state(directory: Path) -> Iterator[str]:
    """Yield a line for each file that decides what is built of the working copy: name, size, time of change."""
    top = (path for path in directory.iterdir() if path.suffix in SOURCES or path.name == ".npmrc")
    for path in [*sorted(top), *sorted((directory / "mcpgateway").rglob("*"))]:
        if "__pycache__" not in path.parts and path.is_file():
            status = path.stat()
            yield f"{path.relative_to(directory)} {status.st_size} {status.st_mtime_ns}"
