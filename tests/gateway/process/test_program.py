"""Real processes: whatever ends us, nothing that we started stays."""

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

from loadtest.core.errors import InconclusiveError
from loadtest.gateway.process.program import Program, death_of

# Starts a child, and a grandchild that left its parent, its group and its session; all three ignore SIGTERM
# if asked to. Every process writes its id into a file of its own.
TREE = """
import os, signal, sys, time
from pathlib import Path
directory, stubborn = Path(sys.argv[1]), sys.argv[2] == "stubborn"
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note(name):
    (directory / f"{name}.tmp").write_text(str(os.getpid()))
    (directory / f"{name}.tmp").rename(directory / name)
if os.fork() == 0:
    note("child")
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        note("daemon")
    while True:
        time.sleep(60)
note("root")
while True:
    time.sleep(60)
"""

HOLDER = """
import sys, time
from pathlib import Path
from loadtest.gateway.process.program import Program
directory = Path(sys.argv[1])
command = [sys.executable, "-c", sys.argv[2], sys.argv[1], "willing"]
program = Program(
    command, environment={}, directory=directory, output=directory / "out", life=directory / "life", grace=1.0
)
(directory / "held").touch()
time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


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


@pytest.mark.parametrize("kind", ["willing", "stubborn"])
def test_stop_ends_the_whole_tree(tmp_path: Path, kind: str) -> None:
    with started(tmp_path, python(TREE, str(tmp_path), kind), grace=0.3) as program:
        tree = tree_of(tmp_path)
        assert program.pid == tree["root"]
        assert program.death() is None
    assert {name: gone(pid) for name, pid in tree.items()} == dict.fromkeys(tree, True)
    assert program.death() is None, "what we stopped did not die"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_survives_its_holder(tmp_path: Path, number: signal.Signals) -> None:
    holder = subprocess.Popen(python(HOLDER, str(tmp_path), TREE), stderr=subprocess.DEVNULL)
    try:
        tree = tree_of(tmp_path)
        assert until((tmp_path / "held").exists)
        guard = psutil.Process(tree["root"]).ppid()
    finally:
        holder.send_signal(number)
        holder.wait()
    assert until(lambda: all(map(gone, [*tree.values(), guard])))


def test_the_program_ends_with_its_guard(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the kernel tells a child of its parent's end on Linux only")
    with started(tmp_path, python("import time; time.sleep(60)")) as program:
        os.kill(psutil.Process(program.pid).ppid(), signal.SIGKILL)
        assert until(lambda: gone(program.pid))
        assert program.death() is not None


def test_a_holder_that_passed_its_pipe_on_is_missed_all_the_same(tmp_path: Path) -> None:
    """A fork without exec (as Locust makes for --processes) keeps the pipe open after its parent's end."""
    fork = "import os; pid = os.fork(); pid and (directory / 'heir').write_text(str(pid)); time.sleep(60)"
    holder = subprocess.Popen(python(HOLDER.replace("time.sleep(60)", fork), str(tmp_path), TREE))
    heir = tmp_path / "heir"
    try:
        tree = tree_of(tmp_path)
        assert until(lambda: heir.exists() and bool(heir.read_text()))
    finally:
        holder.kill()
        holder.wait()
    try:
        assert until(lambda: all(map(gone, tree.values())))
        assert not gone(int(heir.read_text()))
    finally:
        os.kill(int(heir.read_text()), signal.SIGKILL)


def test_death_by_signal_is_told_with_its_time(tmp_path: Path) -> None:
    before = time.time()
    with started(tmp_path, python("import time; time.sleep(60)")) as program:
        os.kill(program.pid, signal.SIGKILL)
        assert until(lambda: program.death() is not None)
        death = program.death()
        assert death is not None
        assert (death.signal, death.exit_status) == (9, None)
        assert before <= death.at <= time.time()
        assert death_of(tmp_path / "life") == death


def test_an_exit_status_is_told_and_children_left_behind_are_ended(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nif os.fork():\n    sys.exit(7)\nopen('child', 'w').write(str(os.getpid()))\n"
    )
    with started(tmp_path, python(code + "time.sleep(60)")) as program:
        assert until(lambda: program.death() is not None)
        death = program.death()
        assert death is not None
        assert (death.signal, death.exit_status) == (None, 7)
    child = tmp_path / "child"
    assert not child.exists() or not child.read_text() or gone(int(child.read_text()))


def test_output_of_both_kinds_goes_to_one_file_that_is_ours_alone(tmp_path: Path) -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    with started(tmp_path, python(code)) as program:
        assert until(lambda: program.death() is not None)
    assert (tmp_path / "out").read_text().split() == ["out", "err"]
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_only_the_given_environment_is_seen(tmp_path: Path) -> None:
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


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match=r"cannot be started: /nowhere/program: No such file"):
        started(tmp_path, ["/nowhere/program"])
