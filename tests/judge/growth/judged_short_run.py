"""A run too short to assess growth, judged."""

from sample_runs import TODAY, clean

from loadtest.judge.categories import load_categories
from loadtest.judge.verdict import judge

judge(clean(), categories=load_categories(), today=TODAY)
