"""Records of leases that are damaged are found and said to be; what is no lease names none."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import DeniedError, IntegrityError, NotFoundError
from palyra_kernel.nodes.ledger import INPUTS, LEASES, LINES, PAST
from tests.nodes.world import OPERATOR


def put(gateway, key, document):
    gateway.act(lambda change: change.put(key, document))


def damaged(act, *arguments):
    with pytest.raises(IntegrityError) as caught:
        act(*arguments)
    assert caught.value.code == "lease_damaged"


@pytest.mark.parametrize("document", [b"", b"{", b'{"format":2}', b"\xff", b"null"])
def test_a_record_that_is_none(gateway, document):
    """Hazard H32: a torn file stopped everything. A lease or a line that cannot be understood is said to be damaged,
    and other devices go on."""
    device, other = gateway.node(), gateway.node()
    lease = gateway.invoke(device)
    gateway.invoke(other)
    put(gateway, LEASES.key(lease.id), document)
    damaged(gateway.nodes.asking.find, lease.id)
    damaged(gateway.take, device)
    put(gateway, LINES.key(device), document)
    damaged(gateway.take, device)
    assert gateway.done(other).state == "succeeded"


def test_a_newer_record(gateway):
    """Hazard H32: what a newer version wrote is not guessed at."""
    device = gateway.node()
    lease = gateway.invoke(device)
    newer = gateway.records.read(LEASES.key(lease.id)).document.replace(b'"format":1', b'"format":2')
    put(gateway, LEASES.key(lease.id), newer)
    damaged(gateway.take, device)


def test_a_lease_in_the_place_of_another(gateway):
    """Hazard H35: a record that was moved: the lease of one in the place of another, alive or over."""
    device = gateway.node()
    one, two = gateway.invoke(device), gateway.invoke(device)
    document = gateway.records.read(LEASES.key(one.id)).document
    put(gateway, LEASES.key(two.id), document)
    damaged(gateway.nodes.asking.find, two.id)
    put(gateway, PAST.key("01JD8Z6N6V4J1G5E1Q0QK5Z9XW"), document)
    damaged(gateway.nodes.asking.find, "01JD8Z6N6V4J1G5E1Q0QK5Z9XW")


@pytest.mark.parametrize("namespace", [LEASES, INPUTS])
def test_a_line_that_names_what_is_not_there(gateway, namespace):
    """Hazard H32: half of what belongs together is gone. It is damage, and not a lease without an input."""
    device = gateway.node()
    lease = gateway.invoke(device)
    gateway.act(lambda change: change.delete(namespace.key(lease.id)))
    damaged(gateway.take, device)


@pytest.mark.parametrize(
    "text", ["", "x", "../../head", "0" * 10_000, "01jd8z6n6v4j1g5e1q0qk5z9xw", "\ud800"]
)
def test_a_lease_that_is_none(gateway, text):
    """Hazard H41: whatever is in the path of a request is looked up, up to where the store refuses it. What is no id is
    no lease, for whoever asks and for a device."""
    device = gateway.node()
    with pytest.raises(NotFoundError) as missing:
        gateway.nodes.asking.find(text)
    assert missing.value.code == "lease_missing"
    with pytest.raises(DeniedError) as denied:
        gateway.dispatch.report(device, text, b"", "acknowledge")
    assert denied.value.code == "lease_not_held"
    assert gateway.nodes.grants.find(device, text, str(OPERATOR), gateway.time.at) is None
