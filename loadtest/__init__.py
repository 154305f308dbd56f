"""A load test for ContextForge, the MCP gateway, that can gate pull requests.

Running and judging are separate. ``loadtest.engine``, ``loadtest.users``, ``loadtest.client`` and ``loadtest.gateway``
produce ``reports/run.json``; ``loadtest.judge`` and ``loadtest.reports`` read it and never touch the network.
"""

__version__ = "0.1.0"
