"""The packages that a command needs beyond those of the base installation, which judges a run."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from importlib.util import find_spec

from loadtest.core import settings
from loadtest.core.errors import UsageError

DISTRIBUTION = "contextforge-loadtest"


class Extra(StrEnum):
    """An extra of this distribution; ``pyproject.toml`` lists its packages."""

    LOAD = "load"
    """Locust and the clients of the scenarios."""
    BACKENDS = "backends"
    """The local servers that a gateway calls."""
    GATEWAY = "gateway"
    """Install, boot and monitor a gateway."""


_SIGN = {Extra.LOAD: "locust", Extra.BACKENDS: "aiosmtpd", Extra.GATEWAY: "uv"}
"""A module that is installed with this extra only."""


def missing(*extras: Extra) -> tuple[Extra, ...]:
    """Return those of ``extras`` that are not installed."""
    return tuple(extra for extra in extras if find_spec(_SIGN[extra]) is None)


def require(command: str, *extras: Extra) -> None:
    """Check that ``extras`` are installed.

    Raises:
        UsageError: one is missing.
    """
    if missing(*extras):
        wanted = f"{DISTRIBUTION}[{','.join(extras)}]"
        raise UsageError(
            f"{command}: needs packages that are not installed, expected {wanted}: "
            f"run `uvx '{wanted}' {command}` or install it"
        )


def install_missing(*, base: bool) -> None:
    """Return if all extras are installed; otherwise continue in an environment that has them.

    It is made in LOADTEST_HOME, from the hashed lock of this version. With ``base`` it also has the packages for a
    comparison.

    Raises:
        InconclusiveError: it cannot be made.
    """
    if not missing(*Extra):
        return
    from loadtest.packages.complete_environment import complete_environment, continue_in

    began = time.monotonic()
    continue_in(complete_environment(settings.home(), base=base), sys.argv[1:], began)
