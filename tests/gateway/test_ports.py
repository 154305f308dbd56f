from __future__ import annotations

import multiprocessing
import socket
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.gateway import ports
from loadtest.gateway.ports import PORTS, require_free, reserved_ports


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one unused port to choose from."""
    with reserved_ports(1) as (unused,):
        monkeypatch.setattr(ports, "PORTS", range(unused, unused + 1))
        monkeypatch.setattr(ports, "ATTEMPTS", 1)


def reserve(answer: Connection) -> None:
    with reserved_ports(1) as (port,):
        answer.send(port)
        answer.recv()


def test_reserved_ports_can_be_listened_on() -> None:
    with reserved_ports(4) as reserved:
        assert len(set(reserved)) == 4
        for port in reserved:
            assert port in PORTS
            require_free(port)
            with socket.create_server(("127.0.0.1", port)):
                pass


def test_no_other_run_gets_a_reserved_port_before_its_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    one_port(monkeypatch)
    here, there = multiprocessing.get_context("fork").Pipe()
    other = multiprocessing.get_context("fork").Process(target=reserve, args=(there,))
    other.start()
    try:
        port = here.recv()
        require_free(port)
        with pytest.raises(InconclusiveError, match="0 free ports between"), reserved_ports(1):
            pass
        here.send(None)
    finally:
        other.join(10)
    assert other.exitcode == 0
    with reserved_ports(1) as (again,):
        assert again == port


def test_a_block_in_the_same_process_gets_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    one_port(monkeypatch)
    with (
        reserved_ports(1),
        pytest.raises(InconclusiveError, match=r"0 free ports between .*, expected 1"),
        reserved_ports(1),
    ):
        pass


def test_a_port_in_use_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    one_port(monkeypatch)
    with (
        socket.create_server(("127.0.0.1", ports.PORTS.start)),
        pytest.raises(InconclusiveError, match="0 free ports"),
        reserved_ports(1),
    ):
        pass


def test_locks_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot be written: Not a directory"), reserved_ports(1):
        pass


@pytest.mark.parametrize(("port", "why"), [(-1, "not between"), (65_536, "not between")])
def test_what_is_no_port(port: int, why: str) -> None:
    with pytest.raises(UsageError, match=rf"port {port} on 127\.0\.0\.1 cannot be used \({why}"):
        require_free(port)
