"""What standard output is does not change how a command ends."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from loadtest import cli
from loadtest.cli.output import commands

RUN = Path(__file__).parents[1] / "data" / "clean.json"
FULL = Path("/dev/full")


def command(
    tmp_path: Path, *arguments: str, output: int, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtest", *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
)
def test_output_that_is_not_utf8(tmp_path: Path, environment: dict[str, str]) -> None:
    done = command(tmp_path, "report", "--run", str(RUN), output=subprocess.PIPE, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("PASS ? 6/7 operations called, 6 correct ? nothing new ? ")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_output_that_is_full(tmp_path: Path) -> None:
    with FULL.open("w") as full:
        done = command(tmp_path, "report", "--run", str(RUN), output=full.fileno())
        assert done.returncode == 0
        assert done.stderr == "loadtest: standard output cannot be written: No space left on device\n"
        assert (tmp_path / "reports" / "junit.xml").exists()
        assert command(tmp_path, "--help", output=full.fileno()).returncode in (0, 3)
        done = command(tmp_path, "coverage", "--run", str(RUN), output=full.fileno())
    assert done.returncode in (0, 3)
    assert len(done.stderr.splitlines()) == 1


def test_output_to_a_closed_pipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command(tmp_path, "report", "--run", str(RUN), output=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--list-scenarios"),
        ("run", "--list-tags"),
        ("coverage", "--run", str(RUN)),
        ("coverage", "--json", "--run", str(RUN)),
        ("gateways",),
    ],
    ids=" ".join,
)
def test_a_reader_that_stops_early(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command(tmp_path, *arguments, output=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_broken_pipe_is_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_name: str) -> click.Command:
        @click.command()
        def gateways() -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        return gateways

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "load_command", broken)
    monkeypatch.setattr(sys, "argv", ["loadtest", "gateways"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 70
    assert "internal error" in capsys.readouterr().err


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", "> /dev/full 2> /dev/full", "2> /dev/full"])
@pytest.mark.parametrize(("run", "code"), [("clean.json", 0), ("failures.json", 1)])
def test_streams_that_are_closed_or_full_from_the_start(
    tmp_path: Path, streams: str, run: str, code: int
) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f'"$0" -m loadtest report --run "$1" {streams}',
            sys.executable,
            str(RUN.with_name(run)),
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, b"")
    assert (tmp_path / "reports" / "verdict.json").exists()


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both scripts of an installation, in a directory that is on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("loadtest", "contextforge-loadtest"):
        (directory / name).touch(0o755)
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.chdir(tmp_path)
    return directory


@pytest.mark.parametrize("script", ["loadtest", "contextforge-loadtest"])
def test_suggested_commands_name_the_program_as_a_shell_finds_it(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(sys, "argv", [str(scripts / script)])
    assert commands(Path("reports")).program == "loadtest"
    monkeypatch.setenv("UV", "/usr/bin/uv")
    assert commands(Path("reports")).program == "bin/loadtest"
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", "/usr/bin")
    assert commands(Path("reports")).program == "bin/loadtest"
    monkeypatch.chdir(scripts.parents[1])
    assert commands(Path("reports")).program == str((scripts / "loadtest").relative_to(scripts.parents[1]))
    monkeypatch.chdir("/usr")
    assert commands(Path("reports")).program == str(scripts / "loadtest")


def test_a_module_is_named_as_the_program(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/elsewhere/loadtest/__main__.py"])
    assert commands(Path("reports")).program == "loadtest"
