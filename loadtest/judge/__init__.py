"""Judging a run: pure functions from a run, and from files that say what is known, to a verdict.

Nothing in here imports Locust, gevent or the parts that make load, so that the record of a run can be judged
again anywhere.
"""
