"""A program and its process tree end with the process that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from eventually import until
from processes import gone

from loadtest.core.errors import InconclusiveError
from loadtest.gateway.process.program import Program, death_of

TREE = str(Path(__file__).parent / "process_tree.py")
OWNER = str(Path(__file__).parent / "program_owner.py")


def tree_of(directory: Path) -> dict[str, int]:
    names = ("root", "child", "daemon")
    assert until(lambda: all((directory / name).exists() for name in names))
    return {name: int((directory / name).read_text()) for name in names}


def started(directory: Path, command: list[str], grace: float = 1.0) -> Program:
    return Program(
        command,
        environment={},
        directory=directory,
        output=directory / "out",
        life=directory / "life",
        grace=grace,
    )


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


@pytest.mark.parametrize("options", [(), ("--ignore-sigterm",)])
def test_stop_ends_the_whole_tree(tmp_path: Path, options: tuple[str, ...]) -> None:
    with started(tmp_path, [sys.executable, TREE, str(tmp_path), *options], grace=0.3) as program:
        tree = tree_of(tmp_path)
        assert program.pid == tree["root"]
        assert program.death() is None
    assert {name: gone(pid) for name, pid in tree.items()} == dict.fromkeys(tree, True)
    assert program.death() is None, "a stopped program did not die"


@pytest.mark.parametrize("options", [(), ("--ignore-sigterm",)])
def test_several_programs_end_at_the_same_time(tmp_path: Path, options: tuple[str, ...]) -> None:
    directories = [tmp_path / "first", tmp_path / "second"]
    for directory in directories:
        directory.mkdir()
    command = [sys.executable, TREE]
    with (
        started(directories[0], [*command, str(directories[0]), *options], grace=0.3) as first,
        started(directories[1], [*command, str(directories[1]), *options], grace=0.3) as second,
    ):
        trees = [tree_of(directory) for directory in directories]
        for program in (first, second):
            program.begin_stop()
        assert until(lambda: all(gone(pid) for tree in trees for pid in tree.values()))
        assert (first.death(), second.death()) == (None, None), "a stopped program did not die"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_ends_with_its_owner(tmp_path: Path, number: signal.Signals) -> None:
    owner = subprocess.Popen([sys.executable, OWNER, tmp_path], stderr=subprocess.DEVNULL)
    try:
        tree = tree_of(tmp_path)
        assert until((tmp_path / "started").exists)
        reaper = psutil.Process(tree["root"]).ppid()
    finally:
        owner.send_signal(number)
        owner.wait()
    assert until(lambda: all(map(gone, [*tree.values(), reaper])))


def test_a_program_ends_with_its_reaper(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux can kill a child when its parent ends")
    with started(tmp_path, python("import time; time.sleep(60)")) as program:
        os.kill(psutil.Process(program.pid).ppid(), signal.SIGKILL)
        assert until(lambda: gone(program.pid))
        assert program.death() is not None


def test_a_program_ends_with_its_owner_although_a_fork_holds_the_pipe(tmp_path: Path) -> None:
    """A fork without exec, as Locust makes for --processes, keeps the pipe open after its parent's end."""
    owner = subprocess.Popen([sys.executable, OWNER, tmp_path, "--fork"])
    fork = tmp_path / "fork"
    try:
        tree = tree_of(tmp_path)
        assert until(fork.exists)
    finally:
        owner.kill()
        owner.wait()
    try:
        assert until(lambda: all(map(gone, tree.values())))
        assert not gone(int(fork.read_text()))
    finally:
        os.kill(int(fork.read_text()), signal.SIGKILL)


def test_death_by_a_signal_has_a_time(tmp_path: Path) -> None:
    before = time.monotonic()
    with started(tmp_path, python("import time; time.sleep(60)")) as program:
        os.kill(program.pid, signal.SIGKILL)
        assert until(lambda: program.death() is not None)
        death = program.death()
        assert death is not None
        assert (death.signal, death.exit_status) == (9, None)
        assert before <= death.at <= time.monotonic()
        assert death_of(tmp_path / "life") == death


def test_an_exit_status_is_recorded(tmp_path: Path) -> None:
    with started(tmp_path, python("import sys; sys.exit(7)")) as program:
        assert until(lambda: program.death() is not None)
        death = program.death()
        assert death is not None
        assert (death.signal, death.exit_status) == (None, 7)


def test_children_of_a_program_that_ended_are_ended(tmp_path: Path) -> None:
    with started(tmp_path, [sys.executable, TREE, str(tmp_path)]) as program:
        tree = tree_of(tmp_path)
        os.kill(program.pid, signal.SIGKILL)
        assert until(lambda: all(map(gone, tree.values())))


def test_both_outputs_go_to_one_private_file(tmp_path: Path) -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    with started(tmp_path, python(code)) as program:
        assert until(lambda: program.death() is not None)
    assert (tmp_path / "out").read_text().split() == ["out", "err"]
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_only_the_given_environment_is_passed(tmp_path: Path) -> None:
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE', '__CF_USER_TEXT_ENCODING'}))"
    command = [sys.executable, "-c", code]
    with Program(
        command,
        environment={"ONLY": "this"},
        directory=tmp_path,
        output=tmp_path / "out",
        life=tmp_path / "life",
    ) as program:
        assert until(lambda: program.death() is not None)
    assert (tmp_path / "out").read_text() == "['ONLY']\n"


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    program = str(tmp_path / "program")
    with pytest.raises(InconclusiveError) as caught:
        started(tmp_path, [program])
    assert str(caught.value) == f"cannot be started: {program}: No such file or directory"
