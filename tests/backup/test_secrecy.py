"""What a stolen backup tells: sizes and times, and no key, name or value."""

import os
import tracemalloc

import pytest

from palyra_kernel import Unlock
from palyra_kernel.keys.file import FileProtector
from palyra_kernel.keys.slots import KEYRING_FILE, read_keyring
from tests.backup.machines import Sheet

MIB = 1024 * 1024


def root_of(machine):
    document = read_keyring(machine.places.state_root / KEYRING_FILE)
    slot = next(slot for slot in document.slots if slot.kind == "file")
    unlock = Unlock(key_folder=machine.places.config_dir / "keys")
    with FileProtector().unwrap(slot.data, slot.context(document.vault_id), unlock) as root:
        return root.reveal()


def test_no_key_no_name_and_no_value_is_in_it(here):
    """Hazard S1: 0 bytes of the root key in a backup; S3: no names on disk."""
    value = os.urandom(40)
    sheet = here.make(**{"payments/stripe_live": value})
    here.backup()
    data = here.file.read_bytes()
    (key_file,) = (here.places.config_dir / "keys").iterdir()
    for secret in (
        value,
        root_of(here),
        key_file.read_bytes(),
        sheet.text,
        b"payments",
        b"stripe",
        b"global",
    ):
        assert secret not in data
        assert secret[:16] not in data


def test_what_lies_in_the_open_is_the_header_alone(here):
    here.make(a=b"1")
    report = here.backup()
    data = here.file.read_bytes()
    for shown in (report.vault_id.encode(), b'"backend":"file"', report.recipients[0].encode()):
        assert data.count(shown) == 1
    assert b"wrapped" not in data, "the slots are inside"


def test_two_backups_of_one_state_share_nothing_but_the_header(here):
    """A fresh key for each: equal parts would tell what did not change."""
    here.make(**{f"k{number}": bytes(2000) for number in range(8)})
    here.backup()
    here.backup(here.base / "second")
    first, second = here.file.read_bytes(), (here.base / "second").read_bytes()
    start = 12 + int.from_bytes(first[8:12], "big")
    blocks = {first[at : at + 16] for at in range(start, len(first) - 16)}
    assert not any(second[at : at + 16] in blocks for at in range(start, len(second) - 16))


@pytest.mark.timeout(300)
def test_memory_does_not_grow_with_the_vault(here, elsewhere):
    """Hazard P1, in another place: a vault of 64 MiB in buffers of a few."""
    (here.places.config_dir).mkdir(mode=0o700)
    for machine in (here, elsewhere):
        machine.places.config_dir.mkdir(mode=0o700, exist_ok=True)
        (machine.places.config_dir / "palyra.toml").write_text("[vault]\nmax_value_bytes = 2097152\n")
    sheet: Sheet = here.make()
    with here.places.open() as kernel:
        for number in range(64):
            kernel.vault.put(f"k{number}", bytes([number]) * MIB)
    tracemalloc.start()
    try:
        here.backup()
        of_backup = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        elsewhere.restore(here.file, sheet)
        of_restore = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert here.file.stat().st_size > 64 * MIB
    assert (of_backup < 24 * MIB, of_restore < 24 * MIB) == (True, True), (of_backup, of_restore)
