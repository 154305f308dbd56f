"""Installing from a hashed lock, and installing a working copy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from loadtest import versions
from loadtest.errors import UsageError
from loadtest.gateway.install import READY, constraints_of, install, tree_state
from loadtest.gateway.source import Pinned
from loadtest.gateway.uv import InstallError, run_uv
from loadtest.versions import VersionData

LOCK = """idna==3.10 \\
    --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3
"""
LIES = LOCK.replace("946d", "0000")


def pinned(directory: Path, monkeypatch: pytest.MonkeyPatch, lock: str | None) -> Pinned:
    """A version of our own with a small lock."""
    monkeypatch.setattr(versions, "DIRECTORY", directory)
    if lock is not None:
        (directory / "1.2.3.lock").write_text(lock)
    return Pinned("1.2.3", VersionData(version="1.2.3", python=">=3.11"))


@pytest.mark.parametrize("version", versions.available())
def test_every_version_has_a_hashed_lock_without_addresses(version: str) -> None:
    text = versions.load(version).lock.read_text()
    pins = [line for line in text.splitlines() if line[0].isalnum()]
    assert f"mcp-contextforge-gateway=={version} \\" in pins
    assert all("==" in pin.partition(";")[0] for pin in pins)
    assert all(line.startswith("    --hash=sha256:") for line in text.splitlines() if line not in pins)
    assert "://" not in text


def test_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = pinned(tmp_path, monkeypatch, None)
    with pytest.raises(
        UsageError, match=r"1\.2\.3\.lock: cannot be read .*expected the hashed lock of 1\.2\.3"
    ):
        install(source, tmp_path / "home")


@pytest.mark.real
def test_an_installation_does_not_need_the_link_by_which_it_was_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pinned(tmp_path, monkeypatch, LOCK)
    for name in ("home", "shared"):
        (tmp_path / name).mkdir()
    link = tmp_path / "home" / "gateways"
    link.symlink_to(tmp_path / "shared")
    made = install(source, tmp_path / "home")
    link.unlink()
    assert subprocess.run([made.python, "-c", "import idna"], check=False).returncode == 0


@pytest.mark.real
def test_installed_once_and_again_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pinned(tmp_path, monkeypatch, LOCK)
    first = install(source, tmp_path / "home")
    assert subprocess.run([first.python, "-c", "import idna"], check=False).returncode == 0
    made = (first.directory / READY).stat().st_mtime_ns
    assert install(source, tmp_path / "home") == first
    assert (first.directory / READY).stat().st_mtime_ns == made, "reused"

    (first.directory / READY).unlink()
    (first.directory / "left over").touch()
    assert install(source, tmp_path / "home") == first
    assert not (first.directory / "left over").exists()

    other = pinned(tmp_path, monkeypatch, LOCK + "\n")
    assert install(other, tmp_path / "home").name != first.name


@pytest.mark.real
def test_installed_by_way_of_a_link_it_serves_when_the_link_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pinned(tmp_path, monkeypatch, LOCK)
    (tmp_path / "shared").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "gateways").symlink_to(tmp_path / "shared")
    found = install(source, tmp_path / "home")
    (tmp_path / "home" / "gateways").unlink()
    assert subprocess.run([found.python, "-c", "import idna"], check=False).returncode == 0


@pytest.mark.real
def test_a_hash_that_does_not_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = pinned(tmp_path, monkeypatch, LIES)
    with pytest.raises(InstallError, match=r"(?s)uv pip failed with status .*[Hh]ash"):
        install(source, tmp_path / "home")
    assert not list((tmp_path / "home" / "gateways").glob(f"*/{READY}"))


def test_passwords_of_an_index_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wanted.in").write_text("idna\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:hunter22@127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(InstallError, match=r"uv pip failed with status .*(?s:.*)127\.0\.0\.1:1") as error:
        run_uv(["pip", "compile", "--no-cache", str(tmp_path / "wanted.in")])
    assert "hunter22" not in str(error.value)


def test_pins_without_hashes_and_without_the_gateway() -> None:
    lock = (
        LOCK + 'mcp-contextforge-gateway==1.0.7 \\\n    --hash=sha256:00\nmcp==1.0 ; sys_platform != "x" \\\n'
    )
    assert constraints_of(lock) == 'idna==3.10\nmcp==1.0 ; sys_platform != "x"\n'


def test_a_tree_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    package = tmp_path / "mcpgateway"
    (package / "__pycache__").mkdir(parents=True)
    (package / "main.py").write_text("a")
    states = [tree_state(tmp_path)]
    (package / "__pycache__" / "main.pyc").write_text("x")
    (tmp_path / "README.md").write_text("x")
    assert tree_state(tmp_path) == states[0]
    (package / "main.py").write_text("ab")
    states.append(tree_state(tmp_path))
    (package / "main.py").rename(package / "other.py")
    states.append(tree_state(tmp_path))
    os.utime(package / "other.py", ns=(1, 1))
    states.append(tree_state(tmp_path))
    assert len(set(states)) == 4
