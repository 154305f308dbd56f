"""Options of a master and its workers."""

from loadtest.app.distributed import MasterOptions, WorkerOptions


def test_a_worker_connects_to_its_master() -> None:
    arguments = WorkerOptions(host="10.0.0.5", port=6000).arguments()
    assert arguments == ("--worker", "--master-host", "10.0.0.5", "--master-port", "6000")


def test_other_workers_take_over_the_users_of_a_lost_worker() -> None:
    arguments = MasterOptions(expect=1, within=1.0, bind="*", port=5557).arguments()
    assert "--enable-rebalancing" in arguments
    assert arguments[:5] == ("--master", "--master-bind-host", "*", "--master-bind-port", "5557")
