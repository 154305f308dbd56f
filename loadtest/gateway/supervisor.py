"""``python -m loadtest.gateway.supervisor``: holds a gateway for ``loadtest boot --detach``.

Reads an :class:`~loadtest.gateway.state.Order` from standard input, leaves the terminal behind, boots, answers
once on standard output with an :class:`~loadtest.gateway.state.Outcome`, and stays until SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from loadtest.errors import LoadTestError, UsageError
from loadtest.gateway.boot import BootError, booted
from loadtest.gateway.source import parse_source
from loadtest.gateway.state import FILE, Order, Outcome, write_state


def main() -> int:
    """Do what the order says; the exit status is for nobody but a log."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    home = Path(order.home)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        source = parse_source(order.source)
        with booted(source, home=home, port=order.port, database=order.database) as gateway:
            write_state(gateway, home)
            try:
                _answer(Outcome())
                while True:
                    signal.pause()
            finally:
                (home / FILE).unlink(missing_ok=True)
    except BrokenPipeError:
        pass  # whoever ordered the boot gave up waiting; the gateway has ended with the block
    except BootError as error:
        _answer(Outcome(error=str(error), log_tail=error.log_tail))
    except LoadTestError as error:
        _answer(Outcome(error=str(error), usage=isinstance(error, UsageError)))
    return 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End in good order: everything that is held is let go on the way out."""
    raise SystemExit(0)


def _answer(outcome: Outcome) -> None:
    """Tell the outcome and close the pipe: the reader waits for its end."""
    os.write(1, msgspec.json.encode(outcome))
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is replaced
        os.dup2(nothing.fileno(), 1)


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    sys.exit(main())
