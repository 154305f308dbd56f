"""Runs in each of which one check does not pass: the check, its severity, the run, and part of the message."""

from msgspec.structs import replace
from sample_runs import CONTRACT, clean, failure, latency, operation, paused, run

from loadtest.judge.checks.check import Check, Severity
from loadtest.results.measurements import FURTHER
from loadtest.results.refusals import Refusals, Standing
from loadtest.results.run import (
    CutShort,
    Generator,
    Pause,
    Run,
    RunState,
    ScenarioRuns,
    Settings,
    Sweep,
    Worker,
)
from loadtest.results.target import Backend, Death, EntityCount, Gateway


def without(name: str) -> Run:
    return replace(clean(), operations=tuple(o for o in clean().operations if o.name != name))


BAD: list[tuple[Check, Severity, Run, str]] = [
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        replace(clean(), gateway=Gateway(version="3.0.7", source="x", death=Death(at=61.0, exit_status=3))),
        "gateway died at 01:01 (exit status 3)",
    ),
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        replace(clean(), gateway=Gateway(version="3.0.7", source="x", death=Death(at=61.0, signal=9))),
        "gateway died at 01:01 (signal 9)",
    ),
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        replace(clean(), gateway=Gateway(version="3.0.7", source="x", death=Death(at=61.0))),
        "gateway died at 01:01",
    ),
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        run(gateway=Gateway(version=None, source="x"), reason="port taken", state=RunState.ABORTED),
        "gateway did not boot: port taken",
    ),
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        replace(clean(), gateway=Gateway(version="3.0.7", source="x", unresponsive_at=41.2)),
        "gateway stopped responding at 00:41",
    ),
    (
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        run(gateway=Gateway(version=None, source="http://h"), reason="no token", state=RunState.ABORTED),
        "gateway could not be tested: no token",
    ),
    (
        Check.BACKENDS_UP,
        Severity.INCONCLUSIVE,
        replace(clean(), backends=(Backend(name="mcp", up=True), Backend(name="a2a", up=False))),
        "backend down: a2a",
    ),
    (Check.COMPLETE, Severity.INCONCLUSIVE, replace(clean(), state=RunState.RUNNING), "never finished"),
    (
        Check.COMPLETE,
        Severity.INCONCLUSIVE,
        replace(clean(), state=RunState.ABORTED, reason="Locust crashed"),
        "run was aborted: Locust crashed",
    ),
    (
        Check.SOURCE,
        Severity.INCONCLUSIVE,
        replace(clean(), source="csv", contradictions=("the sum is 1, the total is 2", "b")),
        "the CSV files contradict each other: the sum is 1, the total is 2 and 1 more (all in verdict.json)",
    ),
    (Check.REQUESTS, Severity.INCONCLUSIVE, run(), "no requests were made"),
    (
        Check.SUCCESSES,
        Severity.INCONCLUSIVE,
        replace(clean(), operations=(operation("GET /tools", drift=5),)),
        "no request succeeded",
    ),
    (
        Check.WORKERS,
        Severity.INCONCLUSIVE,
        replace(clean(), workers=(Worker(name="w1", requests=5), Worker(name="w2", lost=True))),
        "1 of 2 workers lost: w2",
    ),
    (
        Check.WORKERS,
        Severity.INCONCLUSIVE,
        replace(clean(), workers=(Worker(name="w1", requests=5), Worker(name="w2", lost=True, left_at=21.5))),
        "1 of 2 workers lost: w2 at 00:21",
    ),
    (
        Check.WORKERS,
        Severity.INCONCLUSIVE,
        replace(
            clean(), workers=(Worker(name="w1", requests=5), Worker(name="w2", requests=90, unreported=10))
        ),
        "1 of 2 workers lost: 10 requests of w2",
    ),
    (
        Check.WORKERS,
        Severity.INCONCLUSIVE,
        replace(clean(), workers=(Worker(name="w1", left_at=20.0, back_at=35.0),)),
        "cut off for a time: w1 from 00:20 to 00:35",
    ),
    (
        Check.WORKERS,
        Severity.WARNING,
        replace(
            clean(), workers=(Worker(name="w1", requests=5), Worker(name="w2", requests=5, joined_at=12.0))
        ),
        "1 worker of 2 with deviations: w2 joined at 00:12",
    ),
    (
        Check.WORKERS,
        Severity.WARNING,
        replace(
            clean(),
            workers=(Worker(name="w1", left_at=30.0, detail="it was stopped"), Worker(name="w2", requests=5)),
        ),
        "w1 left at 00:30 (it was stopped)",
    ),
    (
        Check.GENERATOR,
        Severity.INCONCLUSIVE,
        replace(clean(), generator=Generator(saturated=True, detail="98 % of a core")),
        "saturated: 98 % of a core",
    ),
    (
        Check.PAUSES,
        Severity.INCONCLUSIVE,
        paused(),
        "1 failure while the load generator was paused: GET /tools",
    ),
    (
        Check.PAUSES,
        Severity.WARNING,
        replace(
            clean(), generator=Generator(pauses=(Pause(at=31.0, seconds=4.2), Pause(at=50.0, seconds=1.0)))
        ),
        "load generator was paused for 5.2 s, at most 4.2 s at 00:31",
    ),
    (
        Check.SCHEDULE,
        Severity.INCONCLUSIVE,
        replace(
            clean(),
            generator=Generator(late=latency(0.0, 250.0), scheduling_delay=latency(0.0, 250.0), dropped=9),
        ),
        "load generator fell behind its schedule: idle users started 251 ms late (p99)",
    ),
    (
        Check.SCHEDULE,
        Severity.WARNING,
        replace(clean(), generator=Generator(late=latency(*[2.0] * 98), dropped=2)),
        "2 of 100 scenarios dropped: the gateway cannot sustain the rate",
    ),
    (
        Check.SCHEDULE,
        Severity.WARNING,
        replace(clean(), generator=Generator(dropped=2)),
        "2 of 2 scenarios dropped",
    ),
    (
        Check.SWEEP,
        Severity.INCONCLUSIVE,
        replace(clean(), sweep=Sweep(planned=9, done=8, unfinished=("A.b",))),
        "8 of 9 scenarios",
    ),
    (
        Check.REACHED,
        Severity.INCONCLUSIVE,
        without("GET /version"),
        "1 planned operation not called: GET /version",
    ),
    (Check.REACHED, Severity.INCONCLUSIVE, without("POST /rpc tools/call"), "POST /rpc tools/call"),
    *(
        (
            Check.REACHED,
            severity,
            replace(
                without("GET /tools/{tool_id}"),
                settings=replace(clean().settings, tags=tags),
                scenarios=(ScenarioRuns(name="ToolsUser.lifecycle", started=1, completed=completed),),
            ),
            words,
        )
        for tags, completed, severity, words in (
            (("tools",), 1, Severity.WARNING, "not called by the scenarios that were chosen"),
            (("tools",), 0, Severity.INCONCLUSIVE, "1 planned operation not called: GET /tools/{tool_id}"),
            ((), 1, Severity.INCONCLUSIVE, "1 planned operation not called: GET /tools/{tool_id}"),
        )
    ),
    (
        Check.REACHED,
        Severity.WARNING,
        replace(without("GET /tools/{tool_id}"), failures=(failure("POST /tools"),)),
        "because their scenario failed",
    ),
    (
        Check.REACHED,
        Severity.WARNING,
        replace(without("GET /tools/{tool_id}"), failures=(failure("x", scenario="ToolsUser.lifecycle"),)),
        "because their scenario failed",
    ),
    (
        Check.REACHED,
        Severity.WARNING,
        replace(
            without("GET /tools/{tool_id}"),
            failures=(failure("POST /tools", scenario="ToolsUser.lifecycle"),),
            scenarios=(
                ScenarioRuns(
                    name="ToolsUser.lifecycle",
                    started=3,
                    cut_short=(CutShort(operation="POST /tools", fingerprint="0" * 12, count=3),),
                ),
            ),
        ),
        "not called because their scenario failed: GET /tools/{tool_id} (POST /tools failed)",
    ),
    (
        Check.PLANNED,
        Severity.WARNING,
        replace(
            clean(),
            operations=(*clean().operations, operation("GET /tags", 1, scenario="ToolsUser.lifecycle")),
        ),
        "1 operation called but not planned: GET /tags by ToolsUser.lifecycle",
    ),
    (
        Check.PLANNED,
        Severity.WARNING,
        replace(
            clean(), operations=(*clean().operations, operation("POST /tools", 1, scenario="NewUser.story"))
        ),
        "POST /tools by NewUser.story",
    ),
    (
        Check.TOLD_APART,
        Severity.WARNING,
        replace(clean(), operations=(*clean().operations, operation(FURTHER, 7))),
        "more than 10,000 operations: 7 requests of others recorded together, as 'further operations'",
    ),
    (
        Check.ACCOUNTED,
        Severity.INCONCLUSIVE,
        replace(clean(), operations=(operation("GET /tools", 1, 3),), failures=(failure("GET /tools"),)),
        "GET /tools: 2 of 3",
    ),
    (
        Check.FLOOR,
        Severity.FAILURE,
        replace(clean(), operations=clean().operations[:2]),
        (
            "4 planned operations neither succeeded nor excused: "
            "DELETE /roots/{uri}, POST /rpc, GET /tools/{tool_id} and 1 more (all in verdict.json)"
        ),
    ),
    (
        Check.FLOOR,
        Severity.FAILURE,
        replace(
            clean(),
            operations=(
                *clean().operations[:2],
                *(replace(o, successes=0, drift=o.requests) for o in clean().operations[2:5]),
            ),
        ),
        "3 planned operations neither succeeded nor excused: DELETE /roots/{uri}, POST /rpc, GET /tools/{tool_id}",
    ),
    (
        Check.FLOOR,
        Severity.FAILURE,
        replace(
            clean(),
            operations=(
                *clean().operations[:2],
                *(replace(o, successes=0, drift=o.requests) for o in clean().operations[2:]),
            ),
        ),
        "3 planned operations neither succeeded nor excused: DELETE /roots/{uri}, POST /rpc, GET /tools/{tool_id}",
    ),
    (
        Check.FLOOR,
        Severity.WARNING,
        replace(clean(), settings=Settings(host="", left_out=1)),
        "only 2 of 3 scenarios were chosen",
    ),
    (
        Check.FLOOR,
        Severity.WARNING,
        replace(clean(), settings=Settings(host="", tags=("x",))),
        "limited by tags",
    ),
    *(
        (
            Check.SCENARIOS,
            severity,
            replace(
                clean(),
                contract=(*CONTRACT, "GET /new"),
                gateway=Gateway(version="3.0.8", source=source, data="3.0.7"),
            ),
            "1 operation without a scenario: GET /new",
        )
        for source, severity in (
            ("3.0.7", Severity.FAILURE),
            ("path:../gateway", Severity.WARNING),
            ("http://127.0.0.1:4444", Severity.WARNING),
        )
    ),
    (
        Check.REFUSALS,
        Severity.WARNING,
        replace(
            clean(),
            refusals=Refusals(requests=1, standings={Standing.NOT_RECORDED: {"GET /a: no token": 1}}),
        ),
        "1 refusal not recorded yet: GET /a: no token",
    ),
    (
        Check.REFUSALS,
        Severity.WARNING,
        replace(
            clean(),
            refusals=Refusals(requests=1, standings={Standing.PERMITTED: {"GET /a: no permission": 1}}),
        ),
        "1 operation without a recorded permission answered a user who has no role: GET /a",
    ),
    (
        Check.REFUSALS,
        Severity.WARNING,
        replace(
            clean(), refusals=Refusals(requests=1, standings={Standing.STRICTER: {"GET /a: unknown id": 1}})
        ),
        "1 request refused that used to be answered: GET /a: unknown id",
    ),
    (
        Check.DECIDED,
        Severity.INCONCLUSIVE,
        replace(
            clean(),
            refusals=Refusals(requests=1, standings={Standing.UNDECIDED: {"GET /a: no permission": 1}}),
        ),
        "1 refusal undecided: GET /a: no permission",
    ),
    (
        Check.ENTITIES,
        Severity.WARNING,
        replace(clean(), entities=(EntityCount(kind="tools", before=3, after=4),)),
        "entities leaked: tools: 3 before, 4 after",
    ),
    (
        Check.ENTITIES,
        Severity.WARNING,
        replace(clean(), entities=(EntityCount(kind="tools", before=3, after=3, left=2),)),
        "entities left by scenarios, deleted after the load: tools: 2",
    ),
]
