"""The default gateway is the newest known version that this machine has a Python for; reports contain the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from supported import NEWEST

from loadtest.gateway.install import default, interpreters
from loadtest.gateway.install.default import newest_runnable
from loadtest.gateway.install.interpreters import NoInterpreterError
from loadtest.gateway.install.source import Pinned, parse_source
from loadtest.gateway.install.uv import InstallError
from loadtest.versions import data as versions

NEXT = "9.9.9"
KNOWN = "9.9.8"


@pytest.fixture
def absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version data whose newest version needs a Python that no machine has; returns LOADTEST_HOME."""
    folder = tmp_path / "versions"
    shutil.copytree(versions.DIRECTORY, folder)
    (folder / f"{NEXT}.toml").write_text(f'version = "{NEXT}"\npython = ">=3.38,<3.40"\n')
    known = versions.load(NEWEST).python
    text = (folder / f"{NEWEST}.toml").read_text().replace(f'"{NEWEST}"', f'"{KNOWN}"', 1)
    (folder / f"{KNOWN}.toml").write_text(text.replace(f'python = "{known}"', 'python = ">=3.11"'))
    monkeypatch.setattr(versions, "DIRECTORY", folder)
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return tmp_path / "home"


def test_the_newest_that_there_is_a_python_for(absent: Path) -> None:
    data, notes = newest_runnable(absent)
    assert data.version == KNOWN
    assert notes == (
        (
            "gateway 9.9.9 needs Python >=3.38,<3.40, which this machine does not have, and UV_PYTHON_DOWNLOADS=never "
            "keeps uv from downloading it; using 9.9.8"
        ),
    )
    assert parse_source("", absent) == Pinned(KNOWN, data, notes)
    named = parse_source(NEXT, absent)
    assert isinstance(named, Pinned)
    assert named.notes == (), "what is named is taken, and fails when it is installed"


def test_the_newest_needs_no_note(absent: Path) -> None:
    (versions.DIRECTORY / f"{NEXT}.toml").unlink()
    data, notes = newest_runnable(absent)
    assert (data.version, notes) == (KNOWN, ())


def test_no_python_for_any_version(absent: Path) -> None:
    for path in versions.DIRECTORY.glob("*.toml"):
        path.write_text(f'version = "{path.stem}"\npython = ">=3.38"\n')
    data, notes = newest_runnable(absent)
    assert (data.version, notes) == (NEXT, ())


def test_a_download_that_failed_is_not_tried_at_each_start(
    absent: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempts = []

    def fail(wanted: object) -> None:
        attempts.append(wanted)
        raise InstallError("no network")

    monkeypatch.delenv("UV_PYTHON_DOWNLOADS")
    monkeypatch.setattr(interpreters, "_download", fail)
    _, first = newest_runnable(absent)
    assert first == (
        (
            "gateway 9.9.9 needs Python >=3.38,<3.40, which this machine does not have, and uv could not download it "
            "(no network); using 9.9.8"
        ),
    )
    assert "downloading it with uv" in capsys.readouterr().err
    _, second = newest_runnable(absent)
    assert "and uv could not download it (no network) 0 minutes ago; using 9.9.8" in second[0]
    assert len(attempts) == 1
    monkeypatch.setattr(default, "RETRY_AFTER", 0.0)
    newest_runnable(absent)
    assert len(attempts) == 2

    (absent / default.FAILED).write_text("half a fi")
    newest_runnable(absent)
    assert len(attempts) == 3
    with pytest.raises(NoInterpreterError):
        interpreters.find(">=3.38,<3.40")
    assert len(attempts) == 4, "a version that is named is always tried"
