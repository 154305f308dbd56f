"""``python killed_run.py LOADTEST_HOME``: a run that is killed while it uses a leased database."""

import os
import signal
import sys
from pathlib import Path

from loadtest.gateway.services import leased, read_services


def main(home: Path) -> None:
    """Take a lease on the services that run for ``home``, and end without returning it."""
    services = read_services(home)
    assert services is not None
    with leased(services, home, "t", lambda _url: None):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
