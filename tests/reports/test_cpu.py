from msgspec.structs import replace
from sample_runs import clean, did_not_boot

from loadtest.reports import cpu
from loadtest.results.measurements import ResourceSample
from loadtest.results.run import Generator, Run
from loadtest.results.target import Backend, ReplicaUsage


def sample(at: float, seconds: float) -> ResourceSample:
    return ResourceSample(at=at, rss=0, cpu=seconds, descriptors=0, threads=0, processes=1)


def used() -> Run:
    return replace(
        clean(),
        resources=(sample(-9.0, 0.0), sample(0.5, 10.0), sample(30.0, 50.0), sample(60.0, 70.0)),
        backends=(
            Backend(name="mcp", up=True, cpu_seconds=15.0),
            Backend(name="llm", up=True, cpu_seconds=15.0),
            Backend(name="a2a", up=False),
        ),
        generator=Generator(cpu=5.0),
    )


def test_shares_are_of_the_load_and_the_backends_count_once() -> None:
    assert [(one.name, one.seconds, one.share) for one in cpu.cpu_shares(used())] == [
        ("gateway", 60.0, 0.75),
        ("backends", 15.0, 0.1875),
        ("load generator", 5.0, 0.0625),
    ]
    assert (
        cpu.cpu_line(used()) == "CPU: gateway 60.0 s (75%), backends 15.0 s (19%), load generator 5.0 s (6%)"
    )


def test_every_gateway_of_the_first_sweep_counts() -> None:
    run = replace(used(), replicas=(ReplicaUsage(cpu=30.0, backends_cpu=5.0),))
    assert [(one.name, one.seconds) for one in cpu.cpu_shares(run)] == [
        ("2 gateways", 90.0),
        ("backends", 20.0),
        ("load generator", 5.0),
    ]
    assert cpu.gateways_cpu(run) == 90.0


def test_a_sum_with_an_unknown_part_is_not_known() -> None:
    run = replace(used(), replicas=(ReplicaUsage(backends_cpu=5.0),))
    assert cpu.gateways_cpu(run) is None
    assert [one.name for one in cpu.cpu_shares(run)] == ["backends", "load generator"]


def test_processes_that_are_not_measured_are_left_out() -> None:
    assert [one.name for one in cpu.cpu_shares(replace(used(), resources=()))] == [
        "backends",
        "load generator",
    ]
    assert [one.name for one in cpu.cpu_shares(replace(used(), backends=()))] == ["gateway", "load generator"]


def test_one_alone_has_no_share() -> None:
    idle = replace(used(), resources=(), backends=(Backend(name="mcp", up=True, cpu_seconds=0.0),))
    for run in (
        did_not_boot(),
        replace(used(), resources=(), backends=()),
        replace(idle, generator=Generator()),
    ):
        assert (cpu.cpu_shares(run), cpu.cpu_line(run)) == ((), "")
