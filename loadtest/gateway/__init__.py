"""Install, boot, watch and stop a gateway.

In one command, from set-up to stop::

    source = parse_source(settings.gateway)                        # a version, path:DIR or http://…
    with booted(source, home=home, log_copy=reports / "gateway.log") as gateway:
        gateway.host, gateway.credentials, gateway.data            # what the load needs
        gateway.backends.urls["mcp"]                               # what the gateway may federate
        gateway.death(), gateway.samples(start), gateway.backend_states(), gateway.record(start)
        gateway.lines_of([LogQuery(correlation_id, "GET", "/tools", at), …])

Over several commands: :func:`boot_detached` leaves a supervisor behind, :func:`read_state` finds its gateway
(the same :class:`RunningGateway`, with everything that it can do), :func:`status` describes it and
:func:`stop_detached` ends it.

From the outside in: ``source`` (what ``GATEWAY=`` names), ``install`` (an environment per lock, with ``uv``),
``template`` (a migrated database per environment), ``store`` (the database of a run: a file, an address, or a part
of the ``services``), ``environment`` and ``switches.toml`` (what it is booted with), ``gunicorn_settings`` (several
workers), ``place`` (a directory and a port per run), ``process`` and ``guard`` (nothing outlives us), ``watch``
(memory and CPU over time), ``running`` (the gateway as a value), ``log`` and ``evidence`` (what it said), ``boot``
(all of it in order), ``state`` and ``supervisor`` (all of it, detached), ``holding`` (a process that stays).
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
