"""Every setting of the load test, declared once.

Options, environment and make variables, the inputs of the action and their documentation are made from these
declarations; after a change run ``make docs``. A profile supplies the size of a run where nothing else does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.core.setting import (
    Audience,
    Choice,
    Duration,
    FilePath,
    Flag,
    Number,
    Repeated,
    Setting,
    Text,
    WholeNumber,
)

FROM_PROFILE = "from the profile"
_PORT = WholeNumber(1, 65_535, metavar="PORT")
_RATE = Number(0.001, 10_000)

# What is tested.
GATEWAY = Setting(
    help="Gateway to test: version, path:DIR or URL",
    type=Text("VERSION|path:DIR|URL"),
    variable="GATEWAY",
    option="--gateway",
    input="gateway",
    default_text="newest known version",
)
HOST = Setting(
    help="Address of a running gateway to test",
    type=Text("URL"),
    variable="LOADTEST_HOST",
)
DATABASE = Setting(
    help="Database; postgres is that of `make services-up`",
    type=Choice(("sqlite", "postgres")),
    variable="DATABASE",
    option="--database",
    input="database",
    default="sqlite",
)
DATABASE_URL = Setting(
    help="Database to use instead of DATABASE",
    type=Text("URL"),
    variable="DATABASE_URL",
)
REDIS_URL = Setting(
    help="Redis to use with DATABASE_URL",
    type=Text("URL"),
    variable="REDIS_URL",
)
GATEWAY_WORKERS = Setting(
    help="Worker processes of the gateway",
    type=WholeNumber(1, 256),
    variable="LOADTEST_GATEWAY_WORKERS",
    default_text="2 with PostgreSQL and Redis, else 1",
)
OVERRIDES = Setting(
    help="Setting of the booted gateway: an environment variable and its value",
    type=Text("NAME=VALUE"),
    option="--set",
    input="settings",
    repeated=Repeated.LINES,
)
PORT = Setting(
    help="Port of the booted gateway",
    type=_PORT,
    option="--port",
    default_text="a free port",
)
BASE = Setting(
    help="Gateway to compare with: version or path:DIR",
    type=Text("VERSION|path:DIR"),
    variable="BASE",
    option="--base",
    input="base",
)
BASE_OVERRIDES = Setting(
    help="Setting of the base: an environment variable and its value",
    type=Text("NAME=VALUE"),
    option="--base-set",
    input="base-settings",
    repeated=Repeated.LINES,
)
PAIRS_FOR = Setting(
    help="Time for calls in pairs with the base",
    type=Duration(),
    variable="LOADTEST_PAIRS_FOR",
    option="--pairs-for",
    input="pairs-for",
    default="120s",
)
REPLICAS = Setting(
    help="Gateways to boot; they share the first sweep",
    type=WholeNumber(1, 8),
    variable="LOADTEST_REPLICAS",
    option="--replicas",
    input="replicas",
    default_text="one for each core, at most 3, for all scenarios on SQLite, else 1",
)

# How much load.
PROFILE = Setting(
    help="Named size of the run: pr, deep, light or soak",
    type=Text("NAME"),
    variable="LOADTEST_PROFILE",
    option="--profile",
    input="profile",
    input_default="pr",
    default="pr",
)
USERS = Setting(
    help="Number of users at the peak",
    type=WholeNumber(1, 100_000),
    variable="LOADTEST_USERS",
    option="--users",
    short="-u",
    input="users",
    default_text=FROM_PROFILE,
)
SPAWN_RATE = Setting(
    help="Users started per second",
    type=_RATE,
    variable="LOADTEST_SPAWN_RATE",
    option="--spawn-rate",
    short="-r",
    input="spawn-rate",
    default_text=FROM_PROFILE,
)
RUN_TIME = Setting(
    help="Duration of the load, such as 90s or 1h30m",
    type=Duration(),
    variable="LOADTEST_RUN_TIME",
    option="--run-time",
    short="-t",
    input="run-time",
    default_text=FROM_PROFILE,
)
PROCESSES = Setting(
    help="Locust processes on this machine",
    type=WholeNumber(1, 1_000),
    variable="LOADTEST_PROCESSES",
    option="--processes",
    input="processes",
    default="1",
)
RATE = Setting(
    help="Scenario starts per second, after the first sweep",
    type=_RATE,
    variable="LOADTEST_RATE",
    option="--rate",
    input="rate",
    default_text="half of the rate of the first sweep; in a soak from the profile",
)
TAGS = Setting(
    help="Run only scenarios with one of these tags",
    type=Text("TAG"),
    option="--tags",
    short="-T",
    input="tags",
    default_text="all scenarios",
    repeated=Repeated.WORDS,
)
SCENARIOS = Setting(
    help="Directory, file or module with scenarios of your own",
    type=Text("DIR|MODULE"),
    option="--scenarios",
    input="scenarios",
    repeated=Repeated.LINES,
)

# How it is judged.
KNOWN_FAILURES = Setting(
    help="Additional known-failures file (TOML)",
    type=FilePath(),
    option="--known-failures",
    input="known-failures",
    repeated=Repeated.LINES,
)
CATEGORIES = Setting(
    help="Additional categories file (TOML); takes precedence over the built-in categories",
    type=FilePath(),
    option="--categories",
    input="categories",
    repeated=Repeated.LINES,
)
CRITERIA = Setting(
    help="Condition such as 'p95 < 500ms' or 'GET /tools: error-rate < 1%', or a TOML file of conditions",
    type=Text("EXPR|FILE"),
    option="--criteria",
    input="criteria",
    repeated=Repeated.LINES,
)
FAIL_ON = Setting(
    help="Failures that fail the run",
    type=Choice(("new", "any", "never")),
    option="--fail-on",
    input="fail-on",
    input_default="new",
    default="new",
)
FAIL_ON_BREAKING = Setting(
    help="Breaking changes of the API against the base that fail the run",
    type=Choice(("removed", "any", "never")),
    option="--fail-on-breaking",
    input="fail-on-breaking",
    input_default="removed",
    default="removed",
)
REQUIRE_SCENARIOS = Setting(
    help="Fail if an operation without a scenario is not called, or not understood",
    type=Flag(),
    option="--require-scenarios",
    input="require-scenarios",
)
BASELINE = Setting(
    help="run.json of an earlier run; report.html shows what changed since then",
    type=FilePath("RUN"),
    option="--baseline",
    input="baseline",
)
HISTORY = Setting(
    help="Directory with the run.json files of earlier runs; report.html shows the figures over all of them",
    type=FilePath("DIRECTORY"),
    option="--history",
    input="history",
)

# Where files are.
REPORTS_DIR = Setting(
    help="Directory for reports",
    type=FilePath("DIRECTORY"),
    variable="LOADTEST_REPORTS_DIR",
    option="--reports-dir",
    input="reports-dir",
    input_default="reports",
    default="reports",
)
HOME = Setting(
    help="Directory of installed gateways and their state",
    type=FilePath("DIRECTORY"),
    variable="LOADTEST_HOME",
    default=".loadtest",
)

# Credentials for a gateway that is already running.
TOKEN = Setting(
    help="Bearer token of an administrator",
    type=Text("TOKEN"),
    variable="LOADTEST_TOKEN",
    alias="MCPGATEWAY_BEARER_TOKEN",
)
JWT_SECRET = Setting(
    help="Secret that signs the gateway's tokens",
    type=Text("SECRET"),
    variable="LOADTEST_JWT_SECRET",
    alias="JWT_SECRET_KEY",
)
ADMIN_EMAIL = Setting(
    help="Email address of the administrator",
    type=Text("EMAIL"),
    variable="LOADTEST_ADMIN_EMAIL",
    alias="PLATFORM_ADMIN_EMAIL",
    default="admin@example.com",
)
ADMIN_PASSWORD = Setting(
    help="Password of the administrator, for login scenarios",
    type=Text("PASSWORD"),
    variable="LOADTEST_ADMIN_PASSWORD",
    alias="PLATFORM_ADMIN_PASSWORD",
)

# Load from several machines.
MASTER_HOST = Setting(
    help="Address of the master, for a worker",
    type=Text("ADDRESS"),
    variable="LOADTEST_MASTER_HOST",
    option="--master-host",
)
MASTER_PORT = Setting(
    help="Port of the master",
    type=_PORT,
    variable="LOADTEST_MASTER_PORT",
    option="--master-port",
    default="5557",
)
MASTER_BIND = Setting(
    help="Address on which the master listens",
    type=Text("ADDRESS"),
    variable="LOADTEST_MASTER_BIND",
    option="--master-bind",
    default="*",
)
EXPECT_WORKERS = Setting(
    help="Wait for N workers before starting",
    type=WholeNumber(1, 10_000),
    variable="LOADTEST_EXPECT_WORKERS",
    option="--expect-workers",
    default="1",
)
WORKERS_WITHIN = Setting(
    help="Timeout waiting for workers",
    type=Duration(),
    variable="LOADTEST_WORKERS_WITHIN",
    option="--workers-within",
    default="120s",
)
BACKENDS_ADDRESS = Setting(
    help="Address on which the backends listen",
    type=Text("ADDRESS"),
    variable="LOADTEST_BACKENDS_ADDRESS",
    default="127.0.0.1",
)

# Set by this program, the Makefile and the action.
TARGET = Setting(
    help="Configuration of a Locust process, as JSON",
    type=Text("JSON"),
    variable="LOADTEST_TARGET",
    audience=Audience.INTERNAL,
)
SETUP_SECONDS = Setting(
    help="Seconds spent on the set-up before the load test started",
    type=Number(0, 86_400),
    variable="LOADTEST_SETUP_SECONDS",
    default="0",
    audience=Audience.INTERNAL,
)
_BACKEND_PORT = "Port of a backend that the gateway has to know when it boots"
MAIL_PORT = Setting(help=_BACKEND_PORT, type=_PORT, variable="LOADTEST_MAIL_PORT", audience=Audience.INTERNAL)
SIEM_PORT = Setting(help=_BACKEND_PORT, type=_PORT, variable="LOADTEST_SIEM_PORT", audience=Audience.INTERNAL)
LLM_PORT = Setting(help=_BACKEND_PORT, type=_PORT, variable="LOADTEST_LLM_PORT", audience=Audience.INTERNAL)

# Tests and workflows of this repository.
FUZZ = Setting(
    help="Factor for the number of damaged files in tests/cli/test_fuzz.py",
    type=WholeNumber(1, 10_000),
    variable="LOADTEST_FUZZ",
    default="1",
    audience=Audience.DEVELOPER,
)
NEEDS_SERVICES = Setting(
    help="Fail instead of skip tests if PostgreSQL and Redis are not installed",
    type=Text("1"),
    variable="LOADTEST_NEEDS_SERVICES",
    audience=Audience.DEVELOPER,
)
NEEDS_NAMESPACES = Setting(
    help="Fail instead of skip tests if network namespaces cannot be created",
    type=Text("1"),
    variable="LOADTEST_NEEDS_NAMESPACES",
    audience=Audience.DEVELOPER,
)
NEEDS_BROWSER = Setting(
    help="Fail instead of skip tests if there is no browser",
    type=Text("1"),
    variable="LOADTEST_NEEDS_BROWSER",
    audience=Audience.DEVELOPER,
)
COMMENT = Setting(
    help="Repository variable: when publish.yml comments on pull requests",
    type=Choice(("always", "failures")),
    variable="LOADTEST_COMMENT",
    audience=Audience.DEVELOPER,
)

ALL: tuple[Setting[Any], ...] = tuple(value for value in vars().values() if isinstance(value, Setting))
"""Every setting, in the order of its declaration."""

SIZE = (PROFILE, USERS, SPAWN_RATE, RUN_TIME, PROCESSES, RATE, TAGS, SCENARIOS)
"""Options of commands that generate load."""
MASTER = (EXPECT_WORKERS, WORKERS_WITHIN, MASTER_PORT, MASTER_BIND)
"""Options of commands that can be a master."""
JUDGING = (
    KNOWN_FAILURES,
    CATEGORIES,
    CRITERIA,
    FAIL_ON,
    FAIL_ON_BREAKING,
    REQUIRE_SCENARIOS,
    BASELINE,
    HISTORY,
)
"""Options of commands that judge a run."""


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the absolute path of the directory of gateway environments, templates and state."""
    return HOME.get(environ).absolute()


def reports_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory for reports."""
    return REPORTS_DIR.get(environ)


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without the variables that the load test reads."""
    ours = {name for one in ALL for name in (one.variable, one.alias) if name}
    return {name: value for name, value in environ.items() if name not in ours}
