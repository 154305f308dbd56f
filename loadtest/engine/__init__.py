"""The load inside Locust: scenario plan, first sweep, coordinator, workers and run writer."""
