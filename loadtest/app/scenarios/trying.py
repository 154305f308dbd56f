"""Run only the scenarios of some files once, against a gateway that is booted for them, and keep every exchange."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtest.app.scenarios.custom import check_operations_of, check_sources
from loadtest.app.scenarios.traced import run_traced
from loadtest.client.session import connect
from loadtest.core.errors import InconclusiveError
from loadtest.core.progress import Progress
from loadtest.engine.scenario_plan import discover_scenarios, scenarios_in
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import Pinned, Source
from loadtest.openapi.contract import Contract, read_contract
from loadtest.openapi.contracts import contract_of, path_of
from loadtest.results.run import Scenario, read_run
from loadtest.results.trace import TracedCall, read_trace
from loadtest.scenarios.source import ScenarioSource


def try_scenarios(
    custom: Sequence[ScenarioSource], source: Source, *, home: Path, database: str | None, progress: Progress
) -> tuple[tuple[Scenario, ...], tuple[TracedCall, ...]]:
    """Boot ``source``, run the scenarios of ``custom`` once one after another, and stop the gateway.

    Returns the scenarios, and all calls in their order, each with its exchange.

    Raises:
        UsageError: a scenario is not valid.
        InconclusiveError: the gateway does not boot or respond, a scenario did not end, or none made a call.
    """
    check_sources(custom, source.data.version if isinstance(source, Pinned) else None)
    chosen = scenarios_in(custom, discover_scenarios(custom=custom, soak=True, deep=True))
    progress.log("boot", source.text)
    with ExitStack() as stack:
        gateway = stack.enter_context(booted(source, home=home, database=database, custom=custom))
        check_operations_of(custom, connect(gateway.host, gateway.credentials, data=gateway.data))
        reports = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loadtest-try-")))
        names = tuple(one.name for one in chosen)
        trace = run_traced(
            "try", names, gateway, reports, custom=custom, progress=progress, keep_exchanges=True
        )
        run = read_run(reports / "run.json") if (reports / "run.json").exists() else None
        if run is None or run.sweep is None or run.sweep.unfinished:
            raise InconclusiveError(
                f"the scenarios did not end: {run.reason if run and run.reason else 'see the calls'}"
            )
        calls = read_trace(trace)
        if not calls:
            raise InconclusiveError(
                f"{', '.join(names)}: no call was made, as an operation or a fixture is missing"
            )
        return chosen, calls


def contract_for(source: Source, home: Path, progress: Progress) -> Contract:
    """Return the contract of ``source``: the stored one of a known version, else that of the gateway itself.

    Raises:
        InconclusiveError: the gateway does not boot or respond.
    """
    if isinstance(source, Pinned) and path_of(source.data.version).is_file():
        return read_contract(contract_of(source.data.version).document)
    progress.log("boot", source.text)
    with booted(source, home=home) as gateway:
        return connect(gateway.host, gateway.credentials, data=gateway.data).contract
