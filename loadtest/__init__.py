"""The load test that may block a pull request of ContextForge, the MCP gateway.

A run is a file. ``loadtest.users``, ``loadtest.client``, ``loadtest.backends`` and ``loadtest.gateway`` make
one (``reports/run.json``); ``loadtest.judge`` and ``loadtest.reports`` read it and never touch the network.
"""

__version__ = "0.1.0"
