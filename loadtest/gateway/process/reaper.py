"""Runs one program and outlives nobody: when its parent goes, the program's whole tree goes.

Started by :mod:`loadtest.gateway.process.program` as a script of its own, with the standard library only, so that it
is up in a few milliseconds. Its standard input is a pipe that the parent holds: end of file means that the
parent ended, in whatever way, SIGKILL included. On standard output (a file) it tells, as JSON lines, the
program's process id and how the program ended.

    python -I -S guard.py GRACE OUTPUT ERRORS PROGRAM [ARGUMENT ...]

GRACE is how many seconds the tree has between SIGTERM and SIGKILL; a signal to the guard cuts them short. OUTPUT and
ERRORS are the file descriptors, inherited from the parent, for the program's standard output and error.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphans of the tree become children of the guard, so none is lost."""

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2): the program is killed if the guard itself is."""

LOOK = 1.0
"""Seconds between looks at the parent's id, for the case that the pipe was inherited by a third process."""

KILL = 10.0
"""Seconds after which a process that even SIGKILL does not end (it waits for a device) is given up."""

STEP = 0.02
"""Seconds between looks at whether the tree is gone."""


def main(grace: float, output: int, errors: int, command: list[str]) -> int:
    """Run ``command`` until it ends or the parent does; then end everything that it started."""
    parent = os.getppid()
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    signal.signal(signal.SIGCHLD, lambda _received, _frame: None)
    prctl(SUBREAPER, 1)
    try:
        program = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            preexec_fn=die_with_guard,
        )
    except OSError as error:
        tell(error=f"{command[0]}: {error.strerror}")
        return 1
    tell(pid=program.pid)
    ended = wait(program.pid, wake, parent, asked)
    family = descendants(os.getpid()) | {program.pid}
    asked.clear()
    stop(program.pid, family, grace, ended, asked)
    return 0


def wait(pid: int, wake: int, parent: int, asked: list[int]) -> bool:
    """Wait until the program ended (True), or the parent did or asked to stop (False)."""
    while True:
        readable, _, _ = select.select([0, wake], [], [], LOOK)
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if pid in reap(pid):
            return True
        if (0 in readable and not os.read(0, 1)) or os.getppid() != parent or asked:
            return False


def stop(pid: int, family: set[int], grace: float, ended: bool, asked: list[int]) -> None:
    """End the program, its process group and its descendants: SIGTERM, ``grace`` seconds, SIGKILL.

    The seconds end as soon as a further signal has ``asked`` for it.
    """
    deadline = time.monotonic() + grace
    send(pid, family, signal.SIGTERM)
    while time.monotonic() < deadline and not asked:
        ended = pid in reap(pid) or ended
        family |= descendants(os.getpid())
        family = {member for member in family if alive(member)}
        if ended and not family:
            return
        time.sleep(STEP)
    deadline = time.monotonic() + KILL
    while family and time.monotonic() < deadline:
        family |= descendants(os.getpid())
        send(pid, family, signal.SIGKILL)
        reap(pid)
        family = {member for member in family if alive(member)}
        time.sleep(STEP)


def send(pid: int, family: set[int], number: signal.Signals) -> None:
    """Send a signal to the program's group, and to every member of the family by its own id."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
    for member in family - {pid}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, number)


def reap(pid: int) -> set[int]:
    """Collect children that ended; tell how the program ``pid`` did, if it is among them."""
    collected: set[int] = set()
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return collected
        if not child:
            return collected
        collected.add(child)
        if child == pid:
            code = os.waitstatus_to_exitcode(status)
            tell(
                ended=time.time(), signal=-code if code < 0 else None, exit_status=code if code >= 0 else None
            )


def alive(pid: int) -> bool:
    """Whether a process exists. An ended one that waits to be collected by its own parent does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return (table().get(pid) or (0, "Z"))[1] != "Z"


def descendants(root: int) -> set[int]:
    """Return the ids of everything below ``root``."""
    processes = table()
    found: set[int] = set()
    edge = {root}
    while edge:
        edge = {pid for pid, (parent, state) in processes.items() if parent in edge and state != "Z"} - found
        found |= edge
    return found


def table() -> dict[int, tuple[int, str]]:
    """Return parent and state (one letter) of every process, from /proc or else from ps(1)."""
    if not os.path.exists("/proc/self/stat"):  # noqa: PTH110
        lines = subprocess.run(["ps", "-axo", "pid=,ppid=,state="], capture_output=True, text=True).stdout
        rows = (line.split() for line in lines.splitlines())
        return {int(pid): (int(parent), state[0]) for pid, parent, state in rows if int(pid) != os.getpid()}
    processes = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The name of the program stands in parentheses and may hold any character.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                processes[int(name)] = (int(parent), state.decode())
    return processes


def die_with_guard() -> None:
    """Ask the kernel (Linux) to kill the program when the guard ends without having done so."""
    prctl(DEATH_SIGNAL, signal.SIGKILL)


def prctl(option: int, value: int) -> None:
    """Set an option of this process on Linux; elsewhere there is none, and the rest has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def tell(**fact: object) -> None:
    """Write one JSON line for the parent; a full disk must not keep the guard from its work."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(fact).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
