"""Sample the running gateway: processes, connections, storage and responsiveness."""
