"""``python program_owner.py DIRECTORY [--fork]``: a process that starts the process tree as a program, and sleeps.

With ``--fork`` it has a child that inherits the reaper's pipe.
"""

import os
import signal
import sys
import time
from pathlib import Path

from loadtest.gateway.process.program import Program

TREE = Path(__file__).parent / "process_tree.py"


def main(directory: Path, *options: str) -> None:
    """Start the tree, create the file ``started``, and sleep."""
    program = Program(
        [sys.executable, str(TREE), str(directory)],
        environment={},
        directory=directory,
        output=directory / "out",
        life=directory / "life",
        grace=1.0,
    )
    (directory / "started").touch()
    if "--fork" in options and (pid := os.fork()):
        (directory / "fork.tmp").write_text(str(pid))
        (directory / "fork.tmp").rename(directory / "fork")
    time.sleep(60)
    program.stop()


if __name__ == "__main__":
    # A shell starts jobs in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(Path(sys.argv[1]), *sys.argv[2:])
