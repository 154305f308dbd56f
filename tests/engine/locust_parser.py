"""Print how Locust reads the cases on standard input: their working directory, environment and arguments."""

import json
import os
import sys
from typing import Any

from locust.argument_parser import get_parser, parse_locustfile_option

NAMES = (
    *("host", "headless", "headful", "master", "worker", "processes", "num_users", "spawn_rate", "run_time"),
    *("tags", "expect_workers", "master_host", "master_port", "master_bind_host", "master_bind_port"),
    "web_host",
)

if __name__ == "__main__":
    shown = []
    for case in json.load(sys.stdin):
        os.chdir(case["directory"])
        os.environ.clear()
        os.environ.update(case["environment"])
        sys.argv = ["locust", *case["arguments"]]
        options = get_parser().parse_args()
        first: Any = parse_locustfile_option()
        shown.append({name: getattr(options, name) for name in NAMES} | {"file": first.locustfile})
    print(json.dumps(shown))
