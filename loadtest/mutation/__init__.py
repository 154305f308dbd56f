"""Mutation score: which faults of a gateway the load test detects."""
