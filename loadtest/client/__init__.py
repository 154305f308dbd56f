"""How a user talks to the gateway: authentication, contract, calls, JSON-RPC, streams.

Nothing here knows of Locust's scheduling; :mod:`loadtest.users` puts it on a ``FastHttpUser``.
"""
