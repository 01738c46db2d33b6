"""The capabilities that every node has keep the contract, and say no more of a machine than they have to."""

from __future__ import annotations

import getpass
import platform
import socket
from pathlib import Path

import msgspec
import pytest

from palyra_kernel import __version__
from palyra_kernel.contracts.capabilities import CapabilityCall
from palyra_kernel.device.builtin import palyra_capabilities
from palyra_kernel.device.capabilities.echo import Echo
from palyra_kernel.device.capabilities.health import SystemHealth
from palyra_kernel.device.capabilities.identity import SystemIdentity
from palyra_kernel.plugins.guard_capabilities import close_capabilities, open_capabilities
from palyra_kernel.testing import CapabilityContract
from palyra_kernel.testing.capabilities.base import DEVICE, asked
from palyra_kernel.values import Deadline


class TestEcho(CapabilityContract):
    @pytest.fixture
    def capability(self, place):
        return Echo.open(place)

    @pytest.fixture
    def good(self):
        return [b"{}", b' "ab" ', b'"' + b"x" * 65_534 + b'"']

    @pytest.fixture
    def bad(self):
        return []


class TestHealth(CapabilityContract):
    repeats = False

    @pytest.fixture
    def capability(self, place):
        return SystemHealth.open(place)

    @pytest.fixture
    def good(self):
        return [b"{}", b"null", b" {} "]

    @pytest.fixture
    def bad(self):
        return [b"[]", b'{"disk":"/"}', b"0"]


class TestIdentity(CapabilityContract):
    @pytest.fixture
    def capability(self, place):
        return SystemIdentity.open(place)

    @pytest.fixture
    def good(self):
        return [b"{}", b"null"]

    @pytest.fixture
    def bad(self):
        return [b"[]", b'{"device":"another"}']


def test_the_hook_offers_them():
    assert palyra_capabilities() == [Echo, SystemHealth, SystemIdentity]


@pytest.fixture
def opened(kernel):
    """As a node opens them: from the registry of its own kernel, behind the guard."""
    made = open_capabilities(kernel.plugins.registry.capabilities, DEVICE, {})
    yield made
    close_capabilities(tuple(made.values()))


def test_a_kernel_has_them(opened):
    assert list(opened) == ["echo", "system.health", "system.identity"]
    assert {each.sensitivity for each in opened.values()} == {"plain"}


def test_what_a_node_says_of_itself(opened):
    """Inventories elsewhere had host names, users and paths in them, for everybody who may list nodes."""
    health = msgspec.json.decode(asked(opened["system.health"], b"{}"))
    assert health["uptime_seconds"] > 0
    assert 0 < health["disk_free_bytes"] <= health["disk_total_bytes"]
    assert health["python"] == platform.python_version()
    identity = msgspec.json.decode(asked(opened["system.identity"], b"{}"))
    assert identity == {
        "device": DEVICE,
        "system": platform.system(),
        "machine": platform.machine(),
        "kernel_version": __version__,
    }
    said = f"{health}{identity}"
    for private in (socket.gethostname(), str(Path.home()), getpass.getuser()):
        assert private not in said or len(private) < 4


def test_echo_gives_back_every_byte(opened):
    assert opened["echo"].run(b' {"a" : 1.0}', CapabilityCall(Deadline.after(20))) == b' {"a" : 1.0}'
