"""What federated servers state to the gateway, and what it sends to them for its clients."""
