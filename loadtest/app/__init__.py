"""Use cases: the whole job, Locust only, a worker, and judging a stored run."""
