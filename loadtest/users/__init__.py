"""User classes of the load: one module per area of the gateway's API.

Locust loads them through ``loadtest/locustfile.py``. A scenario is a Locust task: a sequence of calls that
deletes what it creates. CONTRIBUTING.md explains how to add one.
"""
