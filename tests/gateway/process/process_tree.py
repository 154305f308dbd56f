"""``python process_tree.py DIRECTORY [--ignore-sigterm]``: a process with a child and a detached grandchild.

The grandchild has left its parent, process group and session. Each process writes its ID to a file in DIRECTORY.
"""

import os
import signal
import sys
import time
from pathlib import Path


def note(directory: Path, name: str) -> None:
    """Write this process's ID to the file ``name``, all at once."""
    temporary = directory / f"{name}.tmp"
    temporary.write_text(str(os.getpid()))
    temporary.rename(directory / name)


def main(directory: Path, *options: str) -> None:
    """Fork the tree, and sleep in each process."""
    if "--ignore-sigterm" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        note(directory, "child")
        if os.fork() == 0:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
            note(directory, "daemon")
    else:
        note(directory, "root")
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
