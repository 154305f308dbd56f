"""Click options made from the declared settings, and what the commands build from their values."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem
from msgspec.structs import replace

from loadtest.app.distributed import MasterOptions
from loadtest.core import settings
from loadtest.core.errors import UsageError
from loadtest.core.setting import Choice, Flag, Setting
from loadtest.core.units import plural
from loadtest.workload import profiles

if TYPE_CHECKING:
    from loadtest.app.judging import JudgingOptions
    from loadtest.results.run import Run, Scenario
    from loadtest.scenarios.source import ScenarioSource

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Context settings of every command, so that a command's help does not depend on its parent."""

F = TypeVar("F", bound=Callable[..., Any])
Given = Mapping[str, Any]
"""Values of options by parameter name; None if neither option nor variable is set, a tuple for repeated options."""


class _File(click.Path):
    """A path that the code that opens it validates."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(path_type=Path)
        self.name = _File.name


FILE = _File()


class _SettingType(click.ParamType):  # type: ignore[type-arg] # not generic in older versions of click
    """Parses a value as its declaration says; errors name the option or the variable, whichever was used."""

    def __init__(self, setting: Setting[Any]) -> None:
        self.setting = setting
        self.name = setting.type.metavar

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the values that begin with ``incomplete``."""
        return [CompletionItem(one) for one in completions(self.setting) if one.startswith(incomplete)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed value."""
        if not isinstance(value, str):
            return value
        if ctx is not None and param is not None and param.name is not None:
            source = ctx.get_parameter_source(param.name)
            if source is ParameterSource.ENVIRONMENT:
                return self.setting.read({self.setting.variable: value})
        return self.setting.parse(value, f"{self.setting.option} ")


def completions(setting: Setting[Any]) -> tuple[str, ...]:
    """Return the values of ``setting`` that a shell completes."""
    if isinstance(setting.type, Choice):
        return setting.type.values
    if setting in (settings.GATEWAY, settings.BASE):
        from loadtest.versions.data import available

        return available()
    if setting is settings.PROFILE:
        return tuple(profiles.profiles())
    if setting is settings.TAGS:
        from loadtest.engine.scenario_plan import discover_scenarios
        from loadtest.engine.selection import known_tags

        return known_tags(discover_scenarios(soak=True, deep=True))
    return ()


def setting_options(*declared: Setting[Any]) -> Callable[[F], F]:
    """Return a decorator that adds the options of ``declared`` to a command."""

    def add(command: F) -> F:
        for setting in reversed(declared):
            if isinstance(setting.type, Flag):
                names = (setting.option, setting.parameter)
                command = click.option(*names, is_flag=True, help=help_of(setting))(command)
                continue
            command = click.option(
                *filter(None, (setting.short, setting.option, setting.parameter)),
                type=_SettingType(setting),
                metavar=setting.type.metavar,
                envvar=setting.variable or None,
                multiple=setting.repeated is not None,
                # The options that list scenarios need its value.
                is_eager=setting is settings.SCENARIOS,
                help=help_of(setting),
            )(command)
        return command

    return add


def help_of(setting: Setting[Any]) -> str:
    """Return the help text of an option."""
    notes = (
        "may be repeated" if setting.repeated else "",
        f"env: {setting.variable}" if setting.variable else "",
        f"default: {setting.shown_default}" if setting.shown_default else "",
    )
    return " ".join((setting.help, *(f"[{note}]" for note in notes if note)))


run_file = click.option("--run", "run_file", type=FILE, help="Run to use [default: REPORTS_DIR/run.json]")


def csv_files(command: F) -> F:
    """Add the options for a run that consists of Locust CSV files."""
    for name, parameter, metavar, words in (
        (
            "--gateway-version",
            "gateway_version",
            "VERSION",
            "Gateway version, which determines the known failures; requires --csv",
        ),
        (
            "--encoding",
            "encoding",
            "NAME",
            "Encoding of CSV files that are neither UTF-8 nor UTF-16, such as cp1252; requires --csv",
        ),
    ):
        command = click.option(name, parameter, metavar=metavar, help=words)(command)
    return click.option(
        "--csv",
        "prefix",
        type=click.Path(path_type=Path),
        metavar="PREFIX",
        help="Locust CSV files to use instead of a run: PREFIX_stats.csv and the others",
    )(command)


as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the verdict as JSON, as in verdict.json"
)
master = click.option(
    "--master", "is_master", is_flag=True, help="Run as Locust master; remote workers generate the load"
)


def _all_scenarios(ctx: click.Context) -> tuple[Scenario, ...]:
    """Return all scenarios, including those of ``--scenarios`` on the command line."""
    from loadtest.engine.scenario_plan import discover_scenarios

    custom = read_scenarios(ctx.params.get(settings.SCENARIOS.parameter) or ())
    return discover_scenarios(custom=custom, soak=True, deep=True)


def _print_tags(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    counts = Counter(tag for one in _all_scenarios(ctx) for tag in one.tags)
    for tag, count in sorted(counts.items()):
        click.echo(f"{tag}  {plural(count, 'scenario')}")
    ctx.exit()


def _print_scenarios(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    for one in _all_scenarios(ctx):
        tags = f"  [{', '.join(one.tags)}]" if one.tags else ""
        click.echo(f"{one.name}  {plural(len(one.calls), 'operation')}  {one.file}:{one.line}{tags}")
    ctx.exit()


def listing(command: F) -> F:
    """Add the options that list what tags and user classes can select, and exit."""
    for name, printed, words in (
        ("--list-scenarios", _print_scenarios, "List the scenarios, as USER_CLASS.TASK, and exit"),
        ("--list-tags", _print_tags, "List the tags of scenarios, and exit"),
    ):
        command = click.option(name, is_flag=True, expose_value=False, callback=printed, help=words)(command)
    return command


locust = click.argument("locust", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_ARGUMENTS...]")


def examples(*lines: str) -> str:
    """Return the end of a command's help, with a line for each example."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def reports_directory(given: Given) -> Path:
    """Return the directory for reports."""
    return settings.REPORTS_DIR.or_default(given["reports_dir"])


def read_size(given: Given) -> profiles.Size:
    """Return the size of the run that the options of :data:`loadtest.core.settings.SIZE` describe.

    Raises:
        UsageError: see :func:`loadtest.workload.profiles.size`.
    """
    names = ("profile", "users", "spawn_rate", "run_time", "processes", "rate")
    return profiles.size(**{name: given[name] for name in names})


def explicit(given: Given) -> frozenset[str]:
    """Return the Locust options that an option or variable of ours sets, rather than the profile."""
    names = ("users", "spawn_rate", "run_time", "processes")
    return frozenset(name.replace("_", "-") for name in names if given[name] is not None)


generated_only = click.option(
    "--generated-only", is_flag=True, help="Run no scenario: call every operation from the contract"
)


def locust_arguments(given: Given) -> tuple[str, ...]:
    """Return the arguments for Locust: those after ``--``, then the tags, which would end at the next option only."""
    return (*given["locust"], *(("--tags", *given["tags"]) if given["tags"] else ()))


def read_scenarios(given: Sequence[str]) -> tuple[ScenarioSource, ...]:
    """Return where custom scenarios are: the ones of the option, and those of installed packages.

    Raises:
        UsageError: a source does not exist or contains no module.
    """
    from loadtest.scenarios.source import read_sources

    return read_sources(given)


def recorded_scenarios(run: Run) -> tuple[ScenarioSource, ...]:
    """Return those sources of custom scenarios of ``run`` that exist on this machine, and note the others."""
    found: list[ScenarioSource] = []
    for text in run.settings.scenarios:
        try:
            found += read_scenarios([text])
        except UsageError as error:
            click.echo(f"note     {error}: data files beside it do not apply", err=True)
    return tuple(found)


def check_selection(given: Given, custom: Sequence[ScenarioSource] = ()) -> None:
    """Refuse tags and user classes that do not exist.

    This takes part of a second, and is done before the modules are loaded that boot a gateway.

    Raises:
        UsageError: a tag or a user class does not exist, or no scenario remains.
    """
    from loadtest.app.preflight import selected_scenarios
    from loadtest.engine.selection import read_selection

    arguments = locust_arguments(given)
    if read_selection(arguments):
        size = read_size(given)
        selected_scenarios(arguments, soak=size.soak is not None, deep=size.deep, custom=custom)


def read_master(given: Given) -> MasterOptions | None:
    """Return the options of a Locust master, or None without ``--master``.

    Raises:
        UsageError: an option of a master is given without ``--master``.
    """
    if not given["is_master"]:
        for setting in settings.MASTER:
            if on_command_line(setting.parameter):
                raise UsageError(f"{setting.option}: expected together with --master")
        return None
    return MasterOptions(
        expect=settings.EXPECT_WORKERS.or_default(given["expect_workers"]),
        within=settings.WORKERS_WITHIN.or_default(given["workers_within"]),
        bind=settings.MASTER_BIND.or_default(given["master_bind"]),
        port=settings.MASTER_PORT.or_default(given["master_port"]),
    )


def on_command_line(parameter: str) -> bool:
    """Return whether the current command received ``parameter`` as an option, not from the environment."""
    return click.get_current_context().get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def read_judging(given: Given, custom: Sequence[ScenarioSource] = ()) -> JudgingOptions:
    """Return how to judge; a criterion that ends in ``.toml`` is a file of criteria.

    The data files beside ``custom`` scenarios apply as well.
    """
    from loadtest.app.judging import JudgingOptions
    from loadtest.judge.against_base import FailOnBreaking
    from loadtest.judge.failures import FailOn
    from loadtest.scenarios.data_files import categories_files, known_failures_files

    criteria = given["criteria"]
    return JudgingOptions(
        known_failures=(*given["known_failures"], *known_failures_files(custom)),
        categories=(*given["categories"], *categories_files(custom)),
        criteria=tuple(text for text in criteria if not text.endswith(".toml")),
        criteria_files=tuple(Path(text) for text in criteria if text.endswith(".toml")),
        fail_on=FailOn(settings.FAIL_ON.or_default(given["fail_on"])),
        fail_on_breaking=FailOnBreaking(settings.FAIL_ON_BREAKING.or_default(given["fail_on_breaking"])),
        require_scenarios=given["require_scenarios"],
        baseline=given["baseline"],
        history=given["history"],
    )


def the_run(
    path: Path | None,
    prefix: Path | None = None,
    version: str | None = None,
    reports: Path | None = None,
    encoding: str | None = None,
) -> Run:
    """Return the run of ``--run`` or ``--csv``, or the one in the directory ``reports``.

    CSV files do not name the gateway version; with ``version`` the known failures of that version apply.
    ``encoding`` is the encoding of CSV files that are not UTF-8.

    Raises:
        UsageError: both are given, the file cannot be read, or the version is not known.
    """
    from loadtest.results.run import read_run

    if path is not None and prefix is not None:
        raise UsageError("--run and --csv: expected one of them")
    if version is not None and prefix is None:
        raise UsageError("--gateway-version: expected together with --csv; a run names its gateway")
    if encoding is not None and prefix is None:
        raise UsageError("--encoding: expected together with --csv; a run is UTF-8")
    if prefix is None:
        return read_run(path or (reports or settings.reports_directory()) / "run.json")
    # Compiling the patterns of the importer takes a tenth of a second.
    from loadtest.results.locust_csv import read_csv_run
    from loadtest.results.target import Gateway
    from loadtest.versions.data import load

    run = read_csv_run(prefix, encoding)
    if version is None:
        return run
    known = load(version).version
    return replace(run, gateway=Gateway(version=known, source=known, data=known))


def source_of(
    path: Path | None, prefix: Path | None, version: str | None, encoding: str | None
) -> tuple[str, ...]:
    """Return the options that name the same run as these in another command; empty for that of the last run."""
    given = (("--run", path), ("--csv", prefix), ("--gateway-version", version), ("--encoding", encoding))
    return tuple(str(word) for option, value in given if value is not None for word in (option, value))


def the_date(text: str) -> dt.date:
    """Return the date in ``text``.

    Raises:
        UsageError: it is not a date.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a date: expected one such as 2027-01-31") from error


def today() -> dt.date:
    """Return the current date in UTC."""
    return dt.datetime.now(dt.UTC).date()
