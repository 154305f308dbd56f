"""A process that hangs although it is neither suspended nor ended: its main thread does not run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading

SEIZE, INTERRUPT = 0x4206, 0x4207
"""Requests of ptrace(2): become the tracer of a thread, and stop it."""
WALL = 0x40000000
"""Option of waitpid(2): wait for threads, too."""


def hang(pid: int) -> None:
    """Stop the main thread of the descendant ``pid`` until it is killed; a signal that it handles does not run it."""
    stopped, errors = threading.Event(), list[OSError]()

    def trace() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        for request in (SEIZE, INTERRUPT):
            if libc.ptrace(request, pid, None, None):
                errors.append(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
        stopped.set()
        # The parent of a traced process learns of its end after the tracer.
        with contextlib.suppress(ChildProcessError):
            while not os.WIFSIGNALED(os.waitpid(pid, WALL)[1]):
                pass

    threading.Thread(target=trace, daemon=True).start()
    stopped.wait()
    if errors:
        raise errors[0]
