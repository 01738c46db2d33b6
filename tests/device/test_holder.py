"""What a device keeps: whole after every crash, apart from what a gateway keeps, and never handed out."""

from __future__ import annotations

import pytest

from palyra_kernel import Kernel
from palyra_kernel.device.connecting import dial
from palyra_kernel.device.documents import SELF
from palyra_kernel.device.keys import IDENTITY, tls_ref
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError
from palyra_kernel.identity.certificates.keys import new_key, packed
from palyra_kernel.records import Change
from palyra_kernel.testing import MemoryRecordStore
from tests.device.world import HOUR, Gateway, Machine, PaperLink
from tests.support import Parts


class Killed(BaseException):
    """The process is gone."""


class Dying(MemoryRecordStore):
    """Dies before or behind commit number *left*, and lives again once it did."""

    left: int | None = None
    before = False

    def commit(self, *arguments, **options):
        if self.left is None:
            return super().commit(*arguments, **options)
        self.left -= 1
        if self.left < 0 and self.before:
            self.left = None
            raise Killed
        done = super().commit(*arguments, **options)
        if self.left is not None and self.left < 0:
            self.left = None
            raise Killed
        return done


def paper(gateway, doors, source):
    """Enrolment without a network, so that no quota of one source is used up; work by TLS."""

    def dialled(url, context):
        return dial(url, context) if url == doors.urls[1] else PaperLink(gateway, source)

    return dialled


def life(machine, gateway, urls):
    """From wherever *machine* is to a device with its second certificate."""
    device, known = machine.restart(), machine.held
    if known is None or known.gateway is None:
        run = device.enrolment.under_way()
        if run is None:
            run = device.enrolment.begin(gateway.pin(), *urls, "node")
        if gateway.pairings[-1].now(gateway.clock.now_ms()) == "awaiting_approval":
            gateway.decide()
        device.enrolment.decided(run)
    device.work.connected().link.close()
    if not machine.came_back:
        device.renewal.reenter()
        machine.came_back = True
    device.work.connected().link.close()


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_killed_at_any_write_it_goes_on_where_it_was(tmp_path, gateway, doors, before):
    """Hazard H32: state that was written in parts. Whatever kills the program, the device ends with one certificate
    that the gateway takes, and with the keys that belong to it."""
    deaths = 0
    for number in range(0, 40, 1 if before else 3):  # behind a write is nearly before the next one
        store = Dying.open(f"memory://{tmp_path}/{number}")
        parts = Parts(tmp_path / f"device{number}", store=store, keep=1)
        machine = Machine(None, gateway, parts=parts)
        machine.came_back = False
        machine.dial = paper(gateway, doors, f"192.0.2.{number}")
        store.left, store.before = number, before
        died = False
        for _ in range(3):
            try:
                life(machine, gateway, doors.urls)
                break
            except Killed:
                died = True
        store.left = None
        assert machine.held.next is None
        assert sorted(machine.secrets()) == [
            "device/agreement",
            "device/identity",
            f"device/tls/{machine.held.current.key}",
        ]
        if not died:
            break
        deaths += 1
    assert 3 <= deaths < 39


def test_a_store_is_of_a_gateway_or_of_a_device(tmp_path, gateway):
    """Hazard H36: a node wrote over the key of the gateway's CA."""
    both = Machine(None, gateway, parts=gateway.parts)
    before = both.secrets()
    with pytest.raises(ConflictError) as caught:
        both.device.holder.begin("node")
    assert caught.value.code == "other_role"
    assert both.secrets() == before
    machine = Machine(tmp_path / "device", gateway)
    machine.device.holder.begin("node")
    before = machine.secrets()
    with pytest.raises(ConflictError) as caught:
        Gateway(tmp_path / "second", parts=machine.parts)
    assert caught.value.code == "other_role"
    assert machine.secrets() == before


def test_the_keys_live_in_the_vault_alone(tmp_path):
    """Hazard H35: keys beside the data. What is on disk opens with the vault's key, and no file has a key in it."""
    with Kernel.open(
        state_root=tmp_path / "state", config_dir=tmp_path / "config", plugins=["file"], create=True
    ) as kernel:
        holder = kernel.device.holder
        assert holder.find() is None
        known = holder.begin("node")
        seed = kernel.vault.get(IDENTITY).reveal()
        assert known.enrolling is not None
        tls = kernel.vault.get(tls_ref(known.enrolling.key)).reveal()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files for secret in (seed, tls) if secret in path.read_bytes()]
    with Kernel.open(
        state_root=tmp_path / "state", config_dir=tmp_path / "config", plugins=["file"]
    ) as kernel:
        assert kernel.device.holder.read() == known


def test_a_key_that_is_not_its_own_is_not_used(machine):
    """Hazard H35: records and keys that were swapped."""
    holder = machine.device.holder
    known = holder.begin("node")
    other = holder.begin("node")
    assert other.enrolling.key != known.enrolling.key
    with pytest.raises(IntegrityError) as caught:
        holder.keys.tls(known.enrolling.key)
    assert caught.value.code == "device_key_missing"
    with packed(new_key()) as stranger:
        machine.parts.vault.put(tls_ref(other.enrolling.key), stranger)
    with pytest.raises(IntegrityError) as caught:
        holder.keys.tls(other.enrolling.key)
    assert caught.value.code == "device_key_mismatch"
    machine.parts.vault.put(IDENTITY, bytes(32))
    with pytest.raises(IntegrityError) as caught:
        holder.keys.identity(known.identity_key)
    assert caught.value.code == "device_key_mismatch"


def test_a_record_that_nobody_understands_is_said(machine):
    """Hazard H32: a torn file stopped the start without a word of where to look."""
    machine.device.holder.begin("node")
    change = Change()
    change.put(SELF, b'{"format":2}')
    machine.parts.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        machine.restart().holder.read()
    assert caught.value.code == "device_damaged"


def test_who_is_no_device_is_told_what_to_do(machine):
    with pytest.raises(NotFoundError, match="not paired"):
        machine.device.work.connected()
    machine.device.holder.begin("node")
    for act in (machine.device.work.connected, machine.device.renewal.tend, machine.device.holder.next_key):
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(ConflictError) as caught:
        machine.device.holder.begin("desktop")
    assert caught.value.code == "other_kind"


def test_no_answer_replaces_the_next_certificate_of_another_key(tmp_path):
    """Hazard H26: an answer to what was asked before, or by another program."""
    gateway = Gateway(tmp_path / "gateway")
    gateway.offset_ms = -HOUR
    machine = Machine(tmp_path / "device", gateway)
    machine.pair_on_paper()
    gateway.offset_ms = 0
    holder = machine.device.holder
    following = holder.next_key()
    assert holder.next_key() == following
    issued = gateway.identity.admission.renewed(machine.held.id, holder.keys.request(following.key))
    for key, code in ((following.key[::-1], "device_changed"), (following.key, None)):
        try:
            holder.renewed(key, issued.certificates, issued.bundle)
            raised = None
        except PalyraError as error:
            raised = error.code
        assert raised == code
    other = Machine(tmp_path / "other", gateway)
    other.pair_on_paper()
    wanted = other.device.holder.next_key()
    with pytest.raises(PalyraError) as caught:
        other.device.holder.renewed(wanted.key, issued.certificates, issued.bundle)
    assert caught.value.code == "certificate_refused"
