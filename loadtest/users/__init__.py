"""The load: one module per area of the gateway's API, one user class or more in each.

Locust loads them through ``loadtest/locustfile.py``. A scenario is a Locust task: a short story of calls that
cleans up after itself. How to add one stands in CONTRIBUTING.md.
"""
