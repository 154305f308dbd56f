"""Run one program, and end its whole process tree when it or the parent process ends.

:mod:`loadtest.gateway.process.program` runs this file as a script. It uses the standard library only, so that it
starts in a few milliseconds. Standard input is a pipe from the parent: end of file means that the parent ended, by
SIGKILL or otherwise. It writes the program's process ID, and how the program ended, as JSON lines to standard output.

    python -I -S reaper.py GRACE OUTPUT ERRORS PROGRAM [ARGUMENT ...]

GRACE is the number of seconds between SIGTERM and SIGKILL; a signal to the reaper ends it early. OUTPUT and ERRORS
are inherited file descriptors for the program's standard output and error.
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
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphans in the tree become children of the reaper, so none is missed."""

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2): the program is killed if the reaper is."""

PARENT_POLL = 1.0
"""Seconds between two checks of the parent's ID, in case a third process inherited the pipe."""

KILL_TIMEOUT = 10.0
"""Seconds to wait for a process that SIGKILL does not end because it waits for a device."""

POLL = 0.02
"""Seconds between two checks whether the tree is gone."""


def main(grace: float, output: int, errors: int, command: list[str]) -> int:
    """Run ``command`` until it or the parent ends; then end its process tree."""
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
            preexec_fn=die_with_reaper,
        )
    except OSError as error:
        report(error=f"{command[0]}: {error.strerror}")
        return 1

    report(pid=program.pid)
    ended = wait(program.pid, wake, parent, asked)
    family = descendants(os.getpid()) | {program.pid}
    asked.clear()
    stop(program.pid, family, grace, ended, asked)
    return 0


def wait(pid: int, wake: int, parent: int, asked: list[int]) -> bool:
    """Wait until the program has ended (True), or the parent has ended or asked to stop (False)."""
    while True:
        readable, _, _ = select.select([0, wake], [], [], PARENT_POLL)
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if pid in reap(pid):
            return True
        if (0 in readable and not os.read(0, 1)) or os.getppid() != parent or asked:
            return False


def stop(pid: int, family: set[int], grace: float, ended: bool, asked: list[int]) -> None:
    """End the program, its process group and its descendants: SIGTERM, ``grace`` seconds, SIGKILL.

    A further signal, which appears in ``asked``, ends the grace period early.
    """
    deadline = time.monotonic() + grace
    send(pid, family, signal.SIGTERM)
    while time.monotonic() < deadline and not asked:
        ended = pid in reap(pid) or ended
        family |= descendants(os.getpid())
        family = {member for member in family if alive(member)}
        if ended and not family:
            return
        time.sleep(POLL)
    deadline = time.monotonic() + KILL_TIMEOUT
    while family and time.monotonic() < deadline:
        family |= descendants(os.getpid())
        send(pid, family, signal.SIGKILL)
        reap(pid)
        family = {member for member in family if alive(member)}
        time.sleep(POLL)


def send(pid: int, family: set[int], number: signal.Signals) -> None:
    """Send a signal to the program's process group, and to each process of the family."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
    for member in family - {pid}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, number)


def reap(pid: int) -> set[int]:
    """Collect ended children; report how the program ``pid`` ended if it is among them."""
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
            report(
                ended=time.monotonic(),
                signal=-code if code < 0 else None,
                exit_status=code if code >= 0 else None,
            )


def alive(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return (table().get(pid) or (0, "Z"))[1] != "Z"


def descendants(root: int) -> set[int]:
    """Return the process IDs of all descendants of ``root``."""
    processes = table()
    found: set[int] = set()
    edge = {root}
    while edge:
        edge = {pid for pid, (parent, state) in processes.items() if parent in edge and state != "Z"} - found
        found |= edge
    return found


def table() -> dict[int, tuple[int, str]]:
    """Return parent and state (one letter) of every process, from /proc or ps(1)."""
    if not os.path.exists("/proc/self/stat"):  # noqa: PTH110
        lines = subprocess.run(["ps", "-axo", "pid=,ppid=,state="], capture_output=True, text=True).stdout
        rows = (line.split() for line in lines.splitlines())
        return {int(pid): (int(parent), state[0]) for pid, parent, state in rows if int(pid) != os.getpid()}
    processes = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The program's name is in parentheses and may contain any character.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                processes[int(name)] = (int(parent), state.decode())
    return processes


def die_with_reaper() -> None:
    """Let the kernel (Linux) kill the program when the reaper ends without having ended it."""
    prctl(DEATH_SIGNAL, signal.SIGKILL)


def prctl(option: int, value: int) -> None:
    """Set an option of this process on Linux; does nothing on other systems."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def report(**event: object) -> None:
    """Write one JSON line for the parent; a full disk must not stop the reaper."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
