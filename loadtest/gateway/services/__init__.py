"""PostgreSQL and Redis for a gateway, from Debian's packages, started and held for ``loadtest services up``.

From the outside in: ``state`` (up, down, status: which services run for a LOADTEST_HOME), ``holder`` (the process
that holds them and takes them along when it goes), ``place`` (where they keep their data, and whose they are),
``programs`` (the binaries), ``postgresql`` and ``redis`` (how each is started and asked), ``lend`` (a database of
its own for each run).
"""

from loadtest.gateway.services.endpoints import Services
from loadtest.gateway.services.lease import leased
from loadtest.gateway.services.lifecycle import down, read_services, status, up

__all__ = ["Services", "down", "leased", "read_services", "status", "up"]
