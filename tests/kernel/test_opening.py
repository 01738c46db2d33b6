"""Opening and making a vault: interrupted anywhere, with anything missing, twice at once."""

import os
import shutil
from pathlib import Path

import pytest

from palyra_kernel import Kernel, NewSlot, SensitiveBytes, Unlock
from palyra_kernel.config import find_places
from palyra_kernel.durable.folders import exists
from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from palyra_kernel.kernel import making, opening
from palyra_kernel.records import Records
from palyra_kernel.records.heads import HeadFile


def tree(base):
    return sorted(str(path.relative_to(base)) for path in base.rglob("*"))


def test_opening_what_is_not_there_writes_nothing(places, tmp_path):
    """Hazard D18: a command that only read made a key and a certificate on a machine that had no vault."""
    with pytest.raises(NotFoundError) as caught:
        places.open()
    assert caught.value.code == "vault_missing"
    assert tree(tmp_path) == []
    places.state_root.mkdir(0o700)
    places.config_dir.mkdir(0o700)
    with pytest.raises(NotFoundError):
        places.open()
    assert tree(tmp_path) == ["config", "state"]


def test_everything_is_born_private(places, tmp_path):
    """Hazard S11: files were born with the mode of the umask, and narrowed later."""
    old = os.umask(0)
    try:
        with places.create() as kernel:
            kernel.vault.put("a", b"1")
            for path in tmp_path.rglob("*"):
                assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    finally:
        os.umask(old)


def test_a_throwaway_root_leaves_nothing_behind(tmp_path, places):
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    assert {path.name for path in tmp_path.iterdir()} == {"state", "config"}


def test_a_copied_state_root_alone_opens_nothing(places, tmp_path):
    """Hazard S1: keys beside the data, in one backup: whoever has the archive has every secret."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    shutil.rmtree(places.config_dir)
    places.config_dir.mkdir(0o700)
    with pytest.raises(UnavailableError) as caught:
        places.open()
    assert caught.value.code == "no_slot_opens"
    assert "key file" in caught.value.message


@pytest.mark.parametrize("lost", ["keyring.json", "kernel.db", "backend.kind", "objects/objects.db", "heads"])
def test_a_lost_file_is_an_error_and_never_a_new_vault(places, lost):
    """'Not there, so make an empty one' erased what a second opener or a slow disk had not shown yet."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    path = next((places.config_dir / "heads").iterdir()) if lost == "heads" else places.state_root / lost
    kept = path.read_bytes()
    path.unlink()
    for create in (False, True):
        with pytest.raises(IntegrityError), places.open(create=create) as kernel:
            kernel.vault.get("a")
    path.unlink(missing_ok=True)
    path.write_bytes(kept)
    path.chmod(0o600)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"


STEPS = [
    (HeadFile, "create"),
    (making, "write_keyring"),
    (making, "write_backend_kind"),
    (Records, "commit"),
    (HeadFile, "write"),
]


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("where", STEPS, ids=lambda where: f"{where[0].__name__}.{where[1]}")
def test_a_creation_that_died_anywhere_is_finished_or_begun_again(places, monkeypatch, where, after):
    owner, name = where
    original = getattr(owner, name)

    def dying(*args, **kwargs):
        if after:
            original(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        patch.setattr(making, "forget_slot", lambda *args: None)  # a killed process cleans nothing up
        with pytest.raises(Killed):
            places.create()
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        assert kernel.verify() == []
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"


def test_an_error_during_creation_takes_the_key_file_back(places, monkeypatch):
    def full(*args):
        raise UnavailableError("disk_full", "full")

    with monkeypatch.context() as patch:
        patch.setattr(making, "write_keyring", full)
        with pytest.raises(UnavailableError):
            places.create()
    assert list((places.config_dir / "keys").iterdir()) == []


def test_the_backend_is_pinned(places):
    """Hazard U7: a wanted backend was dropped in silence once another was pinned, and not everywhere alike."""
    with places.create():
        pass
    with pytest.raises(ConflictError) as caught:
        places.open(backend="dpapi")
    assert caught.value.code == "backend_mismatch"
    with places.open(backend="encrypted_file") as kernel:  # an alias of the same store
        assert kernel.backend_kind == "file"


def test_no_backend_and_no_fallback(places):
    with pytest.raises(UnavailableError) as caught:
        places.create(plugins=[])
    assert caught.value.code == "no_backend"
    assert not (places.state_root / "keyring.json").exists()
    with places.create():
        pass
    with pytest.raises(UnavailableError) as missing:
        places.open(plugins=[])
    assert missing.value.code == "backend_missing"


def test_a_readable_marker_that_lies_is_found(places):
    with places.create():
        pass
    (places.state_root / "backend.kind").write_text("keychain\n")
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "backend_kind_changed"


def test_passphrase_vaults_ask_for_the_passphrase(places):
    good = Unlock(passphrase=SensitiveBytes(b"correct horse"))
    params = {"memory_kib": 8192, "iterations": 1, "lanes": 1}
    with places.create(slots=[NewSlot("passphrase", good, params)], unlock=good) as kernel:
        kernel.vault.put("a", b"1")
    assert list((places.config_dir / "keys").iterdir()) == []
    with pytest.raises(UnavailableError):
        places.open()
    with pytest.raises(IntegrityError) as wrong:
        places.open(unlock=Unlock(passphrase=SensitiveBytes(b"wrong")))
    assert wrong.value.code == "wrong_key"
    with places.open(unlock=good) as kernel:
        assert kernel.vault.get("a") == b"1"


def test_no_slots_no_vault(places):
    with pytest.raises(InvalidInputError):
        places.create(slots=[])


def test_a_state_root_that_is_a_link_or_open_to_others_is_refused(places, tmp_path):
    with places.create():
        pass
    places.state_root.chmod(0o755)
    with pytest.raises(DeniedError):
        places.open()
    assert places.state_root.stat().st_mode & 0o777 == 0o755
    places.state_root.chmod(0o700)
    moved = tmp_path / "moved"
    places.state_root.rename(moved)
    places.state_root.symlink_to(moved)
    with pytest.raises(DeniedError):
        places.open()


def test_configuration_is_strict(places):
    with places.create():
        pass
    config = places.config_dir / "palyra.toml"
    for text in ("[vault]\nmax_value_byte = 1\n", "[vualt]\n", "nonsense", "[vault]\nversions_kept = 0\n"):
        config.write_text(text)
        config.chmod(0o600)
        with pytest.raises(InvalidInputError) as caught:
            places.open()
        assert caught.value.code == "invalid_config"
    config.write_text("[vault]\nmax_value_bytes = 10\nversions_kept = 2\n")
    with places.open() as kernel, pytest.raises(InvalidInputError):
        kernel.vault.put("a", b"x" * 11)


def test_closed_is_closed(places):
    kernel = places.create()
    kernel.vault.put("a", b"1")
    kernel.close()
    kernel.close()
    with pytest.raises(UnavailableError):
        kernel.vault.get("a")


def test_defaults_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(tmp_path / "s"))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(tmp_path / "c"))
    with Kernel.open(plugins=["file"], create=True) as kernel:
        assert kernel.places.state_root == Path(tmp_path / "s")


def test_a_vault_that_is_made_between_two_looks_is_no_damaged_one(places, monkeypatch):
    """Hazard D1: of sixteen first openers one saw the records of a vault whose keyring it had not seen yet."""
    looks = []

    def late(path):
        looks.append(path.name)
        if len(looks) == 2:
            places.create().close()
        return exists(path)

    places.state_root.mkdir(mode=0o700, parents=True)
    config = find_places(places.state_root, places.config_dir)
    with monkeypatch.context() as patch:
        patch.setattr(making, "exists", late)
        assert making.vault_exists(config)
    assert set(looks[:2]) == {"kernel.db", "keyring.json"}


def test_records_that_are_made_between_two_looks_are_not_missing(places, monkeypatch):
    """Hazard D1: of four first openers one read a head that was newer than its look for the records."""
    places.create().close()
    looks = []

    def early(path):
        looks.append(path)
        return exists(path) if len(looks) > 1 else False

    monkeypatch.setattr(opening, "exists", early)
    with places.open() as kernel:
        kernel.vault.put("a", b"1")
    assert looks[0].name == "kernel.db"
