"""How gunicorn runs a gateway with several workers, as the gateway's own run-gunicorn.sh and its settings do.

gunicorn reads this file inside the gateway's own environment, where ``loadtest`` cannot be imported. Address and
number of workers come on the command line.
"""

import sys
from importlib import import_module
from typing import Any

worker_class = "uvicorn.workers.UvicornWorker"
preload_app = True
timeout = 600
max_requests = 100_000
max_requests_jitter = 100
errorlog = "-"
# Its own command line tool would ask there; nobody does.
control_socket_disable = True


def post_fork(_server: Any, worker: Any) -> None:
    """Let go in a new worker of what the application opened before it was forked."""
    import_module("mcpgateway.db").engine.dispose(close=False)
    import_module("mcpgateway.utils.redis_client")._reset_client()  # noqa: SLF001 - there is no other name
    # By this name others reach it; all workers would have that of their parent, which imported the module. Without
    # the host's name in it, messages say the same on any machine.
    for name in ("session_affinity", "mcp_session_pool"):
        module: Any = sys.modules.get(f"mcpgateway.services.{name}")
        if module is not None:
            module.WORKER_ID = f"worker:{worker.pid}"
