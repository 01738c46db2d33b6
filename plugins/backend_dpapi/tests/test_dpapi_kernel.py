"""A vault on DPAPI, and what is done to its files; on a Windows of the test."""

import sys
from contextlib import closing

import pytest

from palyra_backend_dpapi import opening
from palyra_kernel import Deadline, IntegrityError, InvalidInputError, UnavailableError, Unlock
from palyra_kernel.kernel.offers import open_backend
from palyra_kernel.plugins import PluginHost
from tests.support import Places

ON = {"plugins": ["dpapi"], "backend": "dpapi"}
BOTH = {"plugins": ["dpapi", "file"]}
VALUE = b"a value that nobody else may learn"
REALLY = opening.new_native  # before a test puts another in its place


@pytest.fixture
def kernel(windows, places):
    with places.create(**ON) as kernel:
        yield kernel


def files(places):
    return sorted((places.state_root / "objects" / "dpapi").iterdir())


def refused(kernel, key):
    with pytest.raises(IntegrityError) as caught:
        kernel.vault.get(key)
    assert caught.value.exit_code == 8


def test_a_vault_lives_there(kernel, places):
    kernel.vault.put("openai/api_key", VALUE)
    kernel.close()
    with places.open(**ON) as again:
        assert again.vault.get("openai/api_key") == VALUE
        assert again.vault.put("openai/api_key", b"new").version == 2
        assert again.verify() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_the_same_state_root_elsewhere_than_on_windows(kernel, places, monkeypatch):
    """A pin that names a store of another system is an error that says how to go on. Nothing falls back, or is lost."""
    kernel.vault.put("a", VALUE)
    kernel.close()
    before = {path: path.read_bytes() for path in places.files()}
    monkeypatch.setattr(opening, "new_native", REALLY)
    with pytest.raises(UnavailableError) as caught:
        places.open(**BOTH)
    assert (caught.value.code, caught.value.exit_code) == ("unsupported", 6)
    assert "migrate" in str(caught.value.hint)
    assert {path: path.read_bytes() for path in places.files() if path in before} == before


@pytest.mark.parametrize("change", ["altered", "truncated", "emptied", "removed"])
def test_what_a_stranger_changes_is_refused(kernel, places, change):
    """Hazard D8: a lost or damaged blob could be neither read, overwritten nor deleted."""
    kernel.vault.put_many({"a": VALUE, "b": VALUE})
    for path in files(places):
        sealed = path.read_bytes()
        if change == "removed":
            path.unlink()
        else:
            new = {"altered": sealed[:-1] + bytes([sealed[-1] ^ 1]), "truncated": sealed[:-1], "emptied": b""}
            path.write_bytes(new[change])
    for key in "ab":
        refused(kernel, key)
    assert kernel.verify() != []
    assert kernel.vault.put("a", b"again").version == 2
    assert kernel.vault.get("a") == b"again"
    assert kernel.vault.delete("b")


def test_swapped_files_are_refused(kernel, places):
    """Hazard S4: each is whole, and in the wrong place."""
    kernel.vault.put_many({"a": b"1", "b": b"2"})
    first, second = files(places)
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    for key in "ab":
        refused(kernel, key)
    first.write_bytes(one)
    second.write_bytes(two)
    assert (kernel.vault.get("a"), kernel.vault.get("b")) == (b"1", b"2")


def test_the_largest_value_and_one_byte_more(windows, places):
    """Hazard D7: a value over the store's maximum is refused, and the old one stays."""
    places.config_dir.mkdir(mode=0o700)
    most = 16 * 1024 * 1024  # of any vault
    (places.config_dir / "palyra.toml").write_text(f"[vault]\nmax_value_bytes = {most}\n")
    with places.create(**ON) as kernel:
        kernel.vault.put("large", bytes(most))
        with pytest.raises(InvalidInputError):
            kernel.vault.put("large", bytes(most + 1))
        assert kernel.vault.get("large") == bytes(most)


def test_an_envelope_over_the_maximum_of_the_store(windows, place):
    """Hazard D7: the guard refuses it before anything is written."""
    registry = PluginHost.load(place.folder, names=["dpapi"], builtins=()).registry
    with closing(open_backend(registry, "dpapi", place)) as backend:
        largest = backend.capabilities().max_blob_bytes
        with pytest.raises(InvalidInputError) as caught:
            backend.put({"0" * 32: bytes(largest + 1)}, Deadline.after(60))
        assert caught.value.code == "too_large"
        backend.put({"0" * 32: bytes(largest)}, Deadline.after(60))


def test_two_vaults_of_one_user(windows, tmp_path):
    """Hazard D9: object ids without a vault id, and two roots of one user overwrote each other. Also a file that is put
    into the other vault by hand says nothing there."""
    both = {name: Places(tmp_path / name) for name in ("one", "two")}
    for name, places in both.items():
        places.state_root.parent.mkdir()
        with places.create(**ON) as kernel:
            kernel.vault.put_many({f"key-{number}": f"{name} {number}".encode() for number in range(20)})
    (first, *_), (second, *_) = (files(places) for places in both.values())
    second.write_bytes(first.read_bytes())
    with both["one"].open(**ON) as one, both["two"].open(**ON) as two:
        assert one.verify() == []
        assert len({finding.subject for finding in two.verify()}) == 1
        right = [number for number in range(20) if one.vault.get(f"key-{number}") == b"one %d" % number]
        assert len(right) == 20


def test_the_slot_opens_the_vault_and_another_user_does_not(windows, places):
    """The key file is gone: only this user of this Windows opens the vault, and a copied disk does not."""
    with places.create(**BOTH, backend="file") as kernel:
        kernel.vault.put("a", VALUE)
        kernel.slots.add("dpapi", Unlock(), unlock=Unlock())
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    with places.open(**BOTH) as kernel:
        assert kernel.vault.get("a") == VALUE
    windows.log_in("mallory")
    with pytest.raises(UnavailableError) as caught:
        places.open(**BOTH)
    assert caught.value.exit_code == 6
    windows.log_in("alice")
    with places.open(**BOTH) as kernel:
        assert kernel.vault.get("a") == VALUE


def test_a_vault_moves_there_and_back(windows, places):
    with places.create(**BOTH, backend="file") as kernel:
        kernel.vault.put_many({f"key-{number}": b"%d" % number for number in range(20)})
        assert kernel.migrate("windows_dpapi").copied == 20
        assert len(files(places)) == 20
        assert kernel.vault.get("key-7") == b"7"
        assert kernel.migrate("file").removed == 20
        assert files(places) == []
        assert kernel.verify() == []


def test_a_new_vault_takes_the_stronger_one_and_its_slot(windows, places):
    """Hazard U14: the store of the system was never chosen, or chosen where it does not work."""
    with places.create(**BOTH) as kernel:
        assert kernel.status().backend == "dpapi"
        assert {slot.kind for slot in kernel.slots.list()} == {"file", "dpapi"}


def test_where_it_does_not_work_it_is_passed_over(places, windows):
    """Hazard U14, the other way round: the reason is kept, and the vault has another backend."""
    windows.failing = 0x8009000B
    with places.create(**BOTH) as kernel:
        assert kernel.status().backend == "file"
        assert [slot.kind for slot in kernel.slots.list()] == ["file"]
        assert "NTE_BAD_KEY_STATE" in str(kernel.status().passed_over)
