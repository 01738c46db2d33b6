"""A keyring that somebody without a key wrote into the state root: it lets nobody's key file go."""

import pytest
from msgspec.structs import replace

from palyra_kernel.errors import UnavailableError
from palyra_kernel.kernel import root_change
from palyra_kernel.keys.slots import KEYRING_FILE, NEXT_KEYRING_FILE, read_keyring, write_keyring
from tests.support import Places


@pytest.fixture
def neighbour(places, tmp_path):
    """Another vault, whose keys lie in the same folder."""
    other = Places(tmp_path / "neighbour")
    other.state_root.parent.mkdir(mode=0o700)
    other.config_dir = places.config_dir
    with other.create() as kernel:
        kernel.vault.put("precious", b"1")
    return other


def key_files(places):
    return {path.name: path.read_bytes() for path in (places.config_dir / "keys").iterdir()}


def forge(places, document):
    """What whoever writes the state root can do: any keyring where the old one lay, the true one as the next."""
    ring, following = places.state_root / KEYRING_FILE, places.state_root / NEXT_KEYRING_FILE
    if not following.exists():
        following.write_bytes(ring.read_bytes())
        following.chmod(0o600)
    write_keyring(ring, document)


@pytest.mark.parametrize("borrowed", [False, True], ids=["own slots", "slots of another vault"])
def test_no_key_file_goes_because_of_a_forged_keyring(places, neighbour, borrowed):
    """Hazard S3: to whoever opened the vault next it looked like a change of the root key that had been interrupted;
    so the key file of the present slots was deleted, or the one of another vault."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        kernel.rekey_root()
    before = key_files(places)
    victim = neighbour if borrowed else places
    forge(places, replace(read_keyring(victim.state_root / KEYRING_FILE), epoch=1))
    places.open().close()
    assert key_files(places) == before
    for vault, name in ((places, "a"), (neighbour, "precious")):
        with vault.open() as kernel:
            assert kernel.vault.get(name) == b"1"
            assert kernel.verify() == []


@pytest.mark.parametrize("forged", [False, True], ids=["the old one", "a forged one"])
def test_after_an_interrupted_change_only_the_old_keyring_lets_go(places, neighbour, monkeypatch, forged):
    """Hazard S3: the moment at which slots are forgotten indeed is the one to bring a keyring with slots in use."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        vault_id = read_keyring(places.state_root / KEYRING_FILE).vault_id
        old = {name for name in key_files(places) if name.startswith(vault_id)}
        assert old
        with monkeypatch.context() as patch:

            def dying(*_arguments):
                raise UnavailableError("disk_full", "the disk is full")

            patch.setattr(root_change, "finish", dying)
            with pytest.raises(UnavailableError):
                kernel.rekey_root()
    if forged:
        forge(places, read_keyring(neighbour.state_root / KEYRING_FILE))
    before = key_files(places)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"
    gone = before.keys() - key_files(places).keys()
    assert gone == (set() if forged else old)
    with neighbour.open() as kernel:
        assert kernel.vault.get("precious") == b"1"
