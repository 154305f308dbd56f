"""Calls of operations that no scenario calls, made from the gateway's contract.

Requests are generated before the load, by Schemathesis in a process and an environment of its own: neither the library
nor its work is in a process that measures. They contain placeholders for what is only known during the load, such as
the id of an entity. The rules that are not in a contract are data (``rules.toml``).
"""
