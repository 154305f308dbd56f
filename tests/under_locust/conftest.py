"""Tests that import Locust, which patches the whole process: collected only where that has been done first.

``tests/test_under_locust.py`` runs them in a process of their own.
"""

from gevent import monkey

collect_ignore_glob = [] if monkey.is_module_patched("socket") else ["test_*.py"]
