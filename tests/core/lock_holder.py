"""Hold the lock of the file in the first argument until standard input ends."""

import sys
from pathlib import Path

from loadtest.core.locks import exclusively

if __name__ == "__main__":
    with exclusively(Path(sys.argv[1]), "it", within=5):
        print("held", flush=True)
        sys.stdin.read()
