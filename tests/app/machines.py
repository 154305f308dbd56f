"""Several machines on this one: network namespaces on a bridge, each with a host name of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

NETWORK = "198.18.{}.{}"
"""In the range that RFC 2544 reserves for network benchmarks."""
_numbers = itertools.count(os.getpid() % 200)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Host:
    """One machine in addition to the one that runs the test."""

    name: str
    namespace: str
    cable: str
    """Its link's end on the bridge."""
    address: str

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs ``arguments`` there, in the process that is started."""
        script = f'echo {self.name} > /proc/sys/kernel/hostname && exec "$@"'
        return [
            "ip",
            "netns",
            "exec",
            self.namespace,
            "unshare",
            "--uts",
            "sh",
            "-c",
            script,
            "sh",
            *arguments,
        ]

    def cut_off(self) -> None:
        ip("link", "set", self.cable, "down")

    def connect(self) -> None:
        ip("link", "set", self.cable, "up")


@dataclass(frozen=True)
class Network:
    """A bridge on which the test's own machine has ``address``."""

    address: str
    hosts: dict[str, Host]


@contextlib.contextmanager
def network(*names: str) -> Iterator[Network]:
    """Connect machines of these names; all of it is gone with the block.

    Raises:
        subprocess.CalledProcessError: this machine has no network namespaces, or we may not make any.
    """
    number = next(_numbers)
    bridge, ours = f"ltbr{number}", NETWORK.format(number, 1)
    with contextlib.ExitStack() as stack:
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(ip, "link", "delete", bridge)
        ip("address", "add", f"{ours}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        hosts = {}
        for place, name in enumerate(names, 10):
            host = Host(name, f"lt{number}-{name}", f"lt{number}{name}", NETWORK.format(number, place))
            ip("netns", "add", host.namespace)
            stack.callback(ip, "netns", "delete", host.namespace)
            ip("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
            ip("link", "set", host.cable, "master", bridge, "up")
            for setting in (
                ("address", "add", f"{host.address}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                ip("-n", host.namespace, *setting)
            hosts[name] = host
        yield Network(ours, hosts)
