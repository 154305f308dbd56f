"""PostgreSQL and Redis for a gateway, from Debian's packages, started by ``loadtest services up``.

``lifecycle`` starts, finds and stops them, ``daemon`` is the process that runs them, ``data_directory`` and
``binaries`` locate their data and programs, and ``lease`` gives each run its own database.
"""

from loadtest.gateway.services.endpoints import Services
from loadtest.gateway.services.lease import leased
from loadtest.gateway.services.lifecycle import down, read_services, status, up

__all__ = ["Services", "down", "leased", "read_services", "status", "up"]
