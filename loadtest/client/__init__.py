"""Calls of one user: credentials, validation, protocols and connections.

Independent of Locust's scheduling; :mod:`loadtest.users` connects it to a ``FastHttpUser``.
"""
