"""What a master and its workers are asked to be, and what a person must say."""

import pytest

from loadtest.app.distributed import EVERYWHERE, PORT, Master, Servant, master, servant
from loadtest.core.errors import UsageError


def test_a_master_by_default_waits_for_one_worker_on_every_address() -> None:
    assert master(environ={}) == Master(expect=1, within=120.0, bind=EVERYWHERE, port=PORT)


def test_options_go_before_the_environment() -> None:
    environ = {
        "LOADTEST_EXPECT_WORKERS": "3",
        "LOADTEST_WORKERS_WITHIN": "5m",
        "LOADTEST_MASTER_BIND": "10.0.0.5",
        "LOADTEST_MASTER_PORT": "6000",
        "LOADTEST_MASTER_HOST": "10.0.0.5",
    }
    assert master(environ=environ) == Master(expect=3, within=300.0, bind="10.0.0.5", port=6000)
    assert master(environ=environ, expect_workers=2, workers_within="9s", master_port=7000) == Master(
        expect=2, within=9.0, bind="10.0.0.5", port=7000
    )
    assert servant(environ=environ) == Servant(host="10.0.0.5", port=6000)
    assert servant(environ=environ, master_host="m", master_port=7000) == Servant(host="m", port=7000)


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(
        UsageError, match=f"LOADTEST_EXPECT_WORKERS={value}: expected a whole number from 1 to 10000"
    ):
        master(environ={"LOADTEST_EXPECT_WORKERS": value})


def test_a_wait_that_is_none_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="time to wait for workers 'soon': expected a duration"):
        master(environ={}, workers_within="soon")


def test_a_worker_must_know_where_its_master_is() -> None:
    with pytest.raises(UsageError, match="LOADTEST_MASTER_HOST: expected the address"):
        servant(environ={"LOADTEST_MASTER_HOST": ""})


def test_locust_is_told_to_let_others_do_what_a_lost_worker_did() -> None:
    assert "--enable-rebalancing" in master(environ={}).arguments()
