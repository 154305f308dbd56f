"""User classes for health, metrics, logs, observability and compliance."""
