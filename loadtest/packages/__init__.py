"""The packages of an environment: install those of a hashed lock, or all that a load test needs."""
