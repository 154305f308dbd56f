"""A ``loadtest`` that prints its arguments and its environment as JSON, and waits if the variable WAIT is set."""

import json
import os
import signal
import sys


def main() -> None:
    """Print them; fail for the options that start and stop a gateway in the background."""
    if {"--stop", "--detach"} & set(sys.argv):
        sys.exit(3)
    signal.signal(signal.SIGTERM, lambda *_: (print("stopped cleanly", flush=True), os._exit(143)))
    print(json.dumps([sys.argv[1:], dict(os.environ)]), flush=True)
    if os.environ.get("WAIT"):
        signal.pause()


if __name__ == "__main__":
    main()
