"""The ``loadtest`` command: verbs only, and the one place that turns errors into exit codes."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from loadtest import __version__, options, role, settings, versions
from loadtest.coverage import show_contract, show_runs
from loadtest.errors import ExitCode, InconclusiveError, LoadTestError, UsageError
from loadtest.judge.session import Options, accept, judge_and_report
from loadtest.judge.verdict import Verdict
from loadtest.reports.terminal import print_verdict
from loadtest.role import Master
from loadtest.run import Run, read_run


class _Commands(click.Group):
    """Lists the verbs in the order in which they are used, not in that of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 130 and 143 interrupted.",
)
@click.version_option(__version__)
def cli() -> None:
    """Load-test ContextForge, the MCP gateway, and judge the run."""


@cli.command(
    epilog=_examples("loadtest gateways", "loadtest gateways --json", "loadtest gateways --newer --pre")
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON list, for the matrix of a workflow.")
@click.option(
    "--newer", is_flag=True, help="Only the newest release on the package index, if none of these is."
)
@click.option("--pre", is_flag=True, help="With --newer: a pre-release, too.")
def gateways(as_json: bool, newer: bool, pre: bool) -> None:
    """List the gateway versions known by name, newest first."""
    from loadtest.gateway import index

    known = versions.available()
    if pre and not newer:
        raise UsageError("--pre: expected together with --newer")
    if newer:
        release = index.newest_release(pre=pre)
        known = (release,) if index.newer(release, known) else ()
    if as_json or known:
        click.echo(json.dumps(known) if as_json else "\n".join(known))


@cli.command(epilog=_examples("loadtest adopt 1.0.8", "loadtest adopt 1.0.8 --summary new.md"))
@click.argument("version")
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for what is printed.",
)
def adopt(version: str, summary: Path | None) -> None:
    """Make a release of the gateway a known version, and print what is new in it, in Markdown.

    Resolves its lock, boots it, and drafts its data file from that of the nearest version.
    """
    from loadtest.adopt import adopt as adopted
    from loadtest.adoption import in_markdown
    from loadtest.files import write_atomically

    text = in_markdown(adopted(version, settings.home(), lambda step: click.echo(f"{step} …", err=True)))
    if summary is not None:
        write_atomically(summary, text)
    click.echo(text, nl=False)


@cli.command(
    epilog=_examples("loadtest boot", "loadtest boot --gateway 1.0.0rc1 --detach", "loadtest boot --stop")
)
@options.gateway
@options.database
@options.port
@click.option("--detach", "action", flag_value="detach", help="Return when it is up; leave it running.")
@click.option("--stop", "action", flag_value="stop", help="Stop what --detach left running.")
@click.option("--status", "action", flag_value="status", help="Say what --detach left running.")
def boot(gateway: str | None, database: str | None, port: int | None, action: str | None) -> None:
    """Boot a gateway with its backends, until Ctrl-C."""
    from loadtest.gateway import state
    from loadtest.gateway.boot import booted
    from loadtest.gateway.source import parse_source

    home = settings.home()
    if action == "stop":
        click.echo("stopped" if state.stop_detached(home) else "no gateway runs")
    elif action == "status":
        click.echo(state.status(home))
    elif action == "detach":
        state.boot_detached(parse_source(gateway), home=home, port=port, database=database)
        click.echo(state.status(home))
    else:
        with booted(parse_source(gateway), home=home, port=port, database=database) as running:
            click.echo(f"{running.source} runs at {running.host}; Ctrl-C stops it")
            while running.death() is None:
                time.sleep(0.2)
            raise InconclusiveError(f"{running.source} ended on its own")


@cli.group()
def services() -> None:
    """Run PostgreSQL and Redis on this machine, for gateways booted with --database postgres."""


@services.command("up")
def services_up() -> None:
    """Start both and leave them running."""
    from loadtest.gateway.services import status, up

    up(settings.home())
    click.echo(status(settings.home()))


@services.command("down")
def services_down() -> None:
    """Stop both and remove their data."""
    from loadtest.gateway.services import down

    click.echo("stopped" if down(settings.home()) else "no services run")


@services.command("status")
def services_status() -> None:
    """Say what `services up` left running."""
    from loadtest.gateway.services import status

    click.echo(status(settings.home()))


@cli.command(
    epilog=_examples(
        "loadtest drive -u 5 -t 30s",
        "loadtest drive --ui",
        "loadtest drive -- --list",
        "loadtest drive -- TeamsCRUDUser RBACCRUDUser",
    )
)
@options.sizing
@options.reports_dir
@click.option("--ui", is_flag=True, help="With Locust's web page, where the load is started by hand.")
@options.mastering
@options.locust_arguments
def drive(
    reports_dir: Path | None, ui: bool, tags: tuple[str, ...], locust: tuple[str, ...], **rest: Any
) -> None:
    """Run Locust alone, against $LOADTEST_HOST or the gateway that `boot --detach` left.

    Writes run.json beside Locust's own files; `loadtest report` judges it.
    """
    from loadtest.drive import drive_alone, explicit_settings

    master, size = _master(rest), rest
    code = drive_alone(
        settings.size(**size),
        home=settings.home(),
        reports=reports_dir or settings.reports_directory(),
        ui=ui,
        master=master,
        explicit=explicit_settings(size),
        arguments=options.with_tags(tags, locust),
    )
    raise SystemExit(code)


@cli.command(
    epilog=_examples(
        "LOADTEST_TOKEN=… loadtest work --master-host 10.0.0.5",
        "LOADTEST_JWT_SECRET=… loadtest work --master-host 10.0.0.5 --processes 4",
    )
)
@click.option(
    "--master-host", metavar="ADDRESS", help="Where the master is. [default: $LOADTEST_MASTER_HOST]"
)
@options.master_port
@click.option("--processes", type=click.IntRange(min=1), help="Workers on this machine, one for each core.")
@options.locust_arguments
def work(
    master_host: str | None, master_port: int | None, processes: int | None, locust: tuple[str, ...]
) -> None:
    """Make load for the master of `run --master` or `drive --master` on another machine.

    The master tells what to drive; $LOADTEST_TOKEN or $LOADTEST_JWT_SECRET, as on the master, opens the gateway.
    """
    from loadtest.work import work as work_for

    who = role.servant(master_host=master_host, master_port=master_port)
    click.echo(f"worker   for the master at {who.host}:{who.port}, which has 5 minutes to answer", err=True)
    size = settings.size(processes=processes)
    raise SystemExit(work_for(who, home=settings.home(), processes=size.processes, arguments=locust))


@cli.command(
    epilog=_examples(
        "loadtest run",
        "loadtest run --gateway path:../mcp-context-forge --criteria 'p95 < 800ms'",
        "loadtest run -u 50 -t 5m --processes 2 -- --tags tokens",
        "loadtest run --master --expect-workers 3 --gateway http://10.0.0.5:4444 -u 600",
    )
)
@options.gateway
@options.database
@options.sizing
@options.port
@options.mastering
@options.judging
@options.reports_dir
@options.locust_arguments
def run(
    gateway: str | None,
    database: str | None,
    port: int | None,
    reports_dir: Path | None,
    tags: tuple[str, ...],
    locust: tuple[str, ...],
    **rest: Any,
) -> None:
    """Do the whole job: boot, drive, judge, report, stop. Exits with the verdict's code."""
    from loadtest.drive import explicit_settings
    from loadtest.gateway.source import parse_source
    from loadtest.job import Job, reachable, run_job
    from loadtest.progress import progress

    size = {
        name: rest.pop(name) for name in ("profile", "users", "spawn_rate", "run_time", "processes", "rate")
    }
    reports = reports_dir or settings.reports_directory()
    master = _master(rest)
    gateway, held = reachable(gateway, settings.home()) if master else (gateway, None)
    job = Job(
        source=parse_source(gateway),
        held=held,
        master=master,
        size=settings.size(**size),
        home=settings.home(),
        reports=reports,
        options=options.read_options(**rest),
        explicit=explicit_settings(size),
        locust=options.with_tags(tags, locust),
        port=port,
        database=database,
        set_up_seconds=float(os.environ.get("LOADTEST_SETUP_SECONDS") or 0),
    )
    with progress() as shown:
        verdict = run_job(job, shown)
    _conclude(read_run(reports / "run.json"), verdict)


@cli.command(
    epilog=_examples(
        "loadtest report",
        "loadtest report --csv reports/locust --reports-dir out",
        "loadtest report --run old/run.json --known-failures ci/known-failures.toml",
    )
)
@options.run_file
@click.option(
    "--csv",
    "prefix",
    type=click.Path(path_type=Path),
    metavar="PREFIX",
    help="The CSV files of any Locust, instead of a run: PREFIX_stats.csv and the others.",
)
@click.option("--gateway-version", metavar="VERSION", help="With --csv: whose known failures apply.")
@options.judging
@options.reports_dir
def report(
    run_file: Path | None,
    prefix: Path | None,
    gateway_version: str | None,
    reports_dir: Path | None,
    **judging: Any,
) -> None:
    """Judge a run and write its reports. Exits with the verdict's code."""
    measured = options.the_run(run_file, prefix, gateway_version)
    reports = reports_dir or settings.reports_directory()
    _conclude(measured, judge_and_report(measured, options.read_options(**judging), reports, options.today()))


@cli.command(
    epilog=_examples(
        "loadtest coverage",
        "loadtest coverage --run before/run.json --run reports/run.json",
        "loadtest coverage --contract reports/openapi.json",
    )
)
@click.option(
    "--run",
    "runs",
    type=options.FILE,
    multiple=True,
    help="A run; two are shown side by side. [default: run.json in the directory of reports]",
)
@click.option(
    "--contract",
    type=options.FILE,
    help="The OpenAPI document of a gateway, instead of a run: what has a scenario?",
)
@click.option(
    "--gateway",
    metavar="VERSION",
    help="With --contract: whose exclusions apply. [default: the version nearest to the document's]",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def coverage(runs: tuple[Path, ...], contract: Path | None, gateway: str | None, as_json: bool) -> None:
    """Show which operations of the contract a run reached, by area.

    With --contract no run is needed; the exit code is 1 if an operation has no scenario.
    """
    if contract is not None:
        if runs:
            raise UsageError("--run and --contract: expected one of them")
        raise SystemExit(show_contract(contract, gateway, as_json=as_json))
    if gateway is not None:
        raise UsageError(
            "--gateway: expected together with --contract; a run says itself what it was made on"
        )
    show_runs(runs, as_json=as_json)


@cli.group()
def baseline() -> None:
    """Work with known failures."""


@baseline.command(
    "accept",
    epilog=_examples(
        "loadtest baseline accept --reason 'fixed by #123' --owner @team --expires 2027-01-31",
        "loadtest baseline accept 3f2a9c01b7de --reason '…' --owner @me --expires 2027-01-31",
    ),
)
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT]...")
@options.run_file
@click.option("--reason", required=True, help="Why these failures are excused, in a sentence.")
@click.option("--owner", required=True, help="Who sees to it.")
@click.option("--expires", required=True, metavar="YYYY-MM-DD", help="The last day that excuses.")
@click.option("--link", help="Where it is being worked on.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("known-failures.toml"),
    show_default=True,
    help="Where the entries are written.",
)
def accept_failures(
    fingerprints: tuple[str, ...], run_file: Path | None, expires: str, path: Path, **entry: Any
) -> None:
    """Write known-failure entries for what a run shows: every new failure, or those named."""
    added = accept(
        options.the_run(run_file),
        Options(),
        path,
        fingerprints=fingerprints,
        expires=options.the_date(expires),
        today=options.today(),
        **entry,
    )
    for known in added:
        words = (known.operation, known.problem.value, str(known.status or ""), known.message or "")
        click.echo(f"{path}: {' '.join(word for word in words if word)}")
    click.echo(f"{len(added)} written" if added else "nothing to accept: this run shows no new failure")


def _master(rest: dict[str, Any]) -> Master | None:
    """Take the options of a master out of ``rest``; return what they ask for, None without ``--master``."""
    names = ("expect_workers", "workers_within", "master_bind", "master_port")
    given = {name: rest.pop(name) for name in names}
    if rest.pop("is_master"):
        return role.master(**given)
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')}: expected together with --master")
    return None


def _conclude(measured: Run, verdict: Verdict) -> None:
    print_verdict(measured, verdict)
    raise SystemExit(verdict.exit_code)


def main() -> int:
    """Run the command; return its exit code."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return int(ExitCode.INTERRUPTED)
    except LoadTestError as error:
        click.echo(f"loadtest: {error}", err=True)
        for line in getattr(error, "log_tail", ()):
            click.echo(f"  | {line}", err=True)
        return int(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        return int(ExitCode.FAIL)
    return int(ExitCode.PASS)
