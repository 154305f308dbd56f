"""The system clock as the processes of a test see it: a test lets it jump, and the machine's stays as it is."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest


class JumpingClock:
    """A clock for processes that are started with :attr:`variables`. Needs Linux and a C compiler."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None or not Path("/proc/self").exists():
            pytest.skip("needs Linux and a C compiler")
        self._file = directory / "jump"
        self._file.write_bytes(struct.pack("d", 0.0))
        library = directory / "clock_jump.so"
        source = Path(__file__).with_suffix(".c")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self.variables = {"LD_PRELOAD": str(library), "CLOCK_JUMP": str(self._file)}

    def jump(self, seconds: float) -> None:
        """Set the clock ahead of the machine's, in all processes that use it."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", seconds))
