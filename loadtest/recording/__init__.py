"""Turn Locust events into mergeable counts: recorder, aggregator and time buckets."""
