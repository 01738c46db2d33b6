"""Who comes in at the work door, and who does not."""

import ssl

import pytest

from tests.daemon.client import Refused, Wire


def test_a_device_is_known_by_its_certificate(gateway, daemon, tmp_path):
    """Hazard H42: a device was paired on paper, and no mTLS was possible with what it had."""
    known = gateway.paired()
    with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
        found = wire.who()
    assert found["principal"] == f"device:{known.id}"
    assert found["server"] == daemon.contexts.current.leaf_hash.hex()
    assert gateway.identity.devices.find(known.id).certificate.print == known.leaf.print
