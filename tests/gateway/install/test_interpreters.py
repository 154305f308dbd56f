"""A Python that fits is found wherever it is kept; one that does not run, or does not fit, is passed over."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.gateway.install import interpreters
from loadtest.gateway.install.interpreters import (
    NoInterpreterError,
    downloads_refused,
    find,
    in_words,
    probe,
    specifier,
)
from loadtest.gateway.install.uv import InstallError

ABSENT = ">=3.28"
"""What no machine has, so that only what a test makes can be found."""


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any Python but ours: an empty HOME, and a PATH with nothing on it."""
    for name in (
        *("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR"),
        *("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY", "UV_PYTHON_PREFERENCE", "UV_NO_MANAGED_PYTHON"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


def fake(path: Path, version: str, **other: object) -> Path:
    """Make an executable that answers as a Python of ``version`` does."""
    answer = {
        "implementation": "cpython",
        "version": version,
        "executable": str(path),
        "free_threaded": False,
        **other,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    path.chmod(0o755)
    return path


def shim(path: Path) -> Path:
    """Make what pyenv puts on the PATH for a version that is not selected."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'pyenv: {path.name}: command not found' >&2\nexit 127\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("place", "variable", "value"),
    [
        ("bin/python3", "PATH", "bin"),
        ("bin/python3.28", "PATH", "bin"),
        ("bin/python3.28", "PATH", "nowhere:shims:bin"),
        ("home/.pyenv/versions/3.28.2/bin/python3.28", "PATH", "home/.pyenv/shims"),
        ("home/.asdf/installs/python/3.28.2/bin/python3.28", "", ""),
        ("data/installs/python/3.28.2/bin/python3.28", "ASDF_DATA_DIR", "data"),
        ("home/.local/share/mise/installs/python/3.28.2/bin/python3.28", "", ""),
        ("data/mise/installs/python/3.28.2/bin/python3.28", "XDG_DATA_HOME", "data"),
        ("data/installs/python/3.28.2/bin/python3.28", "MISE_DATA_DIR", "data"),
        ("tools/Python/3.28.2/x64/bin/python3.28", "RUNNER_TOOL_CACHE", "tools"),
        ("tools/Python/3.28.2/arm64/bin/python3.28", "AGENT_TOOLSDIRECTORY", "tools"),
        ("home/.local/share/uv/python/cpython-3.28.2-linux-x86_64-gnu/bin/python3.28", "", ""),
        ("own/cpython-3.28.2-macos-aarch64-none/bin/python3.28", "UV_PYTHON_INSTALL_DIR", "own"),
    ],
)
def test_where_a_python_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, variable: str, value: str
) -> None:
    made = fake(tmp_path / place, "3.28.2")
    if variable:
        monkeypatch.setenv(variable, ":".join(str(tmp_path / part) for part in value.split(":")))
    found = find(ABSENT)
    assert (found.path, found.version, found.key) == (made, "3.28.2", "cpython-3.28")


def test_pyenv_is_used_if_its_command_or_its_shims_are_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    made = fake(tmp_path / "pyenv" / "versions" / "3.28.2" / "bin" / "python3.28", "3.28.2")
    with pytest.raises(NoInterpreterError):
        find(ABSENT)
    fake(tmp_path / "bin" / "pyenv", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find(ABSENT).path == made


def test_shims_are_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims = tmp_path / "home" / ".pyenv" / "shims"
    shim(shims / "python3.28")
    fake(shims / "python3", "3.28.0")  # It would respond, as set by a file in the working directory.
    monkeypatch.setenv("PATH", f"{shims}:{tmp_path / 'bin'}")
    with pytest.raises(NoInterpreterError):
        find(ABSENT)
    made = fake(tmp_path / "bin" / "python3.28", "3.28.4")
    assert find(ABSENT).path == made


@pytest.mark.parametrize(
    "answer",
    [
        {"implementation": "pypy"},
        {"free_threaded": True},
        {"version": "3.28.0rc1"},
        {"version": "3.11.4"},
    ],
)
def test_what_does_not_fit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
) -> None:
    fake(tmp_path / "first" / "python3.28", **({"version": "3.28.1"} | answer))  # type: ignore[arg-type]
    shim(tmp_path / "second" / "python3.28")
    fits = fake(tmp_path / "third" / "python3.28", "3.28.1")
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("first", "second", "third")))
    assert find(ABSENT).path == fits


def test_the_oldest_minor_version_and_of_that_the_newest_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "home" / ".pyenv" / "shims"))
    for version in ("3.29.0", "3.28.2", "3.28.10", "3.27.1"):
        minor = version.rpartition(".")[0]
        fake(tmp_path / "home" / ".pyenv" / "versions" / version / "bin" / f"python{minor}", version)
    assert find(ABSENT).version == "3.28.10"


def test_the_python_that_runs_the_load_test_is_preferred() -> None:
    found = find(">=3.11")
    assert found.version == sys.version.split()[0]
    assert found == probe(Path(sys.executable))
    assert found.path.resolve() == Path(sys.executable).resolve()


@pytest.mark.parametrize("path", ["/nowhere/python", "/bin/false", "/bin/echo", "/"])
def test_what_is_no_python(path: str) -> None:
    assert probe(Path(path)) is None


def test_none_that_fits_names_the_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoInterpreterError) as error:
        find(">=3.28,<3.30", who="gateway 9.9")
    assert str(error.value) == (
        "gateway 9.9 needs Python >=3.28,<3.30, which this machine does not have, and UV_PYTHON_DOWNLOADS=never "
        "keeps uv from downloading it: install Python 3.28 or 3.29, so that it is on the PATH"
    )


def test_the_error_of_a_failed_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(arguments: list[str], **_: object) -> str:
        if arguments[:2] == ["python", "dir"]:
            return "/nowhere\n"
        assert arguments == ["python", "install", "--no-bin", "<3.30,==3.28.*,>=3.28"]
        raise InstallError("no network")

    monkeypatch.delenv("UV_PYTHON_DOWNLOADS")
    monkeypatch.setattr(interpreters, "run_uv", refuse)
    with pytest.raises(
        NoInterpreterError, match=r"uv could not download it \(no network\): install Python 3\.28"
    ):
        find(">=3.28,<3.30")
    with pytest.raises(NoInterpreterError, match="does not have: install"):
        find(">=3.28,<3.30", download=False)


def test_what_uv_downloaded_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(arguments: list[str], **_: object) -> str:
        if arguments[:2] == ["python", "install"]:
            fake(tmp_path / "cpython-3.28.3-linux-x86_64-gnu" / "bin" / "python3.28", "3.28.3")
        return str(tmp_path)

    monkeypatch.delenv("UV_PYTHON_DOWNLOADS")
    monkeypatch.setattr(interpreters, "run_uv", install)
    assert find(ABSENT).version == "3.28.3"


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        (">=3.12,<3.14", "3.12 or 3.13"),
        (">=3.11,<3.14", "3.11, 3.12 or 3.13"),
        ("==3.12.*", "3.12"),
        ("~=3.12.4", "3.12"),
        (">=3.12", "3.12 or newer"),
        ("==2.7.18", "==2.7.18"),
    ],
)
def test_which_versions_in_words(requires: str, words: str) -> None:
    assert in_words(specifier(requires)) == words


def test_what_is_no_specifier() -> None:
    with pytest.raises(
        UsageError, match=r"^requires-python is 'three', expected a specifier such as >=3\.12"
    ):
        specifier("three")


@pytest.mark.parametrize(
    ("environ", "refusal"),
    [
        ({}, None),
        ({"UV_PYTHON_DOWNLOADS": "automatic"}, None),
        ({"UV_PYTHON_DOWNLOADS": "never"}, "UV_PYTHON_DOWNLOADS=never"),
        ({"UV_PYTHON_DOWNLOADS": "manual"}, "UV_PYTHON_DOWNLOADS=manual"),
        ({"UV_NO_MANAGED_PYTHON": "1"}, "UV_NO_MANAGED_PYTHON=1"),
        ({"UV_PYTHON_PREFERENCE": "only-system"}, "UV_PYTHON_PREFERENCE=only-system"),
        ({"UV_OFFLINE": "true"}, "UV_OFFLINE=true"),
    ],
)
def test_what_keeps_uv_from_downloading(environ: dict[str, str], refusal: str | None) -> None:
    assert downloads_refused(environ) == refusal
