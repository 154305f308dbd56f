"""The set-up creates an environment, does nothing if it is up to date, and repairs an incomplete one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("Makefile", "LICENSE", "README.md", "pyproject.toml", "requirements", "scripts", "loadtest")


def set_up(checkout: Path, kind: str = "dev", **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", checkout / "scripts" / "bootstrap.sh", kind],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copied(tmp_path)


def copied(target: Path) -> Path:
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    return target


def works(checkout: Path) -> bool:
    python = checkout / ".venv" / "bin" / "python"
    shown = subprocess.run(
        [python, "-c", "import loadtest, locust, pytest; print(loadtest.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() == str(checkout / "loadtest" / "__init__.py")


@pytest.mark.parametrize("name", ["missing/python", "/bin/false"])
def test_a_python_that_does_not_work_is_reported(checkout: Path, tmp_path: Path, name: str) -> None:
    python = str(tmp_path / name)
    done = set_up(checkout, PYTHON=python)
    assert done.returncode == 2
    assert not (tmp_path / "missing").exists()
    assert done.stderr == f"PYTHON={python}: not a working Python, expected 3.11 or newer\n"
    assert not (checkout / ".venv").exists()


SHIM = Path(__file__).with_name("version_shim.sh")


@pytest.fixture
def surrounded(tmp_path: Path) -> Path:
    """A checkout whose set-up only prints the version of its Python, in a project that requires a missing Python."""
    (tmp_path / ".python-version").write_text("3.99.0\n")
    checkout = tmp_path / "ours"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "bootstrap.sh", checkout / "scripts")
    (checkout / "scripts" / "bootstrap.py").write_text("import sys; print(sys.version)\n")
    return checkout


def tools(directory: Path, **programs: str) -> str:
    """Return a PATH with these shell scripts and little else."""
    directory.mkdir()
    dirname = shutil.which("dirname")
    assert dirname
    (directory / "dirname").symlink_to(dirname)
    for name, text in programs.items():
        program(directory / name, text)
    return str(directory)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("python", ["", "python3"])
@pytest.mark.parametrize("directory", ["", "{project}"])
def test_a_shim_does_not_follow_the_surrounding_project(
    surrounded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str, directory: str
) -> None:
    monkeypatch.chdir(surrounded)
    path = tools(tmp_path / "tools", python3=SHIM.read_text())
    done = set_up(
        surrounded,
        PATH=path,
        PYTHON=python,
        PYENV_ROOT=str(tmp_path / "none"),
        PYENV_DIR=directory.format(project=tmp_path),
        SELECTED_PYTHON=sys.executable,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{sys.version}\n", "")


def test_a_relative_path_to_a_python_starts_at_the_working_directory(
    surrounded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program(tmp_path / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    done = set_up(surrounded, PYTHON="./python")
    assert (done.returncode, done.stdout) == (0, f"{sys.version}\n")


def test_a_python_of_pyenv_that_is_not_selected_is_found(surrounded: Path, tmp_path: Path) -> None:
    for version, runs in (("3.9.18", "exit 1"), ("3.12.1", f'exec {sys.executable} "$@"')):
        binaries = tmp_path / "pyenv" / "versions" / version / "bin"
        binaries.mkdir(parents=True)
        program(binaries / "python3", f"#!/bin/sh\n{runs}\n")
    path = tools(tmp_path / "tools", python3="#!/bin/sh\nexit 127\n")
    done = set_up(surrounded, PATH=path, PYTHON="", PYENV_ROOT=str(tmp_path / "pyenv"))
    assert (done.returncode, done.stdout) == (0, f"{sys.version}\n")


def test_without_a_python_the_requirement_is_reported(checkout: Path, tmp_path: Path) -> None:
    done = set_up(checkout, PATH=tools(tmp_path / "tools"), PYTHON="", PYENV_ROOT=str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stderr == ("no Python found on PATH, expected 3.11 or newer; set PYTHON=/path/to/python\n")


@pytest.mark.nightly
@pytest.mark.real
def test_it_is_created_once_and_repaired(checkout: Path) -> None:
    first = set_up(checkout)
    assert first.returncode == 0, first.stderr
    assert first.stderr == "Setting up .venv …\n"
    assert works(checkout)

    again = set_up(checkout)
    assert (again.returncode, again.stderr) == (0, "")

    # The state after a set-up that was killed.
    (checkout / ".venv" / ".contextforge-loadtest").unlink()
    shutil.rmtree(next((checkout / ".venv" / "lib").glob("python*")) / "site-packages" / "locust")
    assert not works(checkout)
    repaired = set_up(checkout)
    assert repaired.returncode == 0, repaired.stderr
    assert works(checkout)

    # A changed lock updates the environment without creating it again.
    marker = checkout / ".venv" / "kept"
    marker.touch()
    lock = checkout / "requirements" / "dev.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    changed = set_up(checkout)
    assert changed.stderr == "Setting up .venv …\n"
    assert marker.exists()


@pytest.mark.nightly
@pytest.mark.real
def test_the_packages_of_developers_are_added_to_those_of_a_load_test(checkout: Path) -> None:
    assert set_up(checkout, "runtime").returncode == 0
    packages = next((checkout / ".venv" / "lib").glob("python*")) / "site-packages"
    assert (packages / "locust").is_dir()
    assert not (packages / "mypy").exists()
    assert set_up(checkout, "runtime").stderr == ""
    assert set_up(checkout, "dev").stderr == "Setting up .venv …\n"
    assert (packages / "mypy").exists()
    assert set_up(checkout, "runtime").stderr == "", "those of developers include them"


@pytest.mark.nightly
@pytest.mark.real
def test_concurrent_set_ups_run_once(checkout: Path) -> None:
    command = ["/bin/sh", str(checkout / "scripts" / "bootstrap.sh"), "dev"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert sorted(errors) == ["", "Setting up .venv …\n"]
    assert works(checkout)


@pytest.mark.nightly
@pytest.mark.real
def test_a_lock_with_a_wrong_hash_is_refused(checkout: Path) -> None:
    lock = checkout / "requirements" / "bootstrap.lock"
    lock.write_text("uv==0.9.0 --hash=sha256:" + "0" * 64 + "\n")
    done = set_up(checkout)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("set-up failed (exit 1): python -m pip")
    assert not (checkout / ".venv" / ".contextforge-loadtest").exists()


SURROUNDINGS = {
    "pyproject.toml": (
        '[project]\nname = "outer"\nversion = "1"\n[tool.uv]\nexclude-newer = "2000-01-01"\nrequired-version = ">=99"\n'
        '[tool.uv.workspace]\nmembers = ["*"]\n'
    ),
    "uv.toml": 'exclude-newer = "2000-01-01"\nno-index = true\n',
    ".python-version": "3.6.15\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/simple\n",
    "setup.cfg": "[easy_install]\nindex_url = http://127.0.0.1:1/simple\n",
}


@pytest.mark.nightly  # installs all packages anew, which takes half a minute
@pytest.mark.real
def test_inside_another_project_and_without_a_home(tmp_path: Path) -> None:
    for name, text in SURROUNDINGS.items():
        (tmp_path / name).write_text(text)
    inside = tmp_path / "ours"
    inside.mkdir()
    copied(inside)
    done = subprocess.run(
        ["/bin/sh", "ours/scripts/bootstrap.sh", "dev"],
        cwd=tmp_path,
        env={
            **os.environ,
            "HOME": str(tmp_path / "missing"),
            "UV_PYTHON": "3.6",
            "CONDA_PREFIX": "/elsewhere",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "Setting up .venv …\n")
    assert works(inside)
    assert (inside / ".venv" / "cache" / "uv").is_dir()
    assert not (tmp_path / "missing").exists()
