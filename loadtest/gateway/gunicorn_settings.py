"""Settings of gunicorn for a gateway with several workers, as in the gateway's own run-gunicorn.sh.

gunicorn reads this file in the gateway's environment, where ``loadtest`` cannot be imported. Address and number of
workers are options of the command line.
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
# gunicorn's command line tool would connect to it; it is not used here.
control_socket_disable = True


def post_fork(_server: Any, worker: Any) -> None:
    """Discard in a new worker the connections that the application opened before the fork."""
    import_module("mcpgateway.db").engine.dispose(close=False)
    import_module("mcpgateway.utils.redis_client")._reset_client()  # noqa: SLF001 - there is no other name
    # Other workers address it by this name; without this, all would have the name of their parent, which imported the
    # module. The host name is left out so that messages are the same on any machine.
    for name in ("session_affinity", "mcp_session_pool"):
        module: Any = sys.modules.get(f"mcpgateway.services.{name}")
        if module is not None:
            module.WORKER_ID = f"worker:{worker.pid}"
