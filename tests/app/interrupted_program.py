"""Create the file in the last argument but one and sleep; after SIGINT, exit with the code in the last argument."""

import signal
import sys
import time
from pathlib import Path


def stop(*_: object) -> None:
    print("interrupted", flush=True)
    sys.exit(int(sys.argv[-1]))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    Path(sys.argv[-2]).touch()
    time.sleep(60)
