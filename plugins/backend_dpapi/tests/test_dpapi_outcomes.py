"""Another system, user, vault or place; damage, a full disk, a dead writer: each its own clear outcome."""

import errno
import os
import sys
from contextlib import closing

import pytest

from palyra_backend_dpapi import DpapiBackend, DpapiProtector
from palyra_kernel import (
    BlobPlace,
    ConflictError,
    Deadline,
    IntegrityError,
    PalyraError,
    SensitiveBytes,
    SlotContext,
    UnavailableError,
    Unlock,
)
from plugins.backend_dpapi.tests.conftest import BAD_KEY_STATE, UNCHECKED

KEY = bytes(range(32))
ONE, TWO = "1" * 32, "2" * 32
CONTEXT = SlotContext(vault_id="0" * 32, slot_id="00000000", kind="dpapi", params={})


@pytest.fixture
def backend(windows, place):
    with closing(DpapiBackend.open(place)) as opened:
        yield opened


def soon():
    return Deadline.after(60)


def outcome(call):
    """The class of the error that *call* raises, and its code."""
    with pytest.raises(PalyraError) as caught:
        call()
    return type(caught.value), caught.value.code


def file_of(place, blob_id):
    return place.folder / "dpapi" / blob_id


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_elsewhere_than_on_windows_it_says_so(place):
    """Hazard U14: a store that cannot work here was chosen anyway, or failed without a reason."""
    with pytest.raises(UnavailableError) as caught:
        DpapiBackend.open(place)
    assert (caught.value.code, caught.value.exit_code) == ("unsupported", 6)
    assert "palyra vault migrate" in str(caught.value.hint)
    assert "Windows" in str(DpapiProtector().available())
    assert list(place.folder.iterdir()) == []


def test_a_system_error_of_the_trial_is_a_reason(windows):
    windows.failing = BAD_KEY_STATE
    assert "NTE_BAD_KEY_STATE" in str(DpapiProtector().available())
    windows.failing = None
    assert DpapiProtector().available() is None


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (13, IntegrityError, "wrong_key"),
        (2, UnavailableError, "no_master_key"),
        (BAD_KEY_STATE, UnavailableError, "no_master_key"),
        (BAD_KEY_STATE - 2**32, UnavailableError, "no_master_key"),
        (0x80090016, UnavailableError, "no_master_key"),
        (5, UnavailableError, "refused"),
        (1325, UnavailableError, "refused"),
        (14, UnavailableError, "windows_error"),
    ],
)
def test_each_fault_has_its_own_outcome(windows, backend, number, kind, code):
    """Hazard S20, hazard U15: tampered, wrong user and broken were one error elsewhere. Windows gives numbers, some of
    them negative."""
    backend.put({ONE: b"blob"}, soon())
    slot = DpapiProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    windows.failing = number
    assert outcome(lambda: backend.get([ONE], soon())) == (kind, code)
    assert outcome(lambda: DpapiProtector().unwrap(slot, CONTEXT, Unlock())) == (kind, code)
    assert outcome(lambda: backend.put({TWO: b"blob"}, soon()))[1] == code
    windows.failing = None
    assert backend.get([ONE, TWO], soon()) == {ONE: b"blob"}


@pytest.mark.parametrize("how", ["another user", "a password that was reset"])
def test_without_the_master_key_nothing_is_lost(windows, backend, how):
    """Hazard D8: what cannot be read now was said not to exist, so it was written over."""
    backend.put({ONE: b"blob"}, soon())
    slot = DpapiProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    before = dict(windows.users)
    if how == "another user":
        windows.log_in("mallory")
    else:
        windows.reset_password()
    assert outcome(lambda: backend.get([ONE], soon())) == (UnavailableError, "no_master_key")
    assert outcome(lambda: DpapiProtector().unwrap(slot, CONTEXT, Unlock()))[1] == "no_master_key"
    assert outcome(lambda: backend.put({ONE: b"other"}, soon())) == (ConflictError, "blob_exists")
    assert backend.list(None, 10) == [ONE]
    windows.users, windows.user = before, "alice"
    assert backend.get([ONE], soon()) == {ONE: b"blob"}


def test_the_files_of_another_vault_do_not_open(backend, place):
    """Hazard D9: the same user, another vault."""
    backend.put({ONE: b"blob"}, soon())
    with closing(DpapiBackend.open(BlobPlace(folder=place.folder, vault_id="f" * 32))) as other:
        assert outcome(lambda: other.get([ONE], soon())) == (IntegrityError, "wrong_key")


@pytest.mark.parametrize("change", ["altered", "cut", "emptied", "swapped", "foreign", "too long"])
def test_a_file_that_was_changed_does_not_open(backend, place, change):
    """Hazard S4: files could be swapped, and both still opened."""
    backend.put({ONE: b"one" * 99, TWO: b"two" * 99}, soon())
    path = file_of(place, ONE)
    sealed = path.read_bytes()
    path.write_bytes(
        {
            "altered": sealed[:-1] + bytes([sealed[-1] ^ 1]),
            "cut": sealed[:-1],
            "emptied": b"",
            "swapped": file_of(place, TWO).read_bytes(),
            "foreign": b"one" * 99,
            "too long": bytes(backend.capabilities().max_blob_bytes + 4097),
        }[change]
    )
    kind, code = outcome(lambda: backend.get([ONE], soon()))
    if change == "foreign":  # it seems to name another master key
        assert (kind, code) == (UnavailableError, "no_master_key")
    else:
        assert (kind, code) == (IntegrityError, "file_too_large" if change == "too long" else "wrong_key")
    assert backend.get([TWO], soon()) == {TWO: b"two" * 99}


def test_a_slot_has_one_spelling(windows):
    """DPAPI does not look at the first bytes of what it made: changed there, it still opens. A slot does not."""
    slot = DpapiProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    native = windows.protect(KEY, b"")
    assert windows.unprotect(bytes(len(UNCHECKED)) + native[len(UNCHECKED) :], b"") == KEY
    other = {**slot, "wrapped": "AAAA" + str(slot["wrapped"])[4:]}
    assert outcome(lambda: DpapiProtector().unwrap(other, CONTEXT, Unlock()))[1] == "damaged_slot"


def test_the_key_is_left_in_no_buffer(windows):
    """Hazard S12: copies of keys were never wiped. Of what Windows hands out only the caller's buffer stays."""
    slot = DpapiProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    with DpapiProtector().unwrap(slot, CONTEXT, Unlock()) as key:
        assert key.reveal() == KEY
    short = DpapiProtector().wrap(SensitiveBytes(KEY[:31]), CONTEXT, Unlock())
    assert outcome(lambda: DpapiProtector().unwrap(short, CONTEXT, Unlock())) == (IntegrityError, "wrong_key")
    assert [set(buffer) for buffer in windows.given] == [{0}, {0}]


@pytest.mark.parametrize("size", [8_191, 8_192, 8_193, 65_536, 32 * 1024 * 1024])
def test_every_size_up_to_the_maximum(backend, size):
    """Hazard D7: equal bytes at the limits of others and at our own."""
    blob = os.urandom(1024) * (size // 1024 + 1)
    assert size <= backend.capabilities().max_blob_bytes
    backend.put({ONE: blob[:size]}, soon())
    assert backend.get([ONE], soon()) == {ONE: blob[:size]}


def test_a_full_disk_loses_nothing(backend, place, monkeypatch):
    """Hazard U15: a full disk was "Io". Half a file is no file."""
    backend.put({ONE: b"blob"}, soon())
    write = os.write

    def full(fd, data):
        write(fd, data[:10])
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert outcome(lambda: backend.put({TWO: b"blob"}, soon())) == (UnavailableError, "disk_full")
    assert backend.get([ONE, TWO], soon()) == {ONE: b"blob"}
    assert [path.name for path in (place.folder / "dpapi").iterdir()] == [ONE]
    backend.put({TWO: b"blob"}, soon())


def test_a_folder_that_cannot_be_made(windows, place):
    place.folder.rmdir()
    assert outcome(lambda: DpapiBackend.open(place)) == (UnavailableError, "folder_not_made")


def test_what_a_dead_writer_left_is_collected(backend, place):
    """Hazard D17: what a crash leaves stays for ever where nobody lists it. Half a file is absent, and is listed."""
    backend.put({ONE: b"blob"}, soon())
    file_of(place, TWO + ".new").write_bytes(b"ha")
    assert backend.get([TWO], soon()) == {}
    assert backend.list(None, 10) == [ONE, TWO]
    assert list(backend.check()) == []
    backend.delete([TWO], soon())
    assert backend.list(None, 10) == [ONE]


def test_files_of_others_are_named_and_left_alone(backend, place):
    file_of(place, "Thumbs.db").write_bytes(b"")
    backend.put({ONE: b"blob"}, soon())
    assert backend.list(None, 10) == [ONE]
    assert len(backend.check()) == 1


def test_a_folder_that_is_gone_is_no_empty_one(backend, place):
    """Hazard D8: everything seemed never to have existed."""
    backend.put({ONE: b"blob"}, soon())
    (place.folder / "dpapi").rename(place.folder / "elsewhere")
    for call in (
        lambda: backend.get([ONE], soon()),
        lambda: backend.list(None, 10),
        backend.check,
        lambda: backend.delete([ONE], soon()),
        lambda: backend.put({TWO: b"blob"}, soon()),
    ):
        assert outcome(call) == (UnavailableError, "folder_missing")


def test_a_passed_deadline_is_unavailable(backend):
    """Hazard K7: what is too late is not begun."""
    late = Deadline.after(-1)
    for call in (
        lambda: backend.put({ONE: b"blob"}, late),
        lambda: backend.get([ONE], late),
        lambda: backend.delete([ONE], late),
    ):
        assert outcome(call) == (UnavailableError, "deadline")
    assert backend.list(None, 10) == []
