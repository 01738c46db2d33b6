"""Backend, slot and vault on the real calls: on Windows, and under Wine (see test_dpapi_wine.py)."""

import ctypes
import os
import subprocess
import sys
from contextlib import closing

import pytest

from palyra_backend_dpapi import DpapiBackend, DpapiProtector, _native
from palyra_kernel import BlobPlace, Deadline, IntegrityError, PalyraError, Unlock
from palyra_kernel.testing import BlobBackendContract, KeyProtectorContract

assert sys.platform == "win32"

ON_WINE = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
ON = {"plugins": ["dpapi"], "backend": "dpapi"}
VALUE = b"a value that nobody else may learn"


class TestDpapiBackend(BlobBackendContract):
    largest = 32 * 1024 * 1024
    many = 100 if ON_WINE else 1_200
    processes = 2 if ON_WINE else 8  # they start slowly there

    @pytest.fixture
    def backend(self, place):
        return DpapiBackend.open(place)


class TestDpapiProtector(KeyProtectorContract):
    @pytest.fixture
    def protector(self):
        return DpapiProtector()

    @pytest.fixture
    def missing_unlocks(self):
        return ()  # another user of Windows is not at hand; test_dpapi_outcomes.py has one

    def test_it_is_available(self, protector):
        assert protector.available() is None


def soon():
    return Deadline.after(60)


@pytest.mark.parametrize(
    ("given", "entropy"),
    [("whole", b"other"), ("whole", b""), ("cut", b"entropy"), ("altered", b"entropy"), ("", b"entropy")],
)
def test_what_windows_refuses(given, entropy):
    """Hazard U17: elsewhere the tests used messages of their own making. The number that failures.py is written for."""
    sealed = _native.protect(b"data" * 20, b"entropy")
    assert _native.unprotect(sealed, b"entropy") == b"data" * 20
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(OSError) as caught:
        _native.unprotect({"whole": sealed, "cut": sealed[:-1], "altered": altered, "": b""}[given], entropy)
    assert caught.value.winerror == 13 or not given


def test_windows_is_told_not_to_ask(monkeypatch):
    """Hazard K7: a prompt inside a call freezes the vault, and a service has nobody to answer it."""
    real, flags = _native._crypt32, []

    class Watched:
        def __getattr__(self, name):
            def call(*arguments):
                flags.append((name, arguments[5]))
                return getattr(real, name)(*arguments)

            return call

    monkeypatch.setattr(_native, "_crypt32", Watched())
    assert _native.unprotect(_native.protect(b"data", b"entropy"), b"entropy") == b"data"
    assert flags == [("CryptProtectData", 1), ("CryptUnprotectData", 1)]  # CRYPTPROTECT_UI_FORBIDDEN


def test_the_folder_is_the_users_alone(place):
    """Hazard S11: folders that inherit who may read them, from wherever the state root was put."""
    with closing(DpapiBackend.open(place)) as backend:
        backend.put({"a" * 32: b"blob"}, soon())
    with pytest.raises(FileExistsError):
        _native.make_folder(place.folder / "dpapi")
    if ON_WINE:
        return  # it keeps no access lists; on Windows these are the ones that count
    for path in (place.folder / "dpapi", place.folder / "dpapi" / ("a" * 32)):
        shown = subprocess.run(["icacls", path], capture_output=True, text=True, check=True).stdout
        entries = [line for line in shown.replace(str(path), "").splitlines() if ":(" in line or ":F" in line]
        assert len(entries) == 1, shown
        assert os.environ["USERNAME"].lower() in entries[0].lower()
        assert "(F)" in entries[0]


def test_a_vault_lives_there_and_its_slot_opens_it(places):
    """A whole kernel, in another process's eyes: opened again, the key file gone, every byte as it was."""
    with places.create(**ON) as kernel:
        kernel.vault.put("openai/api_key", VALUE)
        if not any(slot.kind == "dpapi" for slot in kernel.slots.list()):
            kernel.slots.add("dpapi", Unlock(), unlock=Unlock())
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    with places.open(**ON) as kernel:
        assert kernel.vault.get("openai/api_key") == VALUE
        assert kernel.vault.put("openai/api_key", b"new").version == 2
        assert kernel.verify() == []
    for path in places.files():
        assert VALUE not in path.read_bytes()


def test_files_that_changed_places_do_not_open(place):
    """Hazard S4: without what binds a file to its place, two of them can be swapped."""
    first, second = "a" * 32, "b" * 32
    with closing(DpapiBackend.open(place)) as backend:
        backend.put({first: b"first", second: b"second"}, soon())
        folder = place.folder / "dpapi"
        (folder / first).rename(folder / "x")
        (folder / second).rename(folder / first)
        (folder / "x").rename(folder / second)
        for blob_id in (first, second):
            with pytest.raises(IntegrityError) as caught:
                backend.get([blob_id], soon())
            assert caught.value.code == "wrong_key"
    other = DpapiBackend.open(BlobPlace(folder=place.folder, vault_id="0" * 32))
    with closing(other), pytest.raises(IntegrityError):
        other.get([first], soon())


def test_every_altered_byte_is_refused_or_harmless(place):
    """DPAPI does not look at every byte of its header: what it then gives back is what was stored."""
    blob_id = "a" * 32
    path = place.folder / "dpapi" / blob_id
    with closing(DpapiBackend.open(place)) as backend:
        backend.put({blob_id: VALUE}, soon())
        sealed = path.read_bytes()
        refused = 0
        for at in range(len(sealed)):
            path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
            try:
                assert backend.get([blob_id], soon()) == {blob_id: VALUE}
            except PalyraError as error:
                refused += 1
                assert error.exit_code in (6, 8)  # noqa: PT017  # most raise
        assert refused >= len(VALUE)
