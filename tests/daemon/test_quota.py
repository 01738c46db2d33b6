"""Shares of connections, against a model that is a list."""

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.open_connections import Connection, OpenConnections
from palyra_kernel.daemon.quota import Quota, Slot
from palyra_kernel.identity.keys import CertificatePrint

LIMITS = Limits(connections=6, per_source=3, half_open=6, half_open_per_source=4)
STEPS = st.lists(
    st.tuples(st.sampled_from(("take", "open", "release")), st.sampled_from("abcde"), st.integers(0, 9)),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_no_order_of_events_breaks_a_share(steps):
    """Hazard H39: a count that was taken and not given back closed the door for ever."""
    quota = Quota(LIMITS)
    half: list[Slot] = []
    full: list[Slot] = []
    for act, source, which in steps:
        if act == "take":
            slot = quota.take(source)
            if slot is not None:
                slot.drop = partial(half.remove, slot)
                half.append(slot)
        elif act == "open" and half:
            slot = half.pop(which % len(half))
            if slot.opened():
                full.append(slot)
        elif act == "release" and half + full:
            slot = (half + full)[which % len(half + full)]
            (half if slot in half else full).remove(slot)
            slot.release()
            slot.release()
        assert (quota.half_open, quota.open) == (len(half), len(full))
        for table, most, each in ((half, 6, 4), (full, 6, 3)):
            assert len(table) <= most
            assert all(sum(slot.source == s for slot in table) <= each for s in "abcde")
    for slot in half + full:
        slot.release()
    assert (quota.half_open, quota.open, quota._half, quota._open) == (0, 0, {}, {})


def test_a_newcomer_gets_in_while_somebody_has_more():
    """Hazard H39: the slots went to whoever came first, and to nobody else."""
    quota = Quota(LIMITS)
    dropped: list[str] = []
    for source in "aaaabb":
        slot = quota.take(source)
        assert slot is not None
        slot.drop = partial(dropped.append, slot.source)
    assert quota.take("c") is not None
    assert dropped == ["a"]
    assert quota.take("a") is None  # it has three, and nobody has more than one more
    assert quota.dropped == 1


def test_the_connections_of_a_void_ca_do_not_come_in_late():
    """Hazard H20: a handshake that had begun before an emergency ended behind it, and was good."""
    table, aborted = OpenConnections(per_device=2), []

    def connection(issuer):
        return Connection("device", CertificatePrint("p"), issuer, lambda: aborted.append(issuer))

    table.keep_issued_by(frozenset({"old"}))
    table.add(connection("old"))
    table.keep_issued_by(frozenset({"old", "new"}))
    table.add(connection("new"))
    table.keep_issued_by(frozenset({"new"}))
    assert (aborted, len(table)) == (["old"], 1)
    table.add(connection("old"))
    assert (aborted, len(table)) == (["old", "old"], 1)
    table.shut()
    assert (len(table), table.accepting, table.cuts) == (0, False, 3)
