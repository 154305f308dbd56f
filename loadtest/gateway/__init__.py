"""Install, boot, monitor and stop a gateway.

Within one command::

    source = parse_source(settings.gateway)                        # a version, path:DIR or http://…
    with booted(source, home=home, log_copy=reports / "gateway.log") as gateway:
        gateway.host, gateway.credentials, gateway.data            # for the load
        gateway.backends.urls["mcp"]                               # a server to federate
        gateway.death(), gateway.samples(start), gateway.backend_states(), gateway.record(start)
        gateway.lines_of([LogQuery(correlation_id, "GET", "/tools", at), …])

Across commands: :func:`boot_detached` starts a supervisor, :func:`read_state` returns its gateway (the same
:class:`RunningGateway`), :func:`status` describes it and :func:`stop_detached` stops it.
"""

from loadtest.core.errors import BootError
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import Checkout, Pinned, Running, Source, parse_source
from loadtest.gateway.install.uv import InstallError
from loadtest.gateway.logs import LogQuery, copy_log
from loadtest.gateway.process.detached import boot_detached, read_state, status, stop_detached
from loadtest.gateway.running import RunningGateway

__all__ = [
    "BootError",
    "Checkout",
    "InstallError",
    "LogQuery",
    "Pinned",
    "Running",
    "RunningGateway",
    "Source",
    "boot_detached",
    "booted",
    "copy_log",
    "parse_source",
    "read_state",
    "status",
    "stop_detached",
]
