"""Installing from a hashed lock, and installing a working copy."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from processes import gone

import loadtest
from loadtest.core.errors import UsageError
from loadtest.gateway.install import installation, integrity
from loadtest.gateway.install.installation import READY, constraints_of, install
from loadtest.gateway.install.source import Pinned
from loadtest.gateway.install.uv import InstallError, run_uv, uv_environment
from loadtest.gateway.process.commands import Finished
from loadtest.packages.locked import uv_pip
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

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
@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "edited, and with it uv's cache"])
def test_installed_again_after_a_file_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    for module in (integrity, installation):
        monkeypatch.setattr(module, "PACKAGE", "idna")
    source = pinned(tmp_path, monkeypatch, LOCK)
    first = install(source, tmp_path / "home")
    assert first.notes == ()
    (core,) = first.directory.glob("lib/python3*/site-packages/idna/core.py")
    whole = core.read_text()
    if not in_place:
        core.unlink()
    core.write_text(whole + "def encode(*_): return 'changed'\n")
    again = install(source, tmp_path / "home")
    assert core.read_text() == whole
    assert again.notes == (f"gateway 1.2.3 {integrity.reinstalled(('idna/core.py',))}",)
    assert install(source, tmp_path / "home").notes == ()


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
    with pytest.raises(InstallError) as error:
        install(source, tmp_path / "home")
    log = tmp_path / "home" / "install.log"
    assert str(error.value) == (
        "gateway 1.2.3 could not be installed: Hash mismatch for `idna==3.10`; the index serves another file than "
        f"the one that was locked: check the index and its mirrors (see {log})"
    )
    assert "$ uv pip sync" in log.read_text()
    assert "Computed:" in log.read_text()
    assert not list((tmp_path / "home" / "gateways").glob(f"*/{READY}"))


def test_passwords_of_an_index_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wanted.in").write_text("idna\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:hunter22@127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    log = tmp_path / "install.log"
    with pytest.raises(InstallError, match=r"Failed to fetch.*127\.0\.0\.1:1.*: Connection refused") as error:
        run_uv(["pip", "compile", "--no-cache", "--verbose", str(tmp_path / "wanted.in")], log=log)
    assert "hunter22" not in str(error.value) + log.read_text()
    assert "127.0.0.1:1" in log.read_text()


def test_pins_without_hashes_and_without_the_gateway() -> None:
    lock = (
        LOCK + 'mcp-contextforge-gateway==3.0.7 \\\n    --hash=sha256:00\nmcp==1.0 ; sys_platform != "x" \\\n'
    )
    assert constraints_of(lock) == 'idna==3.10\nmcp==1.0 ; sys_platform != "x"\n'


def test_a_call_that_does_not_end_is_stopped_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child"
    script = tmp_path / "uv"
    script.write_text(f"#!/bin/sh\n/bin/sleep 60 &\necho $! > {child}\nwait\n")
    script.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(script))
    with pytest.raises(InstallError, match=r"^uv pip did not end within 0\.5 s and was stopped$"):
        run_uv(["pip", "sync"], time_limit=0.5)
    pid = int(child.read_text())
    assert gone(pid)


def test_a_directory_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(InstallError) as error:
        install(pinned(tmp_path, monkeypatch, LOCK), tmp_path / "home")
    assert str(error.value) == (
        f"gateway 1.2.3 could not be installed: {tmp_path}/home/gateways: Not a directory"
    )


SURROUNDINGS = {
    "pyproject.toml": '[tool.uv]\nexclude-newer = "2000-01-01"\nrequired-version = ">=99"\n',
    "uv.toml": 'exclude-newer = "2000-01-01"\nno-index = true\n',
    ".python-version": "3.6\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/simple\n",
    "setup.cfg": "[easy_install]\nindex_url = http://127.0.0.1:1/simple\n",
}


@pytest.mark.real
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_settings_of_the_surrounding_project_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project = tmp_path / "project"
    (project / "below").mkdir(parents=True)
    (project / name).write_text(SURROUNDINGS[name])
    source = pinned(tmp_path, monkeypatch, LOCK)
    monkeypatch.chdir(project / "below")
    made = install(source, project / "below" / ".loadtest")
    assert subprocess.run([made.python, "-c", "import idna"], check=False).returncode == 0


def test_settings_of_the_user_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wanted.in").write_text("idna\n")
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text('find-links = ["/nowhere/at/all"]\nno-index = true\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(InstallError, match=r"/nowhere/at/all"):
        run_uv(["pip", "compile", str(tmp_path / "wanted.in")])


def test_relative_paths_in_variables_of_the_user_keep_their_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wanted.in").write_text("idna\n")
    (tmp_path / "own.toml").write_text("no-index = true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_CONFIG_FILE", "own.toml")
    with pytest.raises(InstallError, match=r"idna was not found in the provided package locations"):
        run_uv(["pip", "compile", "wanted.in"])


@pytest.mark.parametrize("home", ["missing", "read-only"])
def test_caches_go_to_our_home_where_that_of_the_user_cannot_be_written_to(tmp_path: Path, home: str) -> None:
    directory = tmp_path / home
    if home == "read-only":
        directory.mkdir(mode=0o500)
    environ = {"HOME": str(directory), "LOADTEST_HOME": str(tmp_path / "ours")}
    variables = uv_environment(environ)
    if os.geteuid() or home == "missing":
        assert variables["UV_CACHE_DIR"] == str(tmp_path / "ours" / "cache" / "uv")
        assert variables["UV_PYTHON_INSTALL_DIR"] == str(tmp_path / "ours" / "share" / "uv")
    given = uv_environment(environ | {"UV_CACHE_DIR": "/given"})
    assert given["UV_CACHE_DIR"] == "/given"


def test_uv_is_run_with_caches_in_our_home_where_the_user_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "uv"
    script.write_text("#!/bin/sh\nenv\n")
    script.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(script))
    for name in ("UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    monkeypatch.setenv("LOADTEST_HOME", str(tmp_path / "ours"))
    shown = run_uv(["pip", "sync"]).splitlines()
    assert f"UV_CACHE_DIR={tmp_path}/ours/cache/uv" in shown
    assert f"UV_PYTHON_INSTALL_DIR={tmp_path}/ours/share/uv" in shown
    assert not (tmp_path / "missing").exists()


def test_variables_that_name_another_environment_are_not_passed_on(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "UV_DEFAULT_INDEX": "https://index.example/simple",
        "HTTPS_PROXY": "http://proxy.example",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_PYTHON": "3.6",
        "UV_PROJECT": "/elsewhere",
        "UV_OVERRIDE": "other.txt",
        "VIRTUAL_ENV": "/elsewhere",
        "CONDA_PREFIX": "/elsewhere",
        "PYTHONPATH": "/elsewhere",
        "PYTHONHOME": "/elsewhere",
        "PYENV_VERSION": "3.6.15",
    }
    assert set(uv_environment(environ)) == {"HOME", "UV_DEFAULT_INDEX", "HTTPS_PROXY", "SSL_CERT_FILE"}


@pytest.mark.real
def test_an_environment_whose_python_is_gone_or_does_not_fit_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pinned(tmp_path, monkeypatch, LOCK)
    first = install(source, tmp_path / "home")
    first.python.unlink()
    first.python.symlink_to("/nowhere/python3")
    assert install(source, tmp_path / "home") == first
    assert subprocess.run([first.python, "-c", "import idna"], check=False).returncode == 0
    assert first.name.startswith("1.2.3-")


def test_uv_is_given_no_project_in_this_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``uvx`` installs the package in the cache of uv, which refuses a project there."""
    commands: list[Sequence[str]] = []

    def run_command(command: Sequence[str], **_: object) -> Finished:
        commands.append(command)
        return Finished("", "")

    monkeypatch.setattr("loadtest.gateway.install.uv.run_command", run_command)
    run_uv(["pip", "list"])
    (option,) = (word for word in commands[0] if word.startswith("--project="))
    project = Path(option.removeprefix("--project="))
    for used in (project, *(Path(str(word).removeprefix("--project=")) for word in uv_pip(tmp_path))):
        assert Path(loadtest.__file__).parent not in used.parents
