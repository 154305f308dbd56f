"""Use cases: the whole job, Locust only, a remote worker, and judging a stored run."""
