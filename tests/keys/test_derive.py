"""Keys from the root: one label a purpose, and the same ones in every later version."""

import hashlib
import hmac
import itertools

import pytest

from palyra_kernel.keys.derive import DerivedKeys, derive
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.keys.slots import VAULT_ID, root

LABELS = ("record", "blinding", "set hash", "head", "keyring", "token")
GOLDEN = {
    ("record", 1): "80a4bb5deaf698124829a947833345dd3e28818b6a32c772187276c5e7f765f1",
    ("record", 2): "5d3a2920566e83a921e67cf318a918bf61959603fc3b150cdd7ae4826d03ab64",
    ("blinding", 1): "6a3c179c0a99931fff5d89394c59a77daa5886d6cd3fb381cb39ee6fc3644521",
    ("set hash", 1): "876b7159abd4728a23330c56adb8642fa82616fedda2573c2b83a1fa66189a0e",
    ("head", 1): "4cdf4bb2be70224d5b46358d975da58ef9c208a81542e2450b4622b2b68008ec",
    ("keyring", 1): "919d9f401a8cccfae356f7a8b53ccb1dfe8fb388359b333b369008a7c72aa106",
}


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block, written down again."""
    extracted = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()


@pytest.mark.parametrize(("label", "epoch"), GOLDEN)
def test_the_keys_of_the_first_version(label, epoch):
    assert derive(root(), VAULT_ID, label, epoch).hex() == GOLDEN[label, epoch]


@pytest.mark.parametrize("label", LABELS)
def test_it_is_hkdf_with_framed_info(label):
    info = b"".join(
        len(part).to_bytes(4, "big") + part for part in (b"palyra v1", label.encode(), (7).to_bytes(8, "big"))
    )
    assert derive(root(), VAULT_ID, label, 7) == hkdf(root().reveal(), VAULT_ID.encode(), info)


def test_every_label_vault_epoch_and_root_gives_another_key():
    """One key for two purposes lets what was meant for one be replayed as the other."""
    roots = [root(), SensitiveBytes(bytes(32))]
    vaults = [VAULT_ID, "f" * 32]
    keys = {
        bytes(derive(key, vault, label, epoch))
        for key, vault, label, epoch in itertools.product(roots, vaults, LABELS, (1, 2, 256))
    }
    assert len(keys) == 2 * 2 * len(LABELS) * 3


def test_the_macs_are_apart():
    keys = DerivedKeys(root(), VAULT_ID, 1)
    other_vault = DerivedKeys(root(), "f" * 32, 1)
    later = DerivedKeys(root(), VAULT_ID, 2)
    macs = [
        mac
        for one in (keys, other_vault, later)
        for mac in (
            one.blind("x"),
            one.head_mac(b"x"),
            one.keyring_mac(b"x"),
            one.token_mac(b"x"),
            one.set_element(b"x").to_bytes(32, "big"),
        )
    ]
    assert len(set(macs)) == 15
    assert keys.blind("x") == keys.blind("x")


def test_a_blinded_name_has_borders():
    """Names joined by a separator met as one elsewhere."""
    keys = DerivedKeys(root(), VAULT_ID, 1)
    assert len({keys.blind("ab", "c"), keys.blind("a", "bc"), keys.blind("abc"), keys.blind("abc", "")}) == 4


def test_no_raw_key_stays(monkeypatch):
    """Derived keys live inside cipher and MAC objects; the buffers they were derived into hold zeros."""
    from palyra_kernel.keys import derive as module

    buffers = []
    plain = module.derive

    def spy(*args):
        buffers.append(plain(*args))
        return buffers[-1]

    monkeypatch.setattr(module, "derive", spy)
    key = root()
    DerivedKeys(key, VAULT_ID, 1)
    assert len(buffers) == len(LABELS)
    assert all(buffer == bytes(32) for buffer in buffers)
    assert key == root()
